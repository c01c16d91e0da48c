// Elementwise kernels for AVX2 with FMA and F16C.
#if defined(__x86_64__)
#include <immintrin.h>
#include <math.h>
#include <string.h>

#include "elementwise.h"
#include "half.h"
#include "registers.h"

#include "vectors_avx2.inc"
typedef float V_unaligned __attribute__((vector_size(32), aligned(4), may_alias));
typedef uint8_t VB __attribute__((vector_size(8)));

static inline __attribute__((always_inline)) void store_flags_tail(uint8_t *p, size_t n, VI mask) {
  const VB bytes = __builtin_convertvector(mask, VB) & 1;
  for (size_t i = 0; i < n; i++) p[i] = bytes[i];
}

#define FROM_FLOAT16(p) (V) _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(p)))
#define TO_FLOAT16(p, x) _mm_storeu_si128((__m128i *)(p), _mm256_cvtps_ph((__m256)(x), 0))

#define SET kb_kernels_avx2
#include "elementwise_set.inc"

#if defined(__clang__)
#pragma clang attribute pop
#endif
#endif
