// Running reductions along one dimension. `x` has any strides (NULL: contiguous); `result` and
// `indices` are contiguous and have the shape of x. A rank of 0 is one element, whatever `dim`.
#ifndef KB_SCAN_H
#define KB_SCAN_H

#include "kb_types.h"

typedef enum kb_scan_operation {
  KB_SCAN_SUM,       // any dtypes; elements are converted to `out` first; integers wrap
  KB_SCAN_PROD,      // likewise
  KB_SCAN_MAX,       // real, out == in; with indices: the last among equals; NaN once met stays
  KB_SCAN_MIN,       // likewise
  KB_SCAN_LOGSUMEXP, // floating, out == in
} kb_scan_operation;

// `reverse` runs from the last element to the first. `indices` is for max and min and may be NULL.
// float16 and bfloat16 carry a float and round each result once; float32 sums carry a double.
void kb_scan(kb_scan_operation op, kb_dtype in, kb_dtype out, size_t rank, const intptr_t *dims,
             size_t dim, bool reverse, const void *x, const intptr_t *strides, void *result,
             int64_t *indices);

#endif
