// The input gradient of convolutions of few input channels: a matrix product gives what each tap adds to
// each input, and rows of that are added up.
#ifndef KB_CONV_COLUMNS_H
#define KB_CONV_COLUMNS_H

#include "kb_conv.h"

// Whether it is faster than gathering patches of dy for so few results.
bool kb_columns_serves(kb_dtype dtype, const kb_convolution *conv);
void kb_columns_run(const kb_convolution *conv, const float *dy, const float *w, const float *bias,
                    float *dx);

#endif
