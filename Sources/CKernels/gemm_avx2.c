#include "gemm.h"

#pragma STDC FP_CONTRACT OFF

#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)

#define VECTOR_BYTES 32
#define ISA(x) kb_gemm_avx2_##x
// 6 × 2 sums, two vectors of b and one of a: 15 of the 16 registers.
#define FLOAT_ROWS 6
#define INTEGER_ROWS 4
#define DOT_ROWS 2
#define FLOAT_FMA(x, y, z) __builtin_elementwise_fma(x, y, z)
#define FLOAT_MASKED 0
#include "gemm_types.inc"

#pragma clang attribute pop
#endif
