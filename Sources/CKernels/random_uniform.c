// Uniform floating-point numbers.
#include "half.h"
#include "isa.h"
#include "random_internal.h"

#include <math.h>

#pragma STDC FP_CONTRACT OFF

#if defined(__x86_64__)
#define WITH_FMA __attribute__((target("avx2,fma")))
#endif

// unit · (to − from) + from with one rounding; what rounds up to `to` becomes `from`. Without the
// instruction fma is a call with the same result.
static inline __attribute__((always_inline)) void
scale32_body(const uint32_t *restrict words, float *restrict out, size_t count, float from,
             float to) {
  float span = to - from;
  for (size_t i = 0; i < count; i++) {
    float value = __builtin_fmaf(kb_random_unit24(words[i]), span, from);
    out[i] = value == to ? from : value;
  }
}

static inline __attribute__((always_inline)) void
scale64_body(const double *restrict units, double *restrict out, size_t count, double from,
             double to) {
  double span = to - from;
  for (size_t i = 0; i < count; i++) {
    double value = __builtin_fma(units[i], span, from);
    out[i] = value == to ? from : value;
  }
}

static void scale32_plain(const uint32_t *words, float *out, size_t count, float from, float to) {
  scale32_body(words, out, count, from, to);
}

static void scale64_plain(const double *units, double *out, size_t count, double from, double to) {
  scale64_body(units, out, count, from, to);
}

#if defined(WITH_FMA)
WITH_FMA static void scale32_fma(const uint32_t *words, float *out, size_t count, float from,
                                 float to) {
  scale32_body(words, out, count, from, to);
}

WITH_FMA static void scale64_fma(const double *units, double *out, size_t count, double from,
                                 double to) {
  scale64_body(units, out, count, from, to);
}
#endif

static void uniform32(kb_generator *generator, size_t count, float from, float to, float *out) {
  void (*scale)(const uint32_t *, float *, size_t, float, float) = scale32_plain;
#if defined(WITH_FMA)
  if (kb_isa_level() >= KB_ISA_AVX2) {
    scale = scale32_fma;
  }
#endif
  uint32_t words[2 * KB_RANDOM_CHUNK];
  for (size_t begin = 0; begin < count; begin += 2 * KB_RANDOM_CHUNK) {
    size_t n = count - begin < 2 * KB_RANDOM_CHUNK ? count - begin : 2 * KB_RANDOM_CHUNK;
    kb_random_words(generator, words, n);
    scale(words, out + begin, n, from, to);
  }
}

static void uniform64(kb_generator *generator, size_t count, double from, double to, double *out) {
  void (*scale)(const double *, double *, size_t, double, double) = scale64_plain;
#if defined(WITH_FMA)
  if (kb_isa_level() >= KB_ISA_AVX2) {
    scale = scale64_fma;
  }
#endif
  double units[KB_RANDOM_CHUNK];
  for (size_t begin = 0; begin < count; begin += KB_RANDOM_CHUNK) {
    size_t n = count - begin < KB_RANDOM_CHUNK ? count - begin : KB_RANDOM_CHUNK;
    kb_random_units(generator, units, n);
    scale(units, out + begin, n, from, to);
  }
}

// Drawn as float32 between the float32 bounds. The bound that a result must not equal is then the
// one rounded to the half type, so rounding up to it gives `from` as well.
static void uniform16(kb_generator *generator, uint16_t (*convert)(float), size_t count, float from,
                      float to, uint16_t *out) {
  float values[KB_RANDOM_CHUNK], span = to - from;
  uint16_t lowest = convert(from), excluded = convert(to);
  for (size_t begin = 0; begin < count; begin += KB_RANDOM_CHUNK) {
    size_t n = count - begin < KB_RANDOM_CHUNK ? count - begin : KB_RANDOM_CHUNK;
    uint32_t words[KB_RANDOM_CHUNK];
    kb_random_words(generator, words, n);
    for (size_t i = 0; i < n; i++) {
      values[i] = fmaf(kb_random_unit24(words[i]), span, from);
    }
    for (size_t i = 0; i < n; i++) {
      uint16_t value = convert(values[i]);
      // Zeros of both signs are equal.
      bool at_end = value == excluded || ((value | excluded) & 0x7FFF) == 0;
      out[begin + i] = at_end ? lowest : value;
    }
  }
}

void kb_random_uniform(kb_generator *generator, kb_dtype dtype, size_t count, double from,
                       double to, void *out) {
  switch (dtype) {
  case KB_FLOAT32: uniform32(generator, count, (float)from, (float)to, out); break;
  case KB_FLOAT64: uniform64(generator, count, from, to, out); break;
  case KB_FLOAT16:
    uniform16(generator, kb_float_to_float16, count, (float)from, (float)to, out);
    break;
  case KB_BFLOAT16:
    uniform16(generator, kb_float_to_bfloat16, count, (float)from, (float)to, out);
    break;
  case KB_COMPLEX64: uniform32(generator, 2 * count, (float)from, (float)to, out); break;
  case KB_COMPLEX128: uniform64(generator, 2 * count, from, to, out); break;
  default: break;
  }
}
