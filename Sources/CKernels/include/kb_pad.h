// Padding and cropping of any dimensions of a contiguous array.
#ifndef KB_PAD_H
#define KB_PAD_H

#include "kb_types.h"

enum {
  KB_PAD_CONSTANT = 0,
  KB_PAD_REFLECT = 1,   // d c b | a b c d | c b a: padding < dimension
  KB_PAD_REPLICATE = 2, // a a a | a b c d | d d d
  KB_PAD_CIRCULAR = 3,  // b c d | a b c d | a b c: padding ≤ dimension
};

// Elements of `size` bytes (1, 2, 4, 8, 16). The output has dims[i] + before[i] + after[i] ≥ 0 in
// each dimension; negative amounts crop. `value` points at the constant's element (other modes:
// unused).
void kb_pad(int mode, size_t size, size_t rank, const intptr_t *dims, const intptr_t *before,
            const intptr_t *after, const void *x, const void *value, void *out);

// Transpose of kb_pad with a zero constant: dx (`dims`) from dy (padded dims). Floating and complex
// dtypes; each element sums its copies in the order of dy, half types in float.
void kb_pad_gradient(int mode, kb_dtype dtype, size_t rank, const intptr_t *dims,
                     const intptr_t *before, const intptr_t *after, const void *dy, void *dx);

#endif
