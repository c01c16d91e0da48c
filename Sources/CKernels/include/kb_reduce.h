// Reductions over any set of dimensions of a strided array (strides in elements; NULL means
// contiguous; 0 repeats). `reduced[d]` says whether dimension d is reduced (NULL: all are); results
// are contiguous over the remaining dimensions in order, so keeping the dimension is a matter of
// the caller's shape.
//
// Floats are summed in blocks of fixed size: results are the same bits for any number of threads.
// float16 and bfloat16 accumulate in float and round once; float32 block sums are combined in
// double.
#ifndef KB_REDUCE_H
#define KB_REDUCE_H

#include "kb_types.h"

typedef enum kb_reduction {
  KB_REDUCE_SUM,           // any `in`, any `out` but bool; empty: 0; integers wrap
  KB_REDUCE_MEAN,          // `out` floating or complex; empty: NaN
  KB_REDUCE_PROD,          // as sum; empty: 1
  KB_REDUCE_MAX,           // real, out == in; NaN wins; not empty unless there are no results
  KB_REDUCE_MIN,           // likewise
  KB_REDUCE_ANY,           // out bool: some element is nonzero (NaN is); empty: false
  KB_REDUCE_ALL,           // out bool; empty: true
  KB_REDUCE_COUNT_NONZERO, // out int64
  KB_REDUCE_SUM_SQUARES,   // Σ|x|²; out real floating
  KB_REDUCE_SUM_ABS,       // Σ|x|; out real floating
  KB_REDUCE_LOGSUMEXP,     // real in, out floating; empty: -inf; exact with infinities
} kb_reduction;

// Each element is converted to `out` (or its accumulation type) before it takes part, as PyTorch's
// `dtype:` argument does.
void kb_reduce(kb_reduction op, kb_dtype in, kb_dtype out, size_t rank, const intptr_t *dims,
               const bool *reduced, const void *x, const intptr_t *strides, void *result);

// (Σ|x|^p)^(1/p); p = 0 counts nonzero elements, ±infinity is the largest / smallest |x|. `in`
// floating or complex, `out` real floating. Empty: 0 (infinity for p < 0).
void kb_norm(double p, kb_dtype in, kb_dtype out, size_t rank, const intptr_t *dims,
             const bool *reduced, const void *x, const intptr_t *strides, void *result);

// Σ|x|^p without the root.
void kb_power_sum(double p, kb_dtype in, kb_dtype out, size_t rank, const intptr_t *dims,
                  const bool *reduced, const void *x, const intptr_t *strides, void *result);

// Σ|x − mean|² / max(0, n − correction), its square root when `deviation`, and, unless NULL, the
// mean. `dtype` floating or complex; `variance` is real (float32 for complex64), `mean` is of
// `dtype`.
void kb_variance(kb_dtype dtype, size_t rank, const intptr_t *dims, const bool *reduced,
                 const void *x, const intptr_t *strides, double correction, bool deviation,
                 void *variance, void *mean);

// The position of the largest (smallest) element, counted in row-major order over the reduced
// dimensions, and, unless NULL, its value. The first among equals; the first NaN wins. Real dtypes;
// reduced dimensions must not be empty unless there are no results.
void kb_arg_reduce(bool largest, kb_dtype dtype, size_t rank, const intptr_t *dims,
                   const bool *reduced, const void *x, const intptr_t *strides, void *values,
                   int64_t *indices);

#endif
