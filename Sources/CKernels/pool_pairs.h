// Max pooling of float over 2 × 2 windows that do not overlap: the usual case, in vectors.
#ifndef KB_POOL_PAIRS_H
#define KB_POOL_PAIRS_H

#include <stdint.h>

// One output row from two input rows of at least 2 · columns elements and, unless NULL, which element of its
// window each output is.
typedef void (*kb_pool_pairs)(intptr_t columns, const float *upper, const float *lower, float *y,
                              uint8_t *which);

kb_pool_pairs kb_pool_pairs_active(void);

#endif
