// Softmax along one dimension of floating arrays. Inputs have any strides (NULL: contiguous),
// results are contiguous. Half types compute in float and round once. A rank of 0 is one element.
#ifndef KB_SOFTMAX_H
#define KB_SOFTMAX_H

#include "kb_types.h"

// exp(x − max) / Σ exp(x − max), or its logarithm. A row of only -inf gives NaN.
void kb_softmax(bool logarithm, kb_dtype dtype, size_t rank, const intptr_t *dims, size_t dim,
                const void *x, const intptr_t *strides, void *y);

// dx = y (dy − Σ dy y); of the logarithm: dx = dy − exp(y) Σ dy, where y is the forward result.
void kb_softmax_backward(bool logarithm, kb_dtype dtype, size_t rank, const intptr_t *dims,
                         size_t dim, const void *dy, const intptr_t *dy_strides, const void *y,
                         const intptr_t *y_strides, void *dx);

#endif
