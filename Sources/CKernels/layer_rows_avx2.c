// Kernels of the fused layers for AVX2 with FMA.
#if defined(__x86_64__)
#include <immintrin.h>
#include <math.h>
#include <string.h>

#include "layer_rows.h"

#include "vectors_avx2.inc"

#define SET kb_layer_avx2
#include "layer_rows_float.inc"

#if defined(__clang__)
#pragma clang attribute pop
#endif
#endif
