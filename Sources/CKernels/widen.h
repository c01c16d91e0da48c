// Float copies of half arrays, for kernels that compute half types in float as a whole.
#ifndef KB_WIDEN_H
#define KB_WIDEN_H

#include "kb_alloc.h"
#include "kb_copy.h"

static inline bool kb_dtype_is_half(kb_dtype dtype) {
  return dtype == KB_FLOAT16 || dtype == KB_BFLOAT16;
}

// NULL stays NULL.
static inline float *kb_widen(kb_dtype dtype, size_t count, const void *x) {
  if (!x) return NULL;
  float *copy = (float *)kb_scratch(count * sizeof(float));
  intptr_t dims[1] = {(intptr_t)count};
  kb_cast(dtype, KB_FLOAT32, 1, dims, x, NULL, copy);
  return copy;
}

static inline void kb_release_wide(float *copy, size_t count) {
  if (copy) kb_scratch_free(copy, count * sizeof(float));
}

// Rounds the copy into `y` and frees it.
static inline void kb_narrow(kb_dtype dtype, size_t count, float *copy, void *y) {
  intptr_t dims[1] = {(intptr_t)count};
  kb_cast(KB_FLOAT32, dtype, 1, dims, copy, NULL, y);
  kb_release_wide(copy, count);
}

#endif
