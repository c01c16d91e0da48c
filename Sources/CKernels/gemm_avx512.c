#include "gemm.h"

#pragma STDC FP_CONTRACT OFF

#if defined(__x86_64__)
#include <immintrin.h>

#pragma clang attribute push(                                                                      \
    __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx2,fma"))),         \
    apply_to = function)

#define VECTOR_BYTES 64
#define ISA(x) kb_gemm_avx512_##x
// 14 × 2 sums, two vectors of b and one of a: 31 of the 32 registers.
#define FLOAT_ROWS 14
#define INTEGER_ROWS 8
#define DOT_ROWS 4
#define FLOAT_FMA(x, y, z) __builtin_elementwise_fma(x, y, z)
#define FLOAT_MASKED 1
#define FIRST(count) ((1u << (count)) - 1)
#define LOAD_MASKED_32(p, count) _mm512_maskz_loadu_ps((__mmask16)FIRST(count), p)
#define STORE_MASKED_32(p, count, v) _mm512_mask_storeu_ps(p, (__mmask16)FIRST(count), v)
#define LOAD_MASKED_64(p, count) _mm512_maskz_loadu_pd((__mmask8)FIRST(count), p)
#define STORE_MASKED_64(p, count, v) _mm512_mask_storeu_pd(p, (__mmask8)FIRST(count), v)
#include "gemm_types.inc"

#pragma clang attribute pop
#endif
