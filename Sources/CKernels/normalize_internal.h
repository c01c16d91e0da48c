// What the normalisation files share.
#ifndef KB_NORMALIZE_INTERNAL_H
#define KB_NORMALIZE_INTERNAL_H

#include <string.h>

#include "kb_alloc.h"
#include "reduce_internal.h"

// Element access for KB_COMPUTE_FLOAT and KB_COMPUTE_DOUBLE.
static inline double kb_get(kb_compute type, const void *x, size_t i) {
  return type == KB_COMPUTE_FLOAT ? (double)((const float *)x)[i] : ((const double *)x)[i];
}

static inline void kb_set(kb_compute type, void *x, size_t i, double value) {
  if (type == KB_COMPUTE_FLOAT)
    ((float *)x)[i] = (float)value;
  else
    ((double *)x)[i] = value;
}

// The elements in the compute type: in place, or in `buffer`.
static inline const void *kb_line(kb_dtype dtype, kb_compute type, const void *x, size_t n,
                                  void *buffer) {
  if (kb_is_native(dtype, type)) return x;
  kb_find_loader(dtype, type, KB_LOAD_VALUE)(n, x, 1, buffer);
  return buffer;
}

// The same in memory of its own (NULL stays NULL), given back by kb_release_parameters.
static inline const void *kb_widen_parameters(kb_dtype dtype, kb_compute type, size_t n,
                                              const void *x) {
  if (!x || kb_is_native(dtype, type)) return x;
  void *copy = kb_scratch(n * kb_compute_size(type));
  return kb_line(dtype, type, x, n, copy);
}

static inline void kb_release_parameters(kb_dtype dtype, kb_compute type, size_t n, const void *x) {
  if (x && !kb_is_native(dtype, type)) kb_scratch_free((void *)(uintptr_t)x, n * kb_compute_size(type));
}

// sums[i] += x[i], and x becomes 0.
static inline void kb_move_sums(kb_compute type, size_t n, void *x, double *sums) {
  if (type == KB_COMPUTE_FLOAT) {
    const float *single = x;
    for (size_t i = 0; i < n; i++) sums[i] += (double)single[i];
  } else {
    const double *real = x;
    for (size_t i = 0; i < n; i++) sums[i] += real[i];
  }
  memset(x, 0, n * kb_compute_size(type));
}

// Adds x[block * stride + i] of all blocks to that of the first, which `y` takes, rounded to `dtype`, unless
// NULL.
static inline void kb_sum_blocks(kb_dtype dtype, size_t blocks, size_t stride, size_t n, double *x,
                                 void *y) {
  for (size_t block = 1; block < blocks; block++) {
    const double *from = x + block * stride;
    for (size_t i = 0; i < n; i++) x[i] += from[i];
  }
  if (y) kb_find_storer(KB_COMPUTE_DOUBLE, dtype)(n, x, y);
}

#endif
