// Reduction kernels for AVX-512 F, BW, VL, DQ.
#if defined(__x86_64__)
#include <immintrin.h>
#include <math.h>
#include <string.h>

#include "reduce_internal.h"

#include "vectors_avx512.inc"

#define SET kb_reduce_avx512
#include "reduce_set.inc"

#if defined(__clang__)
#pragma clang attribute pop
#endif
#endif
