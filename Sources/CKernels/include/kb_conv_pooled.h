// A convolution, its ReLU and the largest element of each 2 × 2 window of the result, without the result
// between them. Two spatial dimensions, float32 or float64; layouts as in kb_conv.h.
//
// The pooled plane has half the rows and columns of the convolution's, rounded down. `which` [batch,
// out_channels, height / 2, width / 2] says which element of its window an output is: 0 … 3 in scan
// order, or 4 where ReLU made it zero. Same bits for any number of threads.
#ifndef KB_CONV_POOLED_H
#define KB_CONV_POOLED_H

#include "kb_conv.h"

// y = the largest of each window of ReLU(x ⋆ w + bias); bias [out_channels] or NULL. Of equal elements
// the first counts; NaN is larger than all.
void kb_conv_pooled_forward(kb_dtype dtype, const kb_convolution *conv, const void *x,
                            const void *w, const void *bias, void *y, uint8_t *which);

// The gradients with respect to x, w and bias; NULL for those that are not wanted.
void kb_conv_pooled_gradient(kb_dtype dtype, const kb_convolution *conv, const void *x,
                             const void *w, const void *dy, const uint8_t *which, void *dx,
                             void *dw, void *dbias);

#endif
