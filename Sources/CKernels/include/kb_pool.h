// Pooling over 1, 2 or 3 spatial dimensions. x is [planes, input…], y is [planes, output…],
// contiguous; planes = batch × channels. Every dtype but bool and the complex ones; half types
// compute in float. Indices are int64, [planes, output…]: the flat position in the plane's input.
#ifndef KB_POOL_H
#define KB_POOL_H

#include "kb_types.h"
#include "kb_window.h"

// The largest element of each window; padding never wins. Of equal elements the first in scan order
// wins; NaN wins over all (of several the last, as in PyTorch). `indices` may be NULL.
// Windows may not start past the last element (the caller's ceil mode sees to that).
void kb_max_pool(kb_dtype dtype, const kb_window *window, size_t planes, const void *x, void *y,
                 int64_t *indices);

// The same, with the number of each largest element in its window in scan order, padding counted, in a byte:
// for windows of at most 255 elements. 255 stands for a window of padding alone.
void kb_max_pool_which(kb_dtype dtype, const kb_window *window, size_t planes, const void *x, void *y,
                       uint8_t *which);
// dx is the sum of the elements of dy whose place in their windows it is. Numbers beyond the window are of no
// place. Half types accumulate in float.
void kb_pool_spread(kb_dtype dtype, const kb_window *window, size_t planes, const void *dy,
                    const uint8_t *which, void *dx);
// Its transpose: y is the element of x that `which` says, 0 for numbers beyond the window.
void kb_pool_choose(kb_dtype dtype, const kb_window *window, size_t planes, const void *x,
                    const uint8_t *which, void *y);

// Transpose of selecting by `indices`: dx[plane, indices[plane, o]] += dy[plane, o], from zero, in
// the order of o. Serves max pooling and adaptive max pooling. Half types accumulate in float.
void kb_pool_scatter(kb_dtype dtype, size_t planes, size_t input_count, size_t output_count,
                     const int64_t *indices, const void *dy, void *dx);
// y[plane, o] = x[plane, indices[plane, o]]: the derivative of max pooling along x.
void kb_pool_gather(kb_dtype dtype, size_t planes, size_t input_count, size_t output_count,
                    const int64_t *indices, const void *x, void *y);
// max_unpool: out[plane, indices[plane, o]] = y[plane, o], zeros elsewhere; the last of equal
// indices stays. KB_INDEX_OUT_OF_RANGE when an index is not in 0 ..< input_count.
kb_status kb_pool_unpool(kb_dtype dtype, size_t planes, size_t input_count, size_t output_count,
                         const int64_t *indices, const void *y, void *out);

// Sum of each window divided by `divisor_override`, or if that is 0 by the size of the window
// clipped to input + padding (count_include_pad) or to the input. Integer division truncates.
// Dilation is 1.
void kb_average_pool(kb_dtype dtype, const kb_window *window, size_t planes, bool count_include_pad,
                     intptr_t divisor_override, const void *x, void *y);
// Transpose of kb_average_pool; floating dtypes.
void kb_average_pool_gradient(kb_dtype dtype, const kb_window *window, size_t planes,
                              bool count_include_pad, intptr_t divisor_override, const void *dy,
                              void *dx);

// Windows floor(o · input / output) ..< ceil((o + 1) · input / output) in each of three dimensions
// (unused leading ones are 1).
void kb_adaptive_average_pool(kb_dtype dtype, const intptr_t input[3], const intptr_t output[3],
                              size_t planes, const void *x, void *y);
void kb_adaptive_average_pool_gradient(kb_dtype dtype, const intptr_t input[3],
                                       const intptr_t output[3], size_t planes, const void *dy,
                                       void *dx);
void kb_adaptive_max_pool(kb_dtype dtype, const intptr_t input[3], const intptr_t output[3],
                          size_t planes, const void *x, void *y, int64_t *indices);

#endif
