#include "check.h"

typedef long double (*function)(long double);

static long double sigmoid(long double x) { return 1 / (1 + expl(-x)); }
static long double silu(long double x) { return x * sigmoid(x); }
static long double rsqrt(long double x) { return 1 / sqrtl(x); }

// Errors are counted in units in the last place of the result, against long double. On arm64 Linux that
// has 113 bits, on x86-64 64: both far beyond what is measured.
static const struct {
  kb_opcode opcode;
  function exact;
  double low, high, low64, high64, limit64;
} functions[] = {
    {KB_OP_exp, expl, -104, 89, -746, 710, 1.1},
    {KB_OP_exp2, exp2l, -150, 128, -1076, 1025, 1.1},
    {KB_OP_expm1, expm1l, -10, 89, -4, 4, 1.3},
    {KB_OP_log, logl, 1e-30, 1e30, 0.1, 3, 1},
    {KB_OP_log2, log2l, 1e-6, 1e6, 0.1, 3, 1},
    {KB_OP_log10, log10l, 1e-6, 1e6, 0.1, 3, 1},
    {KB_OP_log1p, log1pl, -1, 100, -1, 3, 1},
    {KB_OP_sin, sinl, -100, 100, -1e6, 1e6, 1},
    {KB_OP_cos, cosl, -100, 100, -1e6, 1e6, 1},
    {KB_OP_tan, tanl, -1.5, 1.5, -100, 100, 1.2},
    {KB_OP_asin, asinl, -1, 1, -1, 1, 1},
    {KB_OP_acos, acosl, -1, 1, -1, 1, 1},
    {KB_OP_atan, atanl, -50, 50, -5, 5, 1},
    {KB_OP_sinh, sinhl, -20, 20, -711, 711, 1},
    {KB_OP_cosh, coshl, -20, 20, -711, 711, 1},
    {KB_OP_tanh, tanhl, -10, 10, -20, 20, 1.1},
    {KB_OP_asinh, asinhl, -50, 50, -5, 5, 1.3},
    {KB_OP_acosh, acoshl, 1, 50, 1, 5, 1},
    {KB_OP_atanh, atanhl, -1, 1, -1, 1, 1},
    {KB_OP_sigmoid, sigmoid, -110, 110, -750, 40, 1.1},
    {KB_OP_silu, silu, -110, 110, -760, 40, 1.1},
    {KB_OP_erf, erfl, -4, 4, -4, 4, 1.5},
    {KB_OP_erfc, erfcl, -4, 10.1, -4, 27.3, 1.2},
    {KB_OP_sqrt, sqrtl, 0, 1e9, 0, 1e9, 0.51},
    {KB_OP_rsqrt, rsqrt, 1e-6, 1e6, 1e-6, 1e6, 2},
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

// Half of the numbers are uniform on the interval, half have any bits: all magnitudes, infinities, NaN. Of
// doubles a quarter has magnitudes around 1, which would be few.
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
    if (i % 4) x[i] = ldexp(draw(-1, 1), (int)(bits % 70) - 60);
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

static long double gelu(long double x) { return x * 0.5L * erfcl(-x * sqrtl(0.5L)); }

// For negative x the exponent of Φ(x) is what is rounded.
static void check_gelu(double low, double high, double limit) {
  float *const x = draw_floats(COUNT, low, high), *const y = malloc(COUNT * sizeof *y);
  kb_unary(KB_OP_gelu, KB_FLOAT32, COUNT, x, y);
  for (size_t i = 0; i < COUNT; i++) {
    const long double z = gelu(x[i]);
    compare((double)(y[i] - z), 0, unit32(z));
  }
  char name[64];
  snprintf(name, sizeof name, "gelu from %g to %g float32, ulp", low, high);
  report(name, 1, limit);
  free(x), free(y);
}

static void check_gelu_ends(void) {
  const float x[] = {0.0f, -0.0f, INFINITY, FLT_MAX, -FLT_MAX, -6, -INFINITY, NAN};
  const float expected[] = {0.0f, -0.0f, INFINITY, FLT_MAX, -0.0f, -0.0f, NAN, NAN};
  float y[8];
  kb_unary(KB_OP_gelu, KB_FLOAT32, 8, x, y);
  for (int i = 0; i < 8; i++)
    require(isnan(expected[i]) ? isnan(y[i]) : y[i] == expected[i] && !signbit(y[i]) == !signbit(expected[i]),
            "gelu at its ends");
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

      const double wide = special[i], exact = (double)functions[f].exact(wide);
      double y64;
      kb_unary(functions[f].opcode, KB_FLOAT64, 1, &wide, &y64);
      require(exact != exact ? y64 != y64 : isinf(exact) || exact == 0 ? y64 == exact
                                          : fabs(y64 - exact) < 1e-15,
              kb_opcode_name(functions[f].opcode));
      require(exact != 0 || signbit(y64) == signbit(exact), "the sign of zero");
    }
  }
  report("functions at 0, 1, infinity, NaN", 1, 0);
}

// The bits of a result depend neither on where its argument lies nor on how many others there are.
static void check_positions(kb_opcode opcode, kb_dtype dtype, unsigned arity) {
  enum { ALL = 300, LAST = 40 };
  const size_t size = dtype == KB_FLOAT32 ? 4 : 8;
  char x[8 * ALL], y[8 * ALL], all[8 * ALL], part[8 * (LAST + 1)];
  for (size_t i = 0; i < ALL; i++) {
    const double a = i % 50 == 7 ? ldexp(draw(-1, 1), 500) : draw(-3, 3);
    const double b = i % 60 == 9 ? INFINITY : i % 70 == 3 ? 0 : draw(-3, 3);
    const float a32 = (float)a, b32 = (float)b;
    memcpy(x + i * size, size == 4 ? (const void *)&a32 : &a, size);
    memcpy(y + i * size, size == 4 ? (const void *)&b32 : &b, size);
  }
  for (size_t count = ALL, first = 0; count > 0; count = count == ALL ? LAST : count - 1) {
    char *const out = count == ALL ? all : part;
    memset(part, 77, sizeof part);
    if (arity == 1)
      kb_unary(opcode, dtype, count, x + first * size, out);
    else
      kb_binary(opcode, dtype, count, x + first * size, false, y + first * size, false, out);
    if (count == ALL) continue;
    for (size_t i = 0; i < count; i++) {
      const char *const a = all + (first + i) * size, *const b = part + i * size;
      const bool both_nan = size == 4 ? isnan(*(const float *)a) && isnan(*(const float *)b)
                                      : isnan(*(const double *)a) && isnan(*(const double *)b);
      require(both_nan || memcmp(a, b, size) == 0, kb_opcode_name(opcode));
    }
    require(part[count * size] == 77, "nothing behind the results is written");
    uint64_t a = 0, b = 0, scalar;
    memcpy(&a, x + first * size, size), memcpy(&b, y + first * size, size);
    scalar = arity == 1 ? kb_unary_scalar(opcode, dtype, a)
                        : kb_binary_scalar(opcode, dtype, a, b, NULL);
    float s32;
    double s64;
    memcpy(&s32, &scalar, 4), memcpy(&s64, &scalar, 8);
    require((size == 4 ? isnan(s32) : isnan(s64)) || memcmp(&scalar, all + first * size, size) == 0,
            "scalar and vector give the same bits");
    first += 5;
  }
}

static void check_all_positions(void) {
  static const kb_opcode unary[] = {KB_OP_gelu, KB_OP_gelu_tanh, KB_OP_floor, KB_OP_ceil,
                                    KB_OP_trunc, KB_OP_round,    KB_OP_sign,  KB_OP_relu};
  static const kb_opcode binary[] = {
      KB_OP_pow,       KB_OP_atan2, KB_OP_hypot,     KB_OP_xlogy,     KB_OP_fmod,
      KB_OP_remainder, KB_OP_fmax,  KB_OP_floor_div, KB_OP_trunc_div, KB_OP_gelu_slope,
      KB_OP_gelu_tanh_slope};
  for (kb_dtype dtype = KB_FLOAT32; dtype <= KB_FLOAT64; dtype++) {
    for (size_t f = 0; f < sizeof functions / sizeof *functions; f++)
      check_positions(functions[f].opcode, dtype, 1);
    for (size_t f = 0; f < sizeof unary / sizeof *unary; f++) check_positions(unary[f], dtype, 1);
    for (size_t f = 0; f < sizeof binary / sizeof *binary; f++)
      check_positions(binary[f], dtype, 2);
  }
  report("any position gives the same bits", 1, 0);
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

// The same numbers in double, with their exponents multiplied.
static double *draw_mixed_doubles(size_t count) {
  float *x = draw_mixed(count);
  double *y = malloc(count * sizeof *y);
  for (size_t i = 0; i < count; i++) {
    const int exponent = x[i] == 0 || !isfinite(x[i]) ? 0 : ilogbf(x[i]);
    y[i] = i % 3 == 0 ? ldexp(x[i] * draw(1, 2), 7 * exponent) : x[i];
  }
  free(x);
  return y;
}

static void check_remainders64(void) {
  double *x = draw_mixed_doubles(COUNT), *y = draw_mixed_doubles(COUNT);
  double *rest = malloc(COUNT * 8), *mod = malloc(COUNT * 8), *whole = malloc(COUNT * 8);
  kb_binary(KB_OP_fmod, KB_FLOAT64, COUNT, x, false, y, false, rest);
  kb_binary(KB_OP_remainder, KB_FLOAT64, COUNT, x, false, y, false, mod);
  kb_binary(KB_OP_floor_div, KB_FLOAT64, COUNT, x, false, y, false, whole);
  for (size_t i = 0; i < COUNT; i++) {
    const double exact = fmod(x[i], y[i]);
    require(exact != exact ? rest[i] != rest[i] : memcmp(&exact, &rest[i], 8) == 0, "fmod");
    if (exact != exact) continue;
    const double turned = exact != 0 && (y[i] < 0) != (exact < 0) ? exact + y[i] : exact;
    require(mod[i] == turned, "remainder");
    // Beyond, the quotient rounds.
    if (!(fabs(x[i] / y[i]) < 0x1p40) || isinf(y[i])) continue;
    require(whole[i] == (double)rintl(((long double)x[i] - turned) / y[i]), "floor_div");
  }
  report("remainders float64", 1, 0);
  free(x), free(y), free(rest), free(mod), free(whole);
}

static void check_pairs64(kb_opcode opcode, long double (*exact)(long double, long double),
                          double limit) {
  double *x = draw_mixed_doubles(COUNT), *y = draw_mixed_doubles(COUNT), *z = malloc(COUNT * 8);
  if (opcode == KB_OP_pow) // half of them with results in range
    for (size_t i = 0; i < COUNT; i += 2)
      x[i] = ldexp(draw(1, 2), (int)draw(-1074, 1023)), y[i] = draw(-745, 709) / log(x[i]);
  kb_binary(opcode, KB_FLOAT64, COUNT, x, false, y, false, z);
  for (size_t i = 0; i < COUNT; i++) {
    const double a = fabs(y[i]);
    if (opcode == KB_OP_pow && (a == 0.5 || a == 1 || a == 2 || a == 3)) continue;
    const long double r = exact(x[i], y[i]);
    require((r != r) == (z[i] != z[i]), "NaN");
    require(r != r || signbit(r) == signbit(z[i]), "the sign");
    if (r == r && z[i] != (double)r) compare((double)(z[i] - r), 0, unit64(r));
  }
  char name[64];
  snprintf(name, sizeof name, "%s float64, ulp", kb_opcode_name(opcode));
  report(name, 1, limit);
  free(x), free(y), free(z);
}

void check_elementwise(void) {
  for (size_t f = 0; f < sizeof functions / sizeof *functions; f++) {
    check_float32(functions[f].opcode, functions[f].exact, functions[f].low, functions[f].high);
    check_float64(functions[f].opcode, functions[f].exact, functions[f].low64, functions[f].high64,
                  functions[f].limit64);
  }

  check_gelu(-1, 10, 2.5);
  check_gelu(-5.8, -1, 64);
  check_gelu_ends();
  check_special_values();
  check_remainders();
  check_angles_and_lengths();
  check_remainders64();
  check_pairs64(KB_OP_pow, powl, 1.1);
  check_pairs64(KB_OP_atan2, atan2l, 1.1);
  check_pairs64(KB_OP_hypot, hypotl, 0.8);
  check_all_positions();
}
