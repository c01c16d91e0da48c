// Poisson and gamma numbers, drawn until one is accepted. Nothing here is fused: PyTorch builds
// these two for plain x86-64.
#include "random_internal.h"

#include <math.h>

#pragma STDC FP_CONTRACT OFF

// Products of units below exp(−rate), for rates below 10.
static double poisson_by_products(kb_generator *generator, double rate) {
  double limit = exp(-rate), product = 1, k = 0;
  for (;;) {
    product *= kb_random_unit(generator);
    if (product <= limit) {
      return k;
    }
    k++;
  }
}

// Hörmann's transformed rejection with squeeze (1993), PTRS.
static double poisson_by_rejection(kb_generator *generator, double rate) {
  double root = sqrt(rate), log_rate = log(rate);
  double b = 0.931 + 2.53 * root;
  double a = -0.059 + 0.02483 * b;
  double inverse_alpha = 1.1239 + 1.1328 / (b - 3.4);
  double vr = 0.9277 - 3.6224 / (b - 2);
  for (;;) {
    double u = kb_random_unit(generator) - 0.5;
    double v = kb_random_unit(generator);
    double us = 0.5 - fabs(u);
    double k = floor((2 * a / us + b) * u + rate + 0.43);
    if (us >= 0.07 && v <= vr) {
      return k;
    }
    if (k < 0 || (us < 0.013 && v > us)) {
      continue;
    }
    // lgamma itself writes a global sign.
    int sign;
    double accepted = -rate + k * log_rate - lgamma_r(k + 1, &sign);
    if (log(v) + log(inverse_alpha) - log(a / (us * us) + b) <= accepted) {
      return k;
    }
  }
}

static double poisson(kb_generator *generator, double rate) {
  if (rate == 0) {
    return 0;
  }
  return rate < 10 ? poisson_by_products(generator, rate) : poisson_by_rejection(generator, rate);
}

// Marsaglia and Tsang (2000). What belongs to the parameter is rounded to its type, `narrow`:
// float.
static double standard_gamma(kb_generator *generator, double alpha, bool narrow) {
  double scale = 1;
  if (alpha < 1) {
    if (alpha == 0) {
      return 0;
    }
    double exponent = narrow ? 1.0f / (float)alpha : 1.0 / alpha;
    scale = pow(1 - kb_random_unit(generator), exponent);
    alpha = narrow ? (float)alpha + 1.0f : alpha + 1.0;
  }
  const float third = 1.0f / 3.0f;
  double d = narrow ? (float)alpha - third : alpha - (double)third;
  double c = 1.0 / sqrt(9.0 * d);
  for (;;) {
    double x, y;
    do {
      x = kb_random_standard_normal(generator);
      y = 1.0 + c * x;
    } while (y <= 0);
    double v = y * y * y;
    double u = 1 - kb_random_unit(generator);
    double xx = x * x;
    if (u < 1.0 - (double)0.0331f * xx * xx || log(u) < 0.5 * xx + d * (1.0 - v + log(v))) {
      return scale * d * v;
    }
  }
}

kb_status kb_random_poisson(kb_generator *generator, kb_dtype dtype, size_t count,
                            const void *rates, void *out) {
  for (size_t i = 0; i < count; i++) {
    double rate = kb_random_load(dtype, rates, i);
    if (!(rate >= 0 && rate < INFINITY)) {
      return KB_INVALID_VALUE;
    }
  }
  for (size_t i = 0; i < count; i++) {
    double value = poisson(generator, kb_random_load(dtype, rates, i));
    kb_random_store(dtype, &value, out, i, 1);
  }
  return KB_OK;
}

static double smallest_normal(kb_dtype dtype) {
  switch (dtype) {
  case KB_FLOAT64: return 0x1p-1022;
  case KB_FLOAT16: return 0x1p-14;
  default: return 0x1p-126; // float32 and bfloat16 share their exponents
  }
}

kb_status kb_random_standard_gamma(kb_generator *generator, kb_dtype dtype, size_t count,
                                   const void *alphas, void *out) {
  for (size_t i = 0; i < count; i++) {
    if (!(kb_random_load(dtype, alphas, i) >= 0)) {
      return KB_INVALID_VALUE;
    }
  }
  double least = smallest_normal(dtype);
  for (size_t i = 0; i < count; i++) {
    double alpha = kb_random_load(dtype, alphas, i);
    double value = standard_gamma(generator, alpha, dtype != KB_FLOAT64);
    value = kb_random_round(dtype, value);
    value = value < least ? least : value;
    kb_random_store(dtype, &value, out, i, 1);
  }
  return KB_OK;
}
