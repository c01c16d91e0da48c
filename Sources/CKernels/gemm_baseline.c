#include "gemm.h"

#pragma STDC FP_CONTRACT OFF

#define VECTOR_BYTES 16
#define ISA(x) kb_gemm_baseline_##x
#if defined(__aarch64__)
// NEON has 32 registers and fused multiplication.
#define FLOAT_ROWS 8
#define INTEGER_ROWS 8
#define DOT_ROWS 4
#define FLOAT_FMA(x, y, z) __builtin_elementwise_fma(x, y, z)
#else
#define FLOAT_ROWS 4
#define INTEGER_ROWS 4
#define DOT_ROWS 2
#define FLOAT_FMA(x, y, z) ((x) * (y) + (z))
#endif
#define FLOAT_MASKED 0
#include "gemm_types.inc"
