// Rows of the fused layers on doubles, one by one: the functions of the C library.
#include <math.h>
#include <string.h>

#include "elementwise_scalar.h"
#include "layer_rows.h"

#pragma STDC FP_CONTRACT OFF

#define VECTOR static inline __attribute__((always_inline, unused))

VECTOR double load(const double *p, size_t some) { return (void)some, *p; }
VECTOR void store(double *p, size_t some, double x) { (void)some, *p = x; }
VECTOR double widen(double x, size_t some) { return (void)some, x; }
VECTOR double total(double x) { return x; }
VECTOR double lanes_largest(double x, size_t some) { return (void)some, x; }

#define T double
#define LANES 1
#define VEC double
#define VEC_MASK int
#define WIDE double
#define SPLAT(x) (x)
#define PICK(mask, yes, no) ((mask) ? (yes) : (no))
#define EXP(x) exp(x)
#define TANH(x) kb_tanh_double(x)
#define SIGMOID(x) kb_sigmoid_double(x)
#define SET kb_layer_double
#include "layer_rows_body.inc"
