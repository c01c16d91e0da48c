// Max pooling of float over 2 × 2 windows that do not overlap: the usual case, in vectors.
#ifndef KB_POOL_PAIRS_H
#define KB_POOL_PAIRS_H

#include <stdint.h>

// One output row from two input rows of at least 2 · columns elements.
typedef void (*kb_pool_pairs)(intptr_t columns, const float *upper, const float *lower, float *y);
// The transpose: the first 2 · columns elements of two rows of dx.
typedef void (*kb_pool_pairs_gradient)(intptr_t columns, const float *upper, const float *lower,
                                       const float *dy, float *dx_upper, float *dx_lower);

typedef struct kb_pool_pairs_kernels {
  kb_pool_pairs forward;
  kb_pool_pairs_gradient gradient;
} kb_pool_pairs_kernels;

const kb_pool_pairs_kernels *kb_pool_pairs_active(void);

#endif
