// Kernels of the fused layers for AVX2 with FMA.
#if defined(__x86_64__)
#include <math.h>
#include <string.h>

#include "layer_rows.h"

#pragma STDC FP_CONTRACT OFF
// Vectors wider than a register never cross a real call: everything that takes one is inlined.
#pragma GCC diagnostic ignored "-Wpsabi"
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), \
                             apply_to = function)
#endif

#define KB_HAS_FMA 1
#define KB_HAS_ROUND 1

#define W 8
typedef float V __attribute__((vector_size(32)));
typedef int32_t VI __attribute__((vector_size(32)));
typedef double D __attribute__((vector_size(64)));
typedef int64_t DI __attribute__((vector_size(64)));
typedef uint64_t DU __attribute__((vector_size(64)));

#define SET kb_layer_avx2
#include "layer_rows_float.inc"

#if defined(__clang__)
#pragma clang attribute pop
#endif
#endif
