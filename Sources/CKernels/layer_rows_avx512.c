// Kernels of the fused layers for AVX-512 F, BW, VL, DQ.
#if defined(__x86_64__)
#include <immintrin.h>
#include <math.h>
#include <string.h>

#include "layer_rows.h"

#pragma STDC FP_CONTRACT OFF
// Vectors wider than a register never cross a real call: everything that takes one is inlined.
#pragma GCC diagnostic ignored "-Wpsabi"
#if defined(__clang__)
#pragma clang attribute push(                                                                      \
    __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,fma,f16c"))), apply_to = function)
#endif

#define KB_HAS_FMA 1
#define KB_HAS_ROUND 1
#define TIMES_POWER(x, n) ((V)_mm512_scalef_ps((__m512)(x), (__m512)(n)))

#define W 16
typedef float V __attribute__((vector_size(64)));
typedef int32_t VI __attribute__((vector_size(64)));
typedef double D __attribute__((vector_size(128)));
typedef int64_t DI __attribute__((vector_size(128)));
typedef uint64_t DU __attribute__((vector_size(128)));

#define LOAD_SOME(p, n) (V) _mm512_maskz_loadu_ps((__mmask16)((1u << (n)) - 1), p)
#define STORE_SOME(p, n, x) _mm512_mask_storeu_ps(p, (__mmask16)((1u << (n)) - 1), (__m512)(x))
#define SET kb_layer_avx512
#include "layer_rows_float.inc"

#if defined(__clang__)
#pragma clang attribute pop
#endif
#endif
