// Rows of the fused layers on doubles, one by one: the functions of the C library.
#include <math.h>
#include <string.h>

#include "elementwise_scalar.h"
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

#define T double
#define LANES 1
#define VEC double
#define WIDE_STEPS(n, STEP) (void)0
#define LOAD(X, p, some) load(p, some)
#define FETCH(X, p) (void)(p)
#define PICK(mask, yes, no) ((mask) ? (yes) : (no))
#define EXP(x) exp(x)
#define TANH(x) kb_tanh_double(x)
#define SIGMOID(x) kb_sigmoid_double(x)
#define SET kb_layer_double
#include "layer_rows_body.inc"
