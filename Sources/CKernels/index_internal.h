// What the indexing files share.
#ifndef KB_INDEX_INTERNAL_H
#define KB_INDEX_INTERNAL_H

#include <string.h>

#include "include/kb_index.h"
#include "reduce_internal.h"

// The first index found outside of its dimension, by whatever task finds one.
typedef struct kb_index_fault {
  int64_t value;
  int found;
} kb_index_fault;

static inline void kb_report_index(kb_index_fault *fault, int64_t value) {
  int expected = 0;
  if (__atomic_compare_exchange_n(&fault->found, &expected, 1, false, __ATOMIC_RELAXED,
                                  __ATOMIC_RELAXED))
    fault->value = value;
}

static inline kb_status kb_index_status(const kb_index_fault *fault, int64_t *bad) {
  if (!fault->found) return KB_OK;
  if (bad) *bad = fault->value;
  return KB_INDEX_OUT_OF_RANGE;
}

static inline size_t kb_element_count(size_t rank, const intptr_t *dims) {
  size_t count = 1;
  for (size_t d = 0; d < rank; d++) count *= (size_t)dims[d];
  return count;
}

// Row-major strides, or a copy of given ones.
static inline void kb_full_strides(size_t rank, const intptr_t *dims, const intptr_t *given,
                                   intptr_t *strides) {
  intptr_t step = 1;
  for (size_t d = rank; d-- > 0;) {
    strides[d] = given ? given[d] : step;
    step *= dims[d];
  }
}

typedef struct kb_bytes16 {
  uint64_t words[2];
} kb_bytes16;

#define KB_SWITCH_SIZE(size, CASE)                                                                 \
  switch (size) {                                                                                  \
    case 1: CASE(uint8_t); break;                                                                  \
    case 2: CASE(uint16_t); break;                                                                 \
    case 4: CASE(uint32_t); break;                                                                 \
    case 8: CASE(uint64_t); break;                                                                 \
    default: CASE(kb_bytes16); break;                                                              \
  }

// Copies n elements of `size` bytes with a stride to contiguous memory.
static inline void kb_copy_line(size_t size, size_t n, const char *x, intptr_t stride, char *out) {
#define KB_REPEAT(T)                                                                               \
  for (size_t i = 0; i < n; i++) ((T *)out)[i] = *(const T *)x
#define KB_COLLECT(T)                                                                              \
  for (size_t i = 0; i < n; i++) ((T *)out)[i] = ((const T *)x)[(intptr_t)i * stride]
  if (stride == 1) memcpy(out, x, n * size);
  else if (stride == 0) KB_SWITCH_SIZE(size, KB_REPEAT)
  else KB_SWITCH_SIZE(size, KB_COLLECT)
#undef KB_REPEAT
#undef KB_COLLECT
}

#endif
