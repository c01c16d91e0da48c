#include "check.h"

typedef long double (*function)(long double);

static long double sigmoid(long double x) { return 1 / (1 + expl(-x)); }
static long double silu(long double x) { return x * sigmoid(x); }
static long double rsqrt(long double x) { return 1 / sqrtl(x); }

// Errors are counted in units in the last place of the result, against long double. On arm64 Linux
// that has 113 bits, on x86-64 64: both far beyond what is measured. Where double is the C library's,
// its erfc is measured too.
static const struct {
  kb_opcode opcode;
  function exact;
  double low, high, limit64;
} functions[] = {
    {KB_OP_exp, expl, -104, 89, 2},        {KB_OP_exp2, exp2l, -150, 128, 2},
    {KB_OP_expm1, expm1l, -10, 89, 2},     {KB_OP_log, logl, 1e-30, 1e30, 2},
    {KB_OP_log2, log2l, 1e-6, 1e6, 2},     {KB_OP_log10, log10l, 1e-6, 1e6, 2},
    {KB_OP_log1p, log1pl, -1, 100, 2},     {KB_OP_sin, sinl, -100, 100, 2},
    {KB_OP_cos, cosl, -100, 100, 2},       {KB_OP_tan, tanl, -1.5, 1.5, 2},
    {KB_OP_asin, asinl, -1, 1, 2},         {KB_OP_acos, acosl, -1, 1, 2},
    {KB_OP_atan, atanl, -50, 50, 2},       {KB_OP_sinh, sinhl, -20, 20, 2},
    {KB_OP_cosh, coshl, -20, 20, 2},       {KB_OP_tanh, tanhl, -10, 10, 2},
    {KB_OP_asinh, asinhl, -50, 50, 2},     {KB_OP_acosh, acoshl, 1, 50, 2},
    {KB_OP_atanh, atanhl, -1, 1, 2},       {KB_OP_sigmoid, sigmoid, -110, 110, 2},
    {KB_OP_silu, silu, -110, 110, 2},      {KB_OP_erf, erfl, -4, 4, 2},
    {KB_OP_erfc, erfcl, -4, 10.1, 3.5},    {KB_OP_sqrt, sqrtl, 0, 1e9, 0.51},
    {KB_OP_rsqrt, rsqrt, 1e-6, 1e6, 2},
};

// A unit of the result's last place; that below a power of two would be half of it.
static double unit32(long double y) {
  float z = fabsf((float)y);
  return z < FLT_MIN ? ldexp(1, -149) : nextafterf(z, INFINITY) - (double)z;
}

static double unit64(long double y) {
  double z = fabs((double)y);
  return z < DBL_MIN ? ldexp(1, -1074) : nextafter(z, INFINITY) - z;
}

static uint64_t random_bits(void) {
  static uint64_t state = 88172645463325252;
  state ^= state << 13, state ^= state >> 7, state ^= state << 17;
  return state;
}

// Half of the numbers are uniform on the interval, half have any bits: all magnitudes, infinities, NaN.
enum { COUNT = 20022 };

static void check_float32(kb_opcode opcode, function exact, double low, double high) {
  float *x = draw_floats(COUNT, low, high), *y = malloc(COUNT * sizeof *y);
  for (size_t i = 0; i < COUNT; i += 2) {
    const uint32_t bits = (uint32_t)random_bits();
    memcpy(&x[i], &bits, 4);
  }
  kb_unary(opcode, KB_FLOAT32, COUNT, x, y);
  for (size_t i = 0; i < COUNT; i++) {
    const long double z = exact(x[i]);
    if (z != z || isinf((float)z) || y[i] != y[i] || isinf(y[i]))
      // The largest number may stand for what rounds to infinity by a hair.
      require((z != z && y[i] != y[i]) || y[i] == (float)z || fabsf(y[i]) == FLT_MAX,
              kb_opcode_name(opcode));
    else
      compare((double)(y[i] - z), 0, unit32(z));
  }
  char name[64];
  snprintf(name, sizeof name, "%s float32, ulp", kb_opcode_name(opcode));
  report(name, 1, opcode == KB_OP_sqrt ? 0.51 : 2);

  for (size_t i = 0; i < COUNT; i += 97) {
    uint32_t bits;
    memcpy(&bits, &x[i], 4);
    uint64_t scalar = kb_unary_scalar(opcode, KB_FLOAT32, bits);
    require(memcmp(&scalar, &y[i], 4) == 0, "scalar and vector give the same bits");
  }
  free(x), free(y);
}

static void check_float64(kb_opcode opcode, function exact, double low, double high, double limit) {
  double *x = draw_doubles(COUNT, low, high), *y = malloc(COUNT * sizeof *y);
  for (size_t i = 0; i < COUNT; i += 2) {
    const uint64_t bits = random_bits();
    memcpy(&x[i], &bits, 8);
  }
  kb_unary(opcode, KB_FLOAT64, COUNT, x, y);
  for (size_t i = 0; i < COUNT; i++) {
    const long double z = exact(x[i]);
    if (z != z || isinf((double)z) || y[i] != y[i] || isinf(y[i]))
      require((z != z && y[i] != y[i]) || y[i] == (double)z || fabs(y[i]) == DBL_MAX,
              kb_opcode_name(opcode));
    else
      compare((double)(y[i] - z), 0, unit64(z));
  }
  char name[64];
  snprintf(name, sizeof name, "%s float64, ulp", kb_opcode_name(opcode));
  report(name, 1, limit);
  free(x), free(y);
}

static void check_special_values(void) {
  const float special[] = {0.0f, -0.0f, INFINITY, -INFINITY, NAN, 1, -1};
  for (size_t f = 0; f < sizeof functions / sizeof *functions; f++) {
    for (size_t i = 0; i < sizeof special / sizeof *special; i++) {
      const float z = (float)functions[f].exact(special[i]);
      float y;
      kb_unary(functions[f].opcode, KB_FLOAT32, 1, &special[i], &y);
      require(z != z ? y != y : fabsf(z) > 2 || z == 0 ? y == z : fabsf(y - z) < 1e-6f,
              kb_opcode_name(functions[f].opcode));
      require(z != 0 || signbit(y) == signbit(z), "the sign of zero");
    }
  }
  report("functions at 0, 1, infinity, NaN", 1, 0);
}

// Numbers of all magnitudes, small integers and halves, zeros, infinities and NaN.
static float *draw_mixed(size_t count) {
  float *x = draw_floats(count, -50, 50);
  for (size_t i = 0; i < count; i++) {
    const uint32_t bits = (uint32_t)random_bits();
    if (bits % 3 == 0) memcpy(&x[i], &bits, 4);
    if (bits % 3 == 1) x[i] = rintf(x[i]) / 2;
    if (bits % 97 == 5) x[i] = (const float[]){0, -0.0f, INFINITY, -INFINITY, NAN}[bits / 97 % 5];
  }
  return x;
}

static void check_remainders(void) {
  float *x = draw_mixed(COUNT), *y = draw_mixed(COUNT);
  float *rest = malloc(COUNT * 4), *mod = malloc(COUNT * 4), *whole = malloc(COUNT * 4);
  kb_binary(KB_OP_fmod, KB_FLOAT32, COUNT, x, false, y, false, rest);
  kb_binary(KB_OP_remainder, KB_FLOAT32, COUNT, x, false, y, false, mod);
  kb_binary(KB_OP_floor_div, KB_FLOAT32, COUNT, x, false, y, false, whole);
  for (size_t i = 0; i < COUNT; i++) {
    const float exact = fmodf(x[i], y[i]);
    require(exact != exact ? rest[i] != rest[i] : memcmp(&exact, &rest[i], 4) == 0, "fmod");
    const long double floored = floorl((long double)x[i] / y[i]);
    // Beyond, the quotient in float rounds.
    if (!(fabsl(floored) < 0x1p20L) || isinf(y[i])) continue;
    require(whole[i] == (float)floored, "floor_div");
    compare(mod[i], (double)(x[i] - floored * y[i]), unit32(y[i]));
  }
  report("remainder, ulp of the divisor", 1, 1);
  free(x), free(y), free(rest), free(mod), free(whole);
}

static void check_angles_and_lengths(void) {
  float *x = draw_mixed(COUNT), *y = draw_mixed(COUNT);
  float *angle = malloc(COUNT * 4), *length = malloc(COUNT * 4);
  kb_binary(KB_OP_atan2, KB_FLOAT32, COUNT, y, false, x, false, angle);
  kb_binary(KB_OP_hypot, KB_FLOAT32, COUNT, x, false, y, false, length);
  for (size_t i = 0; i < COUNT; i++) {
    const long double a = atan2l(y[i], x[i]), l = hypotl(x[i], y[i]);
    require((a != a) == (angle[i] != angle[i]) && (l != l) == (length[i] != length[i]), "NaN");
    require(a != a || signbit(a) == signbit(angle[i]), "the sign of an angle");
    if (a == a) compare((double)(angle[i] - a), 0, unit32(a));
    if (l == l && length[i] != (float)l) compare((double)(length[i] - l), 0, unit32(l));
  }
  report("atan2 and hypot, ulp", 1, 0.52);
  free(x), free(y), free(angle), free(length);
}

void check_elementwise(void) {
  for (size_t f = 0; f < sizeof functions / sizeof *functions; f++) {
    check_float32(functions[f].opcode, functions[f].exact, functions[f].low, functions[f].high);
    check_float64(functions[f].opcode, functions[f].exact, functions[f].low, functions[f].high,
                  functions[f].limit64);
  }

  check_special_values();
  check_remainders();
  check_angles_and_lengths();
}
