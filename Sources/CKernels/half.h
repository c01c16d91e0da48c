// float16 and bfloat16 as bits. Rounding is to nearest even; NaN becomes quiet and keeps its upper
// bits, as the F16C instructions do.
#ifndef KB_HALF_H
#define KB_HALF_H

#include <stdint.h>
#include <string.h>

static inline uint32_t kb_float_bits(float x) {
  uint32_t bits;
  memcpy(&bits, &x, 4);
  return bits;
}

static inline float kb_float_from_bits(uint32_t bits) {
  float x;
  memcpy(&x, &bits, 4);
  return x;
}

static inline float kb_float16_to_float(uint16_t h) {
  const uint32_t sign = (uint32_t)(h & 0x8000) << 16, magnitude = h & 0x7fff;
  // Moving the exponent by a product also makes the denormals of float16 normal.
  uint32_t bits = kb_float_bits(kb_float_from_bits(magnitude << 13) * 0x1p112f);
  if (magnitude >= 0x7c00)
    bits = 0x7f800000 | (magnitude << 13) | (magnitude > 0x7c00 ? 0x400000 : 0);
  return kb_float_from_bits(sign | bits);
}

static inline uint16_t kb_float_to_float16(float x) {
  const uint32_t bits = kb_float_bits(x);
  const uint32_t sign = (bits >> 16) & 0x8000, magnitude = bits & 0x7fffffff;
  uint32_t h;
  if (magnitude > 0x7f800000) {
    h = 0x7e00 | (magnitude >> 13 & 0x3ff);
  } else if (magnitude >= 0x477ff000) { // rounds to 2^16 or above
    h = 0x7c00;
  } else if (magnitude < 0x38800000) {
    // The sum's last place is 2^-24, that of the denormals: the addition rounds.
    h = kb_float_bits(kb_float_from_bits(magnitude) + 0.5f) - 0x3f000000;
  } else {
    h = (magnitude - 0x38000000 + 0xfff + (magnitude >> 13 & 1)) >> 13;
  }
  return (uint16_t)(sign | h);
}

static inline float kb_bfloat16_to_float(uint16_t h) {
  return kb_float_from_bits((uint32_t)h << 16);
}

static inline uint16_t kb_float_to_bfloat16(float x) {
  const uint32_t bits = kb_float_bits(x);
  const uint32_t rounded = (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
  return (uint16_t)((bits & 0x7fffffff) > 0x7f800000 ? bits >> 16 | 0x40 : rounded);
}

#endif
