#include "check.h"

typedef long double (*function)(long double);

static long double sigmoid(long double x) { return 1 / (1 + expl(-x)); }
static long double silu(long double x) { return x / (1 + expl(-x)); }
static long double rsqrt(long double x) { return 1 / sqrtl(x); }

// Errors are counted in units in the last place of the result, against long double. On arm64 Linux
// that has 113 bits, on x86-64 64: both far beyond what is measured.
static const struct {
  kb_opcode opcode;
  function exact;
  double low, high, limit32, limit64;
} functions[] = {
    {KB_OP_exp, expl, -87, 88, 1, 2},        {KB_OP_exp2, exp2l, -120, 120, 2, 2},
    {KB_OP_expm1, expm1l, -10, 10, 2, 2},    {KB_OP_log, logl, 1e-30, 1e30, 1, 2},
    {KB_OP_log2, log2l, 1e-6, 1e6, 2, 2},    {KB_OP_log10, log10l, 1e-6, 1e6, 2, 2},
    {KB_OP_log1p, log1pl, -0.9, 100, 2, 2},  {KB_OP_sin, sinl, -100, 100, 2, 2},
    {KB_OP_cos, cosl, -100, 100, 2, 2},      {KB_OP_tan, tanl, -1.5, 1.5, 2, 2},
    {KB_OP_asin, asinl, -1, 1, 2, 2},        {KB_OP_acos, acosl, -1, 1, 2, 2},
    {KB_OP_atan, atanl, -50, 50, 2, 2},      {KB_OP_sinh, sinhl, -20, 20, 2.5, 2},
    {KB_OP_cosh, coshl, -20, 20, 2, 2},      {KB_OP_tanh, tanhl, -9, 9, 2, 2},
    {KB_OP_asinh, asinhl, -50, 50, 2, 2},    {KB_OP_acosh, acoshl, 1, 50, 2, 2},
    {KB_OP_atanh, atanhl, -0.99, 0.99, 2, 2}, {KB_OP_sigmoid, sigmoid, -80, 80, 2.5, 2.5},
    {KB_OP_silu, silu, -20, 20, 3, 3},       {KB_OP_erf, erfl, -4, 4, 2, 2},
    {KB_OP_erfc, erfcl, -4, 9, 3, 3},        {KB_OP_sqrt, sqrtl, 0, 1e9, 0.51, 0.51},
    {KB_OP_rsqrt, rsqrt, 1e-6, 1e6, 2, 2},
};

static double unit32(long double y) {
  float z = fabsf((float)y);
  return z < FLT_MIN ? ldexp(1, -149) : nextafterf(z, INFINITY) - (double)z;
}

static double unit64(long double y) {
  double z = fabs((double)y);
  return z < DBL_MIN ? ldexp(1, -1074) : nextafter(z, INFINITY) - z;
}

void check_elementwise(void) {
  enum { count = 20011 };
  for (size_t f = 0; f < sizeof functions / sizeof *functions; f++) {
    char name[64];
    float *x = draw_floats(count, functions[f].low, functions[f].high);
    float *y = malloc(count * sizeof *y);
    kb_unary(functions[f].opcode, KB_FLOAT32, count, x, y);
    for (size_t i = 0; i < count; i++) {
      long double exact = functions[f].exact(x[i]);
      compare(y[i] - (double)exact, 0, unit32(exact));
    }
    snprintf(name, sizeof name, "%s float32, ulp", kb_opcode_name(functions[f].opcode));
    report(name, 1, functions[f].limit32);

    uint32_t bits;
    for (size_t i = 0; i < count; i += 97) {
      memcpy(&bits, &x[i], 4);
      uint64_t scalar = kb_unary_scalar(functions[f].opcode, KB_FLOAT32, bits);
      require(memcmp(&scalar, &y[i], 4) == 0, "scalar and vector give the same bits");
    }

    double *u = draw_doubles(count, functions[f].low, functions[f].high);
    double *v = malloc(count * sizeof *v);
    kb_unary(functions[f].opcode, KB_FLOAT64, count, u, v);
    for (size_t i = 0; i < count; i++) {
      long double exact = functions[f].exact(u[i]);
      compare((double)(v[i] - exact), 0, unit64(exact));
    }
    snprintf(name, sizeof name, "%s float64, ulp", kb_opcode_name(functions[f].opcode));
    report(name, 1, functions[f].limit64);
    free(x), free(y), free(u), free(v);
  }

  const float special[] = {0.0f, -0.0f, INFINITY, -INFINITY, NAN};
  for (size_t i = 0; i < 5; i++) {
    float y;
    kb_unary(KB_OP_exp, KB_FLOAT32, 1, &special[i], &y);
    compare(y, expf(special[i]), 1);
    kb_unary(KB_OP_tanh, KB_FLOAT32, 1, &special[i], &y);
    compare(y, tanhf(special[i]), 1);
    require(isnan(y) || signbit(y) == signbit(special[i]), "tanh keeps the sign of zero");
    kb_unary(KB_OP_log, KB_FLOAT32, 1, &special[i], &y);
    compare(y, logf(special[i]), 1);
  }
  report("exp, tanh, log at 0, infinity, NaN", 1, 0);
}
