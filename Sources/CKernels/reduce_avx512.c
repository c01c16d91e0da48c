// Reduction kernels for AVX-512 F, BW, VL, DQ.
#if defined(__x86_64__)
#include <immintrin.h>
#include <math.h>
#include <string.h>

#include "reduce_internal.h"

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

#define SET kb_reduce_avx512
#include "reduce_set.inc"

#if defined(__clang__)
#pragma clang attribute pop
#endif
#endif
