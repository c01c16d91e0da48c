// Laws that take one unit for each element: exponential, Cauchy, geometric, Bernoulli and what
// dropout and RReLU make of them.
#include "half.h"
#include "random_internal.h"

#include <math.h>

#pragma STDC FP_CONTRACT OFF

static inline double exponential(double unit, double factor, double unused) {
  (void)unused;
  return factor * log1p(-unit);
}

void kb_random_exponential(kb_generator *generator, kb_dtype dtype, size_t count, double rate,
                           void *out) {
  kb_random_each(generator, dtype, count, out, exponential, -1.0 / rate, 0);
}

static inline double cauchy(double unit, double median, double sigma) {
  return fma(sigma, tan(3.141592653589793 * (unit - 0.5)), median);
}

void kb_random_cauchy(kb_generator *generator, kb_dtype dtype, size_t count, double median,
                      double sigma, void *out) {
  kb_random_each(generator, dtype, count, out, cauchy, median, sigma);
}

static inline double geometric(double unit, double log_failure, double unused) {
  (void)unused;
  return ceil(log(unit) / log_failure);
}

void kb_random_geometric(kb_generator *generator, kb_dtype dtype, size_t count, double p,
                         void *out) {
  kb_random_each(generator, dtype, count, out, geometric, log1p(-p), 0);
}

static inline double bernoulli(double unit, double p, double success) {
  return unit < p ? success : 0;
}

void kb_random_bernoulli(kb_generator *generator, kb_dtype dtype, size_t count, double p,
                         void *out) {
  kb_random_each(generator, dtype, count, out, bernoulli, p, 1);
}

kb_status kb_random_bernoulli_each(kb_generator *generator, kb_dtype probability_dtype,
                                   const void *probabilities, kb_dtype dtype, size_t count,
                                   void *out) {
  for (size_t i = 0; i < count; i++) {
    double p = kb_random_load(probability_dtype, probabilities, i);
    if (!(p >= 0 && p <= 1)) {
      return KB_INVALID_VALUE;
    }
  }
  double values[KB_RANDOM_CHUNK];
  uint32_t words[KB_RANDOM_CHUNK];
  for (size_t begin = 0; begin < count; begin += KB_RANDOM_CHUNK) {
    size_t n = count - begin < KB_RANDOM_CHUNK ? count - begin : KB_RANDOM_CHUNK;
    if (probability_dtype == KB_FLOAT64) {
      kb_random_units(generator, values, n);
    } else {
      kb_random_words(generator, words, n);
      for (size_t i = 0; i < n; i++) {
        values[i] = kb_random_unit24(words[i]);
      }
    }
    for (size_t i = 0; i < n; i++) {
      values[i] = values[i] < kb_random_load(probability_dtype, probabilities, begin + i) ? 1 : 0;
    }
    kb_random_store(dtype, values, out, begin, n);
  }
  return KB_OK;
}

void kb_random_dropout_noise(kb_generator *generator, kb_dtype dtype, size_t count, double p,
                             void *out) {
  double keep = 1 - p;
  // The division happens in the dtype, half types in float.
  double success = dtype == KB_FLOAT64 ? 1 / keep : kb_random_round(dtype, 1.0f / (float)keep);
  kb_random_each(generator, dtype, count, out, bernoulli, keep, success);
}

void kb_random_rrelu(kb_generator *generator, kb_dtype dtype, size_t count, double lower,
                     double upper, const void *x, void *slopes, void *out) {
  kb_dtype wide = dtype == KB_FLOAT64 ? KB_FLOAT64 : KB_FLOAT32;
  double low = kb_random_round(wide, lower), span = kb_random_round(wide, upper) - low;
  double drawn[KB_RANDOM_CHUNK], products[KB_RANDOM_CHUNK];
  for (size_t begin = 0; begin < count; begin += KB_RANDOM_CHUNK) {
    size_t n = count - begin < KB_RANDOM_CHUNK ? count - begin : KB_RANDOM_CHUNK;
    for (size_t i = 0; i < n; i++) {
      double value = kb_random_load(dtype, x, begin + i);
      // Two roundings: this sampler is not fused in PyTorch.
      drawn[i] = value <= 0 ? kb_random_round(wide, kb_random_unit(generator) * span + low) : 1;
      // Exact for floats, so that the store rounds the product once (through float for half types).
      products[i] = value * drawn[i];
    }
    kb_random_store(dtype, drawn, slopes, begin, n);
    kb_random_store(dtype, products, out, begin, n);
  }
}
