// Rows of the fused layers on doubles, one by one: the functions of the C library.
#include <math.h>
#include <string.h>

#include "layer_rows.h"

#pragma STDC FP_CONTRACT OFF

#define VECTOR static inline __attribute__((always_inline, unused))

VECTOR double load(const double *p, size_t some) { return (void)some, *p; }
VECTOR void store(double *p, size_t some, double x) { (void)some, *p = x; }

typedef double row_sum, row_most;
#define LOWEST_ROW_MOST -INFINITY
VECTOR void add(row_sum *sum, double x, size_t some) { (void)some, *sum += x; }
VECTOR double total(const row_sum *sum) { return *sum; }
// A NaN is not taken; a NaN stays.
VECTOR void take_number(row_most *most, double x, size_t some) {
  (void)some, *most = x > *most ? x : *most;
}
VECTOR void take(row_most *most, double x, size_t some) {
  (void)some, *most = x > *most || x != x ? x : *most;
}
VECTOR double largest_of(const row_most *most) { return *most; }

// e / (1 + e) or 1 / (1 + e) for e = exp(-|x|), corrected by what the sum rounds off: the reciprocal of
// the sum is 1 - y or y.
VECTOR double sigmoid(double x) {
  const double e = exp(-fabs(x)), sum = 1 + e, rounded_off = e - (sum - 1);
  const double y = (x < 0 ? e : 1) / sum;
  return y - y * rounded_off * (x < 0 ? 1 - y : y);
}

// y = e / (e + 2) for e = e^2|x| - 1, corrected by what the sum rounds off: 1 / (e + 2) is (1 - y) / 2.
VECTOR double hyperbolic_tangent(double x) {
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

#define T double
#define LANES 1
#define VEC double
#define WIDE_STEPS(n, STEP) (void)0
#define LOAD(X, p, some) load(p, some)
#define FETCH(X, p) (void)(p)
#define PICK(mask, yes, no) ((mask) ? (yes) : (no))
#define EXP(x) exp(x)
#define TANH(x) hyperbolic_tangent(x)
#define SIGMOID(x) sigmoid(x)
#define SET kb_layer_double
#include "layer_rows_body.inc"
