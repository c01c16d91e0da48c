// PyTorch computes float32 normals with the Cephes polynomials for log, sin and cos (avx_mathfun,
// the multiplications and additions fused). Written for one lane; every operation is exact or
// rounds once, so the result does not depend on how the compiler puts lanes together. Without an
// FMA instruction fmaf is a call with the same result.
#include "random_normal_block.h"
#include "half.h"
#include "random_internal.h"

#include <math.h>

#pragma STDC FP_CONTRACT OFF

#define INLINE static inline __attribute__((always_inline))

// The math library's sqrtf may set errno, which keeps a loop from being vectorised.
#if defined(__has_builtin)
#if __has_builtin(__builtin_elementwise_sqrt)
#define SQUARE_ROOT(x) __builtin_elementwise_sqrt(x)
#endif
#endif
#ifndef SQUARE_ROOT
#define SQUARE_ROOT(x) sqrtf(x)
#endif

// Natural logarithm of x in [2^-24, 1].
INLINE float log_polynomial(float x) {
  uint32_t bits = kb_float_bits(x);
  float e = (float)((int32_t)(bits >> 23) - 127) + 1.0f;
  float m = kb_float_from_bits((bits & 0x807FFFFFu) | 0x3F000000u); // [0.5, 1)
  bool small = m < 0x1.6a09e6p-1f; // sqrt(1/2)
  x = (m - 1.0f) + (small ? m : 0.0f);
  e -= small ? 1.0f : 0.0f;
  float z = x * x;
  float y = 0x1.204376p-4f;
  y = __builtin_fmaf(y, x, -0x1.d7a370p-4f);
  y = __builtin_fmaf(y, x, 0x1.de4a34p-4f);
  y = __builtin_fmaf(y, x, -0x1.fcba9ep-4f);
  y = __builtin_fmaf(y, x, 0x1.23d37ep-3f);
  y = __builtin_fmaf(y, x, -0x1.555ca0p-3f);
  y = __builtin_fmaf(y, x, 0x1.999d58p-3f);
  y = __builtin_fmaf(y, x, -0x1.fffff8p-3f);
  y = __builtin_fmaf(y, x, 0x1.555554p-2f);
  y = y * x;
  y = __builtin_fmaf(y, z, e * -0x1.bd0106p-13f);
  y = __builtin_fmaf(-z, 0.5f, y);
  return __builtin_fmaf(e, 0x1.63p-1f, x + y);
}

// Sine and cosine of x in [0, 2π): quadrants of π/4, the reduction in three parts (Cody and Waite).
INLINE void sine_cosine(float x, float *sine, float *cosine) {
  int32_t j = ((int32_t)(x * 0x1.45f306p+0f) + 1) & ~1;
  float f = (float)j;
  x = __builtin_fmaf(f, -0x1.92p-1f, x);
  x = __builtin_fmaf(f, -0x1.fb4p-13f, x);
  x = __builtin_fmaf(f, -0x1.4442d2p-25f, x);
  float z = x * x;
  float c = __builtin_fmaf(0x1.99eb9cp-16f, z, -0x1.6c0c34p-10f);
  c = __builtin_fmaf(c, z, 0x1.55554ap-5f);
  c = c * z;
  c = __builtin_fmaf(c, z, -(z * 0.5f)) + 1.0f;
  float s = __builtin_fmaf(-0x1.9943f2p-13f, z, 0x1.11073cp-7f);
  s = __builtin_fmaf(s, z, -0x1.555546p-3f);
  s = __builtin_fmaf(s * z, x, x);
  uint32_t s_bits = kb_float_bits(s), c_bits = kb_float_bits(c);
  uint32_t swap = -(((uint32_t)j >> 1) & 1u), mixed = (s_bits ^ c_bits) & swap;
  uint32_t sine_sign = ((uint32_t)j & 4u) << 29, cosine_sign = (~((uint32_t)j - 2u) & 4u) << 29;
  *sine = kb_float_from_bits((s_bits ^ mixed) ^ sine_sign);
  *cosine = kb_float_from_bits((c_bits ^ mixed) ^ cosine_sign);
}

// Value j of a block pairs with value j + 8: they are taken apart first, so that one loop runs over
// all pairs of all blocks.
INLINE void blocks_body(const uint32_t *restrict words, size_t blocks, float mean, float std,
                        float *restrict out) {
  float first[8 * KB_NORMAL_BLOCKS], second[8 * KB_NORMAL_BLOCKS];
  for (size_t b = 0; b < blocks; b++) {
    for (size_t j = 0; j < 8; j++) {
      first[8 * b + j] = 1.0f - kb_random_unit24(words[16 * b + j]);
      second[8 * b + j] = kb_random_unit24(words[16 * b + j + 8]);
    }
  }
  for (size_t i = 0; i < 8 * blocks; i++) {
    float r = SQUARE_ROOT(-2.0f * log_polynomial(first[i])), sine, cosine;
    sine_cosine(0x1.921fb6p+2f * second[i], &sine, &cosine);
    first[i] = __builtin_fmaf(r * cosine, std, mean);
    second[i] = __builtin_fmaf(r * sine, std, mean);
  }
  for (size_t b = 0; b < blocks; b++) {
    memcpy(out + 16 * b, first + 8 * b, 8 * sizeof(float));
    memcpy(out + 16 * b + 8, second + 8 * b, 8 * sizeof(float));
  }
}

#if defined(__x86_64__)
__attribute__((target("avx2,fma"))) void kb_normal_blocks_fma(const uint32_t *words, size_t blocks,
                                                              float mean, float std, float *out) {
  blocks_body(words, blocks, mean, std, out);
}
#endif

void kb_normal_blocks_plain(const uint32_t *words, size_t blocks, float mean, float std,
                            float *out) {
  blocks_body(words, blocks, mean, std, out);
}
