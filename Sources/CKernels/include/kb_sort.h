// Sorting and selection along one dimension of real arrays of any strides (NULL: contiguous);
// results are contiguous. NaN is larger than everything, -0 equals 0. A rank of 0 is one element.
#ifndef KB_SORT_H
#define KB_SORT_H

#include "kb_types.h"

// Stable in both directions: equal elements stay in order. `values` or `indices` may be NULL.
void kb_sort(kb_dtype dtype, size_t rank, const intptr_t *dims, size_t dim, bool descending,
             const void *x, const intptr_t *strides, void *values, int64_t *indices);

// The k largest (smallest) of each line, k ≤ dims[dim]; results have k in place of dims[dim].
// `sorted`: best first, the lower index first among equals; otherwise in order of position.
void kb_topk(kb_dtype dtype, size_t rank, const intptr_t *dims, size_t dim, size_t k, bool largest,
             bool sorted, const void *x, const intptr_t *strides, void *values, int64_t *indices);

// The k-th smallest, k from 1 to dims[dim]; results lack `dim`. The first index that holds the
// value.
void kb_kth_value(kb_dtype dtype, size_t rank, const intptr_t *dims, size_t dim, size_t k,
                  const void *x, const intptr_t *strides, void *values, int64_t *indices);

// The lower median. A NaN in the line wins, or is left out when `ignore_nan` (all NaN: NaN). The
// line must not be empty. `indices` may be NULL.
void kb_median(kb_dtype dtype, size_t rank, const intptr_t *dims, size_t dim, bool ignore_nan,
               const void *x, const intptr_t *strides, void *values, int64_t *indices);

// For each of `count` values the position at which it keeps a sorted line in order: the first one,
// or the one after equal elements when `right`. Contiguous: sorted [lines, length], or one line for
// all when `shared`; values and positions [lines, count].
void kb_search_sorted(kb_dtype dtype, size_t lines, size_t length, const void *sorted, bool shared,
                      size_t count, const void *values, bool right, int64_t *positions);

// How many elements are not zero (NaN is not), and their coordinates as [count, rank] in row-major
// order. Complex allowed.
size_t kb_count_nonzero(kb_dtype dtype, size_t rank, const intptr_t *dims, const void *x,
                        const intptr_t *strides);
void kb_nonzero(kb_dtype dtype, size_t rank, const intptr_t *dims, const void *x,
                const intptr_t *strides, size_t count, int64_t *coordinates);

#endif
