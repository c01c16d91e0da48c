// Functions of one or two floating-point numbers that need more than one call of libm.
#ifndef KB_ELEMENTWISE_SCALAR_H
#define KB_ELEMENTWISE_SCALAR_H

#include <math.h>

// floor_div follows Python and c10::div_floor_floating: (x - mod) / y is an integer up to rounding,
// while floor(x / y) may be one too large.
#define KB_DEFINE_SCALARS(T, name, f)                                                              \
  static inline T kb_fmod_##name(T x, T y) { return fmod##f(x, y); }                               \
  static inline T kb_atan2_##name(T x, T y) { return atan2##f(x, y); }                             \
  static inline T kb_hypot_##name(T x, T y) { return hypot##f(x, y); }                             \
  static inline T kb_remainder_##name(T x, T y) {                                                  \
    const T mod = fmod##f(x, y);                                                                   \
    return mod != 0 && (y < 0) != (mod < 0) ? mod + y : mod;                                       \
  }                                                                                                \
  static inline T kb_floor_div_##name(T x, T y) {                                                  \
    if (y == 0) return x / y;                                                                      \
    const T mod = fmod##f(x, y);                                                                   \
    T quotient = (x - mod) / y;                                                                    \
    if (mod != 0 && (y < 0) != (mod < 0)) quotient -= 1;                                           \
    if (quotient == 0) return copysign##f(0, x / y);                                               \
    const T whole = floor##f(quotient);                                                            \
    return quotient - whole > (T)0.5 ? whole + 1 : whole;                                          \
  }

KB_DEFINE_SCALARS(float, float, f)
KB_DEFINE_SCALARS(double, double, )

static inline double kb_sigmoid_double(double x) {
  const double e = exp(-fabs(x));
  return (x < 0 ? e : 1) / (1 + e);
}
static inline double kb_gelu_tanh_double(double x) {
  return 0.5 * x * (1 + tanh(0.79788456080286535588 * (x + 0.044715 * (x * x * x))));
}
// dy times the derivative.
static inline double kb_gelu_slope_double(double dy, double x) {
  const double density = exp(-0.5 * (x * x)) * 0.39894228040143267794;
  return dy * (0.5 * (1 + erf(x * 0.70710678118654752440)) + x * density);
}
static inline double kb_gelu_tanh_slope_double(double dy, double x) {
  const double square = x * x;
  const double t = tanh(0.79788456080286535588 * (x + 0.044715 * square * x));
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
