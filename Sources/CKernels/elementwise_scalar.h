// Functions of one or two doubles that need more than one call of libm.
#ifndef KB_ELEMENTWISE_SCALAR_H
#define KB_ELEMENTWISE_SCALAR_H

#include <math.h>
#include <stdbool.h>

static inline double kb_fmod_double(double x, double y) { return fmod(x, y); }
static inline double kb_atan2_double(double x, double y) { return atan2(x, y); }
static inline double kb_hypot_double(double x, double y) { return hypot(x, y); }
static inline double kb_remainder_double(double x, double y) {
  const double mod = fmod(x, y);
  return mod != 0 && (y < 0) != (mod < 0) ? mod + y : mod;
}
// floor_div follows Python and c10::div_floor_floating: (x - mod) / y is an integer up to rounding,
// while floor(x / y) may be one too large.
static inline double kb_floor_div_double(double x, double y) {
  if (y == 0) return x / y;
  const double mod = fmod(x, y);
  double quotient = (x - mod) / y;
  if (mod != 0 && (y < 0) != (mod < 0)) quotient -= 1;
  if (quotient == 0) return copysign(0, x / y);
  const double whole = floor(quotient);
  return quotient - whole > 0.5 ? whole + 1 : whole;
}

// e / (1 + e) or 1 / (1 + e) for e = exp(-|x|), corrected by what the sum rounds off: the reciprocal of
// the sum is 1 - y or y.
static inline double kb_sigmoid_double(double x) {
  const double e = exp(-fabs(x)), sum = 1 + e, rounded_off = e - (sum - 1);
  const double y = (x < 0 ? e : 1) / sum;
  return y - y * rounded_off * (x < 0 ? 1 - y : y);
}
static inline double kb_high_half(double x) {
  const double far = x * 134217729; // 2^27 + 1 (Veltkamp)
  return far - (far - x);
}
// x e / (1 + e) or x / (1 + e), corrected by what the product and the sum round off.
static inline double kb_silu_double(double x) {
  if (!(x > -760 && x < 1e300)) return x * kb_sigmoid_double(x);
  // Below -708 e is denormal, but x e need not be: there e is 2^64 e^x, and x + 64 ln 2 has two parts.
  const bool tiny = x < -708;
  const double shift = tiny ? 44.3614195558365 : 0, from = -fabs(x) + shift;
  double e = exp(from);
  if (tiny) e += e * ((x - from) + shift + 1.4841899608616318e-15);
  const double added = tiny ? 0 : e, sum = 1 + added, rounded_off = added - (sum - 1);
  double product = x, low = 0;
  if (x < 0) {
    product = x * e;
    const double x_high = kb_high_half(x), x_low = x - x_high;
    const double e_high = kb_high_half(e), e_low = e - e_high;
    low = ((x_high * e_high - product) + x_high * e_low + x_low * e_high) + x_low * e_low;
  }
  const double y = product / sum;
  return (y + (low - y * rounded_off) / sum) * (tiny ? 0x1p-64 : 1);
}
// y = e / (e + 2) for e = e^2|x| - 1, corrected by what the sum rounds off: 1 / (e + 2) is (1 - y) / 2.
static inline double kb_tanh_double(double x) {
  const double a = fabs(x), e = expm1(2 * (a > 20 ? 20 : a)), sum = e + 2;
  double y;
  if (a < 0.54) {
    const double rounded_off = e - (sum - 2);
    y = e / sum;
    y -= y * rounded_off * (0.5 - 0.5 * y);
  } else {
    y = 1 - 2 / sum;
  }
  return x != x ? x : copysign(y, x);
}
static inline double kb_gelu_tanh_double(double x) {
  return 0.5 * x * (1 + kb_tanh_double(0.79788456080286535588 * (x + 0.044715 * (x * x * x))));
}
// dy times the derivative.
static inline double kb_gelu_slope_double(double dy, double x) {
  const double density = exp(-0.5 * (x * x)) * 0.39894228040143267794;
  return dy * (0.5 * (1 + erf(x * 0.70710678118654752440)) + x * density);
}
static inline double kb_gelu_tanh_slope_double(double dy, double x) {
  const double square = x * x;
  const double t = kb_tanh_double(0.79788456080286535588 * (x + 0.044715 * square * x));
  const double du = 0.79788456080286535588 * (1 + 0.134145 * square);
  return dy * (0.5 * (1 + t) + 0.5 * x * ((1 - t * t) * du));
}
// One NaN for all: a product of two is either, as the compiler orders them.
static inline double kb_xlogy_double(double x, double y) {
  if (x == 0 && y == y) return 0;
  const double r = x * log(y);
  return r != r ? (double)NAN : r;
}
// A few exponents have the value of the plain formula, as in PyTorch.
static inline double kb_pow_double(double x, double y) {
  if (y == 2) return x * x;
  if (y == 3) return x * x * x;
  if (y == 1) return x;
  if (y == -1) return 1 / x;
  if (y == -2) return 1 / (x * x);
  if (y == 0.5) return sqrt(x);
  if (y == -0.5) return 1 / sqrt(x);
  return pow(x, y);
}

#endif
