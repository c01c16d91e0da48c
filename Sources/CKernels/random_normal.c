// Normal numbers by Box and Muller's transform, in blocks and one by one, and log-normal ones.
#include "half.h"
#include "isa.h"
#include "random_internal.h"
#include "random_normal_block.h"

#include <math.h>

#pragma STDC FP_CONTRACT OFF

static const double two_pi = 6.283185307179586;

double kb_random_standard_normal(kb_generator *generator) {
  if (generator->has_normal) {
    generator->has_normal = false;
    double z = generator->normal;
    generator->normal = 0;
    return z;
  }
  double u1 = kb_random_unit(generator), u2 = kb_random_unit(generator);
  double r = sqrt(-2.0 * log1p(-u2)), t = two_pi * u1;
  generator->normal = r * sin(t);
  generator->has_normal = true;
  return r * cos(t);
}

static void each_normal(kb_generator *generator, kb_dtype dtype, size_t count, double mean,
                        double std, bool exponential, void *out) {
  double values[KB_RANDOM_CHUNK];
  for (size_t begin = 0; begin < count; begin += KB_RANDOM_CHUNK) {
    size_t n = count - begin < KB_RANDOM_CHUNK ? count - begin : KB_RANDOM_CHUNK;
    for (size_t i = 0; i < n; i++) {
      double value = fma(kb_random_standard_normal(generator), std, mean);
      values[i] = exponential ? exp(value) : value;
    }
    kb_random_store(dtype, values, out, begin, n);
  }
}

void kb_random_log_normal(kb_generator *generator, kb_dtype dtype, size_t count, double mean,
                          double std, void *out) {
  each_normal(generator, dtype, count, mean, std, true, out);
}

typedef void (*block_transform)(const uint32_t *words, size_t blocks, float mean, float std,
                                float *out);

static block_transform chosen_transform(void) {
#if defined(__x86_64__)
  if (kb_isa_level() >= KB_ISA_AVX2) {
    return kb_normal_blocks_fma;
  }
#endif
  return kb_normal_blocks_plain;
}

static void skip_words(kb_generator *generator, size_t count) {
  while (count-- > 0) {
    kb_generator_next32(generator);
  }
}

// A tail has its own uniforms drawn like every element; then the last 16 are done again from 16
// fresh ones. Only how many words the first draw takes can be seen afterwards.
static void blocks32(kb_generator *generator, size_t count, float mean, float std, float *out) {
  block_transform transform = chosen_transform();
  uint32_t words[16 * KB_NORMAL_BLOCKS];
  size_t whole = count / 16, tail = count % 16;
  for (size_t begin = 0; begin < whole; begin += KB_NORMAL_BLOCKS) {
    size_t n = whole - begin < KB_NORMAL_BLOCKS ? whole - begin : KB_NORMAL_BLOCKS;
    kb_random_words(generator, words, 16 * n);
    transform(words, n, mean, std, out + 16 * begin);
  }
  if (tail != 0) {
    skip_words(generator, tail);
    kb_random_words(generator, words, 16);
    transform(words, 1, mean, std, out + count - 16);
  }
}

// As above through a float buffer, but a tail takes no first draw.
static void blocks16(kb_generator *generator, uint16_t (*convert)(float), size_t count, float mean,
                     float std, uint16_t *out) {
  block_transform transform = chosen_transform();
  uint32_t words[16 * KB_NORMAL_BLOCKS];
  float values[16 * KB_NORMAL_BLOCKS];
  size_t whole = count / 16;
  for (size_t begin = 0; begin < whole; begin += KB_NORMAL_BLOCKS) {
    size_t n = whole - begin < KB_NORMAL_BLOCKS ? whole - begin : KB_NORMAL_BLOCKS;
    kb_random_words(generator, words, 16 * n);
    transform(words, n, mean, std, values);
    for (size_t i = 0; i < 16 * n; i++) {
      out[16 * begin + i] = convert(values[i]);
    }
  }
  if (count % 16 != 0) {
    kb_random_words(generator, words, 16);
    transform(words, 1, mean, std, values);
    for (size_t i = 0; i < 16; i++) {
      out[count - 16 + i] = convert(values[i]);
    }
  }
}

static void block64(kb_generator *generator, double mean, double std, double *out) {
  double units[16];
  kb_random_units(generator, units, 16);
  for (size_t j = 0; j < 8; j++) {
    double r = sqrt(-2.0 * log(1.0 - units[j])), t = two_pi * units[j + 8];
    out[j] = fma(r * cos(t), std, mean);
    out[j + 8] = fma(r * sin(t), std, mean);
  }
}

static void blocks64(kb_generator *generator, size_t count, double mean, double std, double *out) {
  size_t tail = count % 16;
  for (size_t begin = 0; begin < count - tail; begin += 16) {
    block64(generator, mean, std, out + begin);
  }
  if (tail != 0) {
    skip_words(generator, 2 * tail);
    block64(generator, mean, std, out + count - 16);
  }
}

void kb_random_normal(kb_generator *generator, kb_dtype dtype, size_t count, double mean,
                      double std, bool contiguous, void *out) {
  if (dtype == KB_COMPLEX64 || dtype == KB_COMPLEX128) {
    dtype = dtype == KB_COMPLEX64 ? KB_FLOAT32 : KB_FLOAT64;
    count *= 2;
    std /= sqrt(2.0);
  }
  if (count < 16 || !contiguous) {
    each_normal(generator, dtype, count, mean, std, false, out);
    return;
  }
  float mean32 = (float)mean, std32 = (float)std;
  switch (dtype) {
  case KB_FLOAT32: blocks32(generator, count, mean32, std32, out); break;
  case KB_FLOAT64: blocks64(generator, count, mean, std, out); break;
  case KB_FLOAT16: blocks16(generator, kb_float_to_float16, count, mean32, std32, out); break;
  case KB_BFLOAT16: blocks16(generator, kb_float_to_bfloat16, count, mean32, std32, out); break;
  default: break;
  }
}
