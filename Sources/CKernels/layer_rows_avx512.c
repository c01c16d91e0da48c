// Kernels of the fused layers for AVX-512 F, BW, VL, DQ.
#if defined(__x86_64__)
#include <immintrin.h>
#include <math.h>
#include <string.h>

#include "layer_rows.h"

#include "vectors_avx512.inc"

#define LOAD_SOME(p, n) (V) _mm512_maskz_loadu_ps((__mmask16)((1u << (n)) - 1), p)
#define STORE_SOME(p, n, x) _mm512_mask_storeu_ps(p, (__mmask16)((1u << (n)) - 1), (__m512)(x))
#define SET kb_layer_avx512
#include "layer_rows_float.inc"

#if defined(__clang__)
#pragma clang attribute pop
#endif
#endif
