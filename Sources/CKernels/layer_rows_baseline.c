// Kernels of the fused layers for SSE2, NEON, or any processor.
#include <math.h>
#include <string.h>

#include "layer_rows.h"

#pragma STDC FP_CONTRACT OFF
// Vectors wider than a register never cross a real call: everything that takes one is inlined.
#pragma GCC diagnostic ignored "-Wpsabi"

#if defined(__aarch64__)
#define KB_HAS_FMA 1
#define KB_HAS_ROUND 1
#else
#define KB_HAS_FMA 0
#define KB_HAS_ROUND 0
#endif

#define W 4
typedef float V __attribute__((vector_size(16)));
typedef int32_t VI __attribute__((vector_size(16)));
typedef double D __attribute__((vector_size(32)));
typedef int64_t DI __attribute__((vector_size(32)));
typedef uint64_t DU __attribute__((vector_size(32)));

#define SET kb_layer_baseline
#include "layer_rows_float.inc"
