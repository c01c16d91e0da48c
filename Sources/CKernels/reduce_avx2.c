// Reduction kernels for AVX2 with FMA.
#if defined(__x86_64__)
#include <immintrin.h>
#include <math.h>
#include <string.h>

#include "reduce_internal.h"

#include "vectors_avx2.inc"

#define SET kb_reduce_avx2
#include "reduce_set.inc"

#if defined(__clang__)
#pragma clang attribute pop
#endif
#endif
