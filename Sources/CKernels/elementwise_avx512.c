// Elementwise kernels for AVX-512 F, BW, VL, DQ.
#if defined(__x86_64__)
#include <immintrin.h>
#include <math.h>
#include <string.h>

#include "elementwise.h"
#include "half.h"
#include "registers.h"

#include "vectors_avx512.inc"
typedef float V_unaligned __attribute__((vector_size(64), aligned(4), may_alias));
typedef uint8_t VB __attribute__((vector_size(16)));

static inline __attribute__((always_inline)) void store_flags_tail(uint8_t *p, size_t n, VI mask) {
  const VB bytes = __builtin_convertvector(mask, VB) & 1;
  _mm_mask_storeu_epi8(p, (__mmask16)((1u << n) - 1), (__m128i)bytes);
}

#define FROM_FLOAT16(p) (V) _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)(p)))
#define TO_FLOAT16(p, x) _mm256_storeu_si256((__m256i *)(p), _mm512_cvtps_ph((__m512)(x), 0))

#define SET kb_kernels_avx512
#include "elementwise_set.inc"

#if defined(__clang__)
#pragma clang attribute pop
#endif
#endif
