// Products of bfloat16 with the processor's own dot products: two products of neighbours along k are added
// to a float at once.
#ifndef KB_GEMM_BFLOAT16_H
#define KB_GEMM_BFLOAT16_H

#include "gemm.h"

// Whether this processor has them.
bool kb_gemm_bfloat16_serves(void);

// sums[m × n] = a · b (+ sums when `add`). Numbers below 2⁻¹²⁶ count as zero.
void kb_gemm_bfloat16(size_t m, size_t n, size_t k, kb_matrix a, kb_matrix b, float *sums, bool add);

#endif
