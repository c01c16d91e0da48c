// How scattered elements meet: y[at] op= v for one element type, T in memory.
#ifndef KB_INDEX_COMBINE_H
#define KB_INDEX_COMBINE_H

#include "half.h"
#include "index_internal.h"

typedef struct kb_complex64 { float re, im; } kb_complex64;
typedef struct kb_complex128 { double re, im; } kb_complex128;

// Where elements with an index of their own meet.
typedef struct kb_each {
  int64_t length; // an index is below it
  intptr_t y_along, y_stride, index_stride, x_stride;
} kb_each;

// Half sources meet float destinations (see kb_combine_dtype); all others have the dtype of the
// destination. MEAN adds.
typedef struct kb_combiner {
  // y[i * y_stride] op= x[i * x_stride] for i < n, one after the other.
  void (*group)(size_t n, const void *x, intptr_t x_stride, void *y, intptr_t y_stride);
  // y[index[i * index_stride] * y_along + i * y_stride] op= x[i * x_stride] for i < n, one after the
  // other, up to an index out of range: gives how many were done.
  size_t (*each)(const kb_each *each, size_t n, const int64_t *index, const void *x, void *y);
} kb_combiner;
kb_combiner kb_find_combiner(kb_scatter_reduction op, kb_dtype dtype);

// y[i] += x[i] with a destination of the source's dtype, rounded at each step.
kb_combiner kb_find_adder(kb_dtype dtype);

// What the destination is computed in: float32 for half types, so that long sums keep their digits.
static inline kb_dtype kb_combine_dtype(kb_dtype dtype) {
  return dtype == KB_FLOAT16 || dtype == KB_BFLOAT16 ? KB_FLOAT32 : dtype;
}

// The element that leaves others as they are, in the destination's dtype, 16 bytes at most.
void kb_combine_identity(kb_scatter_reduction op, kb_dtype dtype, void *element);

// y[i] /= counts[i] where counts[i] > 1; the destination's dtype.
void kb_divide_by_counts(kb_dtype dtype, size_t n, const uint32_t *counts, void *y);

#endif
