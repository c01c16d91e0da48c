// The kernels of ReLU with max pooling for each instruction set.
#include "pool_rectified.h"

#include "isa.h"
#include "pool_vectors.h"

#pragma clang fp contract(off)
// Vectors wider than a register never cross a real call: everything that takes one is inlined.
#pragma GCC diagnostic ignored "-Wpsabi"

typedef float lanes __attribute__((vector_size(64), aligned(4), may_alias));
typedef int32_t lane_bits __attribute__((vector_size(64), aligned(4), may_alias));
typedef uint8_t lane_bytes __attribute__((vector_size(16), aligned(1), may_alias));

#define NAME(function) function##_baseline
#include "pool_rectified_body.inc"

#if defined(__x86_64__)
#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx2"))), apply_to = function)
#define NAME(function) function##_avx2
#include "pool_rectified_body.inc"
#pragma clang attribute pop

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vl,avx512dq"))),        \
                             apply_to = function)
#define NAME(function) function##_avx512
#define FIRST(count) ((__mmask16)((1u << (count)) - 1))
#define LOAD_FIRST(p, count) ((lanes)_mm512_maskz_loadu_ps(FIRST(count), p))
#define STORE_FIRST(p, v, count) _mm512_mask_storeu_ps(p, FIRST(count), (__m512)(v))
#define LOAD_BYTES(p, count)                                                                       \
  ((lane_bits)_mm512_cvtepu8_epi32(_mm_maskz_loadu_epi8(FIRST(count), p)))
#define STORE_BYTES(p, v, count)                                                                   \
  _mm_mask_storeu_epi8(p, FIRST(count), _mm512_cvtepi32_epi8((__m512i)(v)))
#define EVEN_LANES(a, b)                                                                           \
  __builtin_shufflevector(a, b, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30)
#define ODD_LANES(a, b)                                                                            \
  __builtin_shufflevector(a, b, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31)
#define LOW_LANES(a, b)                                                                            \
  __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)
#define HIGH_LANES(a, b)                                                                           \
  __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)
#include "pool_rectified_body.inc"
#pragma clang attribute pop
#endif

const kb_rectified_kernels *kb_rectified_active(void) {
  return KB_ACTIVE(kernels);
}
