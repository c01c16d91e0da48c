// Kernels of complex64 and complex128. Products and sums are computed in the element type;
// everything else of complex64 in double, which neither overflows nor cancels where float would.
#include <complex.h>
#include <math.h>

#include "elementwise.h"

#pragma STDC FP_CONTRACT OFF

#include "elementwise_loops.inc"

typedef float _Complex c64;
typedef double _Complex c128;

static inline c128 make(double re, double im) {
  union {
    double parts[2];
    c128 z;
  } u = {.parts = {re, im}};
  return u.z;
}
static inline c64 make_float(float re, float im) {
  union {
    float parts[2];
    c64 z;
  } u = {.parts = {re, im}};
  return u.z;
}

// Plain formulas: the recovery of infinities in the compiler's own product costs a branch per
// element, and PyTorch has none.
static inline c64 mul_c64(c64 x, c64 y) {
  const float a = crealf(x), b = cimagf(x), c = crealf(y), d = cimagf(y);
  return make_float(a * c - b * d, a * d + b * c);
}
static inline c128 mul_c128(c128 x, c128 y) {
  const double a = creal(x), b = cimag(x), c = creal(y), d = cimag(y);
  return make(a * c - b * d, a * d + b * c);
}

// Smith's division, as c10::complex.
static c128 divide(c128 x, c128 y) {
  const double a = creal(x), b = cimag(x), c = creal(y), d = cimag(y);
  if (fabs(c) >= fabs(d)) {
    if (c == 0 && d == 0) return make(a / fabs(c), b / fabs(c));
    const double ratio = d / c, scale = 1 / (c + d * ratio);
    return make((a + b * ratio) * scale, (b - a * ratio) * scale);
  }
  const double ratio = c / d, scale = 1 / (c * ratio + d);
  return make((a * ratio + b) * scale, (b * ratio - a) * scale);
}

static c128 sign_of(c128 z) {
  const double r = cabs(z);
  return r == 0 ? 0 : make(creal(z) / r, cimag(z) / r);
}

// exp(z) - 1 without the loss near 0: Re = expm1(a) cos b - 2 sin²(b/2).
static c128 expm1_of(c128 z) {
  const double a = creal(z), b = cimag(z);
  if (b == 0) return make(expm1(a), b);
  const double s = sin(b / 2);
  return make(expm1(a) * cos(b) - 2 * s * s, exp(a) * sin(b));
}

// log(1 + z): Re = ½ log1p(a (2 + a) + b²) while that is small.
static c128 log1p_of(c128 z) {
  const double a = creal(z), b = cimag(z);
  if (fabs(a) < 0.5 && fabs(b) < 0.5)
    return make(0.5 * log1p(a * (2 + a) + b * b), atan2(b, 1 + a));
  return clog(make(1 + a, b));
}

static c128 sigmoid_of(c128 z) {
  if (creal(z) >= 0) return divide(1, 1 + cexp(-z));
  const c128 e = cexp(z);
  return divide(e, 1 + e);
}

static c128 power(c128 x, c128 y) {
  const double a = creal(y);
  if (cimag(y) == 0) {
    if (a == 0) return 1;
    if (a == 1) return x;
    if (a == 2) return mul_c128(x, x);
    if (a == 3) return mul_c128(mul_c128(x, x), x);
    if (a == 0.5) return csqrt(x);
    if (a == -0.5) return divide(1, csqrt(x));
    if (a == -1) return divide(1, x);
    if (a == -2) return divide(1, mul_c128(x, x));
  }
  if (x == 0) return a > 0 ? 0 : cpow(x, y);
  // Through the polar form: cexp(y clog(x)) loses digits with the size of the exponent.
  const double r = cabs(x), angle = carg(x), b = cimag(y);
  const double radius = pow(r, a) * (b == 0 ? 1 : exp(-b * angle));
  const double turn = a * angle + (b == 0 ? 0 : b * log(r));
  return make(radius * cos(turn), radius * sin(turn));
}

static inline bool is_nan(c128 z) { return creal(z) != creal(z) || cimag(z) != cimag(z); }
static inline bool is_inf(c128 z) {
  return fabs(creal(z)) == INFINITY || fabs(cimag(z)) == INFINITY;
}
static inline bool is_finite(c128 z) {
  return fabs(creal(z)) < INFINITY && fabs(cimag(z)) < INFINITY;
}

// In the element type.
#define COMPLEX_EXACT(X, T, suffix, f)                                                             \
  X(copy, UNARY_LOOP, T, T, x)                                                                     \
  X(neg, UNARY_LOOP, T, T, -x)                                                                     \
  X(conj, UNARY_LOOP, T, T, conj##f(x))                                                            \
  X(square, UNARY_LOOP, T, T, mul_##suffix(x, x))                                                  \
  X(logical_not, UNARY_LOOP, T, uint8_t, x == 0)                                                   \
  X(add, BINARY_LOOP, T, T, x + y)                                                                 \
  X(sub, BINARY_LOOP, T, T, x - y)                                                                 \
  X(mul, BINARY_LOOP, T, T, mul_##suffix(x, y))                                                    \
  X(eq, BINARY_LOOP, T, uint8_t, x == y)                                                           \
  X(ne, BINARY_LOOP, T, uint8_t, x != y)                                                           \
  X(logical_and, BINARY_LOOP, T, uint8_t, x != 0 && y != 0)                                        \
  X(logical_or, BINARY_LOOP, T, uint8_t, x != 0 || y != 0)                                         \
  X(logical_xor, BINARY_LOOP, T, uint8_t, (x != 0) != (y != 0))                                    \
  X(fma, TERNARY_LOOP, T, T, mul_##suffix(x, y) + z)                                               \
  X(select, TERNARY_LOOP, T, T, x != 0 ? y : z)

// In double.
#define COMPLEX_WIDE(X, T)                                                                         \
  X(sqrt, UNARY_LOOP, T, T, csqrt(x))                                                              \
  X(rsqrt, UNARY_LOOP, T, T, divide(1, csqrt(x)))                                                  \
  X(reciprocal, UNARY_LOOP, T, T, divide(1, x))                                                    \
  X(sign, UNARY_LOOP, T, T, sign_of(x))                                                            \
  X(exp, UNARY_LOOP, T, T, cexp(x))                                                                \
  X(exp2, UNARY_LOOP, T, T, cexp(x * 0.69314718055994530942))                                      \
  X(expm1, UNARY_LOOP, T, T, expm1_of(x))                                                          \
  X(log, UNARY_LOOP, T, T, clog(x))                                                                \
  X(log2, UNARY_LOOP, T, T, clog(x) / 0.69314718055994530942)                                      \
  X(log10, UNARY_LOOP, T, T, clog(x) / 2.30258509299404568402)                                     \
  X(log1p, UNARY_LOOP, T, T, log1p_of(x))                                                          \
  X(sin, UNARY_LOOP, T, T, csin(x))                                                                \
  X(cos, UNARY_LOOP, T, T, ccos(x))                                                                \
  X(tan, UNARY_LOOP, T, T, ctan(x))                                                                \
  X(asin, UNARY_LOOP, T, T, casin(x))                                                              \
  X(acos, UNARY_LOOP, T, T, cacos(x))                                                              \
  X(atan, UNARY_LOOP, T, T, catan(x))                                                              \
  X(sinh, UNARY_LOOP, T, T, csinh(x))                                                              \
  X(cosh, UNARY_LOOP, T, T, ccosh(x))                                                              \
  X(tanh, UNARY_LOOP, T, T, ctanh(x))                                                              \
  X(asinh, UNARY_LOOP, T, T, casinh(x))                                                            \
  X(acosh, UNARY_LOOP, T, T, cacosh(x))                                                            \
  X(atanh, UNARY_LOOP, T, T, catanh(x))                                                            \
  X(sigmoid, UNARY_LOOP, T, T, sigmoid_of(x))                                                      \
  X(silu, UNARY_LOOP, T, T, mul_c128(x, sigmoid_of(x)))                                            \
  X(isnan, UNARY_LOOP, T, uint8_t, is_nan(x))                                                      \
  X(isinf, UNARY_LOOP, T, uint8_t, is_inf(x))                                                      \
  X(isfinite, UNARY_LOOP, T, uint8_t, is_finite(x))                                                \
  X(div, BINARY_LOOP, T, T, divide(x, y))                                                          \
  X(pow, BINARY_LOOP, T, T, power(x, y))

#define DEFINE(name, LOOP, T, R, expression) LOOP(c64_##name, T, R, expression)
COMPLEX_EXACT(DEFINE, c64, c64, f)
COMPLEX_WIDE(DEFINE, c64)
#undef DEFINE
#define DEFINE(name, LOOP, T, R, expression) LOOP(c128_##name, T, R, expression)
COMPLEX_EXACT(DEFINE, c128, c128, )
COMPLEX_WIDE(DEFINE, c128)
#undef DEFINE

#define ENTRY(name, LOOP, T, R, expression) [KB_OP_##name] = c64_##name,
const kb_kernel kb_kernels_complex64[KB_OPCODE_COUNT] = {
    COMPLEX_EXACT(ENTRY, c64, c64, f) COMPLEX_WIDE(ENTRY, c64)};
#undef ENTRY
#define ENTRY(name, LOOP, T, R, expression) [KB_OP_##name] = c128_##name,
const kb_kernel kb_kernels_complex128[KB_OPCODE_COUNT] = {
    COMPLEX_EXACT(ENTRY, c128, c128, ) COMPLEX_WIDE(ENTRY, c128)};
