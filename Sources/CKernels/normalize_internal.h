// What the normalisation files share.
#ifndef KB_NORMALIZE_INTERNAL_H
#define KB_NORMALIZE_INTERNAL_H

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
  void *copy = kb_alloc(n * kb_compute_size(type));
  return kb_line(dtype, type, x, n, copy);
}

static inline void kb_release_parameters(kb_dtype dtype, kb_compute type, size_t n, const void *x) {
  if (x && !kb_is_native(dtype, type)) kb_free((void *)(uintptr_t)x, n * kb_compute_size(type));
}

// y[i] = Σ over blocks of x[block * stride + i], rounded to `dtype`; y may be NULL.
static inline void kb_sum_blocks(kb_dtype dtype, size_t blocks, size_t stride, size_t n,
                                 const double *x, void *y) {
  if (!y) return;
  const kb_storer store = kb_find_storer(KB_COMPUTE_DOUBLE, dtype);
  for (size_t i = 0; i < n; i++) {
    double sum = 0;
    for (size_t block = 0; block < blocks; block++) sum += x[block * stride + i];
    store(1, &sum, (char *)y + i * kb_dtype_size(dtype));
  }
}

#endif
