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
// The upper halves of the words of x and of y, one shuffle for both.
typedef uint16_t upper_halves __attribute__((vector_size(64)));
#define STORE_UPPER_HALVES(p, x, y)                                                                \
  _mm512_storeu_si512(                                                                             \
      p, (__m512i)__builtin_shufflevector((upper_halves)(x), (upper_halves)(y), 1, 3, 5, 7, 9, 11, \
                                          13, 15, 17, 19, 21, 23, 25, 27, 29, 31, 33, 35, 37, 39,  \
                                          41, 43, 45, 47, 49, 51, 53, 55, 57, 59, 61, 63))

#define SET kb_kernels_avx512
#include "elementwise_set.inc"

#if defined(__clang__)
#pragma clang attribute pop
#endif
#endif
