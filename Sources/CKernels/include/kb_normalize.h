// Normalisation of contiguous arrays. `dtype` is floating and is that of x, y, weight, bias and all
// gradients; statistics (mean, rstd, variance) are of the accumulation type: float64 for float64,
// else float32. Sums over rows are cut into at most 32 fixed blocks: the same bits for any number
// of threads.
#ifndef KB_NORMALIZE_H
#define KB_NORMALIZE_H

#include "kb_types.h"

// How element (r, c) of [rows, columns] finds its weight and bias:
// weight[(r % rows_per_item) * (columns / inner) + c / inner].
// Both are at least 1. Layer norm: {1, 1}.
// Group norm of [N, C, S] as rows N·G, columns C/G·S: {G, S}.
typedef struct kb_affine {
  size_t rows_per_item, inner;
} kb_affine;

// y = (x − mean) · rstd · weight + bias, rstd = 1/√(variance + eps), biased variance, over each
// row. `rms`: mean is taken as 0 and the variance as the mean square (and `mean` is not touched).
// weight, bias, mean, rstd may be NULL.
void kb_normalize_rows(bool rms, kb_dtype dtype, size_t rows, size_t columns, kb_affine affine,
                       const void *x, const void *weight, const void *bias, double eps, void *y,
                       void *mean, void *rstd);

// Gradients of the above; any of dx, dweight, dbias (shape of weight) may be NULL. `mean` is not
// read when `rms`.
void kb_normalize_rows_backward(bool rms, kb_dtype dtype, size_t rows, size_t columns,
                                kb_affine affine, const void *dy, const void *x, const void *mean,
                                const void *rstd, const void *weight, void *dx, void *dweight,
                                void *dbias);

// By channel, over [batch, channels, inner]: mean and biased variance of each channel (NaN when
// empty).
void kb_channel_statistics(kb_dtype dtype, size_t batch, size_t channels, size_t inner,
                           const void *x, void *mean, void *variance);

// y = (x − mean[c]) · rstd[c] · weight[c] + bias[c]; weight and bias may be NULL.
void kb_channel_normalize(kb_dtype dtype, size_t batch, size_t channels, size_t inner,
                          const void *x, const void *mean, const void *rstd, const void *weight,
                          const void *bias, void *y);

// y = ReLU of the same, to which the shortcut, an array like x, is added before unless it is NULL. The steps
// between are not rounded to half types.
void kb_channel_rectify(kb_dtype dtype, size_t batch, size_t channels, size_t inner, const void *x,
                        const void *mean, const void *rstd, const void *weight, const void *bias,
                        const void *shortcut, void *y);

// `training`: mean and rstd are x's own, so dx includes their derivatives; otherwise they are
// constants. Any of dx, dweight, dbias may be NULL.
void kb_channel_normalize_backward(bool training, kb_dtype dtype, size_t batch, size_t channels,
                                   size_t inner, const void *dy, const void *x, const void *mean,
                                   const void *rstd, const void *weight, void *dx, void *dweight,
                                   void *dbias);

// The same of kb_channel_rectify without a shortcut: dy is that of its y, which is computed again.
void kb_channel_rectify_backward(bool training, kb_dtype dtype, size_t batch, size_t channels,
                                 size_t inner, const void *dy, const void *x, const void *mean,
                                 const void *rstd, const void *weight, const void *bias, void *dx,
                                 void *dweight, void *dbias);

#endif
