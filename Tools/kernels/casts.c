#include "check.h"

// Conversions between all dtypes against the rules written out for one element: a number outside of the
// integers' range gives the least of 32 bits (int8, int16, int32) or 64 (int64, uint8), of which
// narrower types keep the low bits.
typedef struct {
  bool integer;
  int64_t i;
  double re, im;
} element;

// A half of `digits` bits behind the point, whose least exponent is `least`, as bits.
static double half_value(uint16_t bits, int digits, int least) {
  const int exponent = (bits & 0x7fff) >> digits, fraction = bits & ((1 << digits) - 1);
  const int top = 0x7fff >> digits;
  const double magnitude = exponent == top ? (fraction ? NAN : INFINITY)
                           : exponent == 0
                               ? ldexp(fraction, least - digits)
                               : ldexp(fraction + (1 << digits), least + exponent - 1 - digits);
  return bits >> 15 ? -magnitude : magnitude;
}

static double to_half(double x, int digits, int least, double limit) {
  if (isnan(x) || isinf(x) || x == 0) return x;
  int exponent;
  frexp(x, &exponent);
  exponent = exponent - 1 > least ? exponent - 1 : least;
  const double rounded = ldexp(nearbyint(ldexp(x, digits - exponent)), exponent - digits);
  return fabs(rounded) >= limit ? copysign(INFINITY, x) : rounded;
}

static element get(kb_dtype dtype, const char *x) {
  element e = {0};
  float f[2];
  double d[2] = {0};
  int64_t i = 0;
  uint16_t h;
  memcpy(&h, x, kb_dtype_size(dtype) > 1 ? 2 : 1);
  switch (dtype) {
    case KB_FLOAT32: memcpy(f, x, 4); d[0] = f[0]; break;
    case KB_FLOAT64: memcpy(d, x, 8); break;
    case KB_FLOAT16: d[0] = half_value(h, 10, -14); break;
    case KB_BFLOAT16: d[0] = half_value(h, 7, -126); break;
    case KB_COMPLEX64: memcpy(f, x, 8); d[0] = f[0], d[1] = f[1]; break;
    case KB_COMPLEX128: memcpy(d, x, 16); break;
    case KB_INT8: i = *(const int8_t *)x; break;
    case KB_INT16: i = (int16_t)h; break;
    case KB_INT32: { int32_t v; memcpy(&v, x, 4); i = v; break; }
    case KB_INT64: memcpy(&i, x, 8); break;
    default: i = *(const uint8_t *)x; break;
  }
  e.integer = dtype >= KB_INT8 && dtype <= KB_BOOL;
  e.i = i, e.re = e.integer ? (double)i : d[0], e.im = d[1];
  return e;
}

static int64_t to_integer(element e, double limit, int64_t least) {
  if (e.integer) return e.i;
  const double whole = trunc(e.re);
  return whole >= -limit && whole < limit ? (int64_t)whole : least;
}

// What `e` becomes, as get() would read it back.
static element expected(element e, kb_dtype to) {
  const float f = e.integer ? (float)e.i : (float)e.re;
  const int64_t i32 = to_integer(e, 0x1p31, INT32_MIN), i64 = to_integer(e, 0x1p63, INT64_MIN);
  element r = {.re = e.re};
  switch (to) {
    case KB_FLOAT32: r.re = f; return r;
    case KB_FLOAT64: return r;
    case KB_FLOAT16: r.re = to_half(f, 10, -14, 65536); return r;
    case KB_BFLOAT16: r.re = to_half(f, 7, -126, 0x1p128); return r;
    case KB_COMPLEX64: r.re = f, r.im = (float)e.im; return r;
    case KB_COMPLEX128: r.im = e.im; return r;
    case KB_INT8: r.i = (int8_t)i32; break;
    case KB_INT16: r.i = (int16_t)i32; break;
    case KB_INT32: r.i = (int32_t)i32; break;
    case KB_INT64: r.i = i64; break;
    case KB_UINT8: r.i = (uint8_t)i64; break;
    default: r.i = e.integer ? e.i != 0 : e.re != 0 || e.im != 0; break;
  }
  r.integer = true, r.re = (double)r.i;
  return r;
}

static bool same(double a, double b) {
  return isnan(a) ? isnan(b) : a == b && signbit(a) == signbit(b);
}

// Element `k` of an array that is converted: special numbers first, then bits of all kinds.
static void put(kb_dtype dtype, size_t k, char *x) {
  static const double special[] = {
      0, -0.0, NAN, INFINITY, -INFINITY, 1, -1, 0.5, -0.5, 127.9, -128.9, 255, 256, 300, -300,
      32767.9, -32769, 65504, 65519.9, 65520, 5.9e-8, 2.9e-8, 2147483647.0, 2147483647.5, 2147483648.0, -2147483648.0,
      -2147483648.5, -2147483649.0, 4294967295.0, 4294967809.0, 0x1.fffffffffffffp62, 0x1p63, -0x1p63,
      -0x1.0000000000001p63, 0x1p40 + 255, 1e300, -1e300, 3.4e38, 3.39e38, 1e-40, 1e-310};
  enum { SPECIAL = sizeof special / sizeof *special };
  char bits[16];
  for (size_t i = 0; i < 16; i++) bits[i] = (char)draw(-128, 128);
  const double number = k < SPECIAL ? special[k] : ldexp(draw(-1, 1), (int)draw(-30, 66));
  const double d[2] = {number, k % 3 ? 0 : draw(-2, 2)};
  const float f[2] = {(float)d[0], (float)d[1]};
  const bool typical = k < SPECIAL || k % 2;
  if (dtype == KB_BOOL) *x = bits[0] & 1;
  else if (dtype == KB_FLOAT32 && typical) memcpy(x, f, 4);
  else if (dtype == KB_COMPLEX64) memcpy(x, f, 8);
  else if (dtype == KB_FLOAT64 && typical) memcpy(x, d, 8);
  else if (dtype == KB_COMPLEX128) memcpy(x, d, 16);
  else memcpy(x, bits, kb_dtype_size(dtype));
}

// Every length takes another part of a loop; the last one is many blocks long. Nothing behind the last
// element is written.
static bool check_pair(kb_dtype from, kb_dtype to) {
  enum { MOST = 5003 };
  const size_t size = kb_dtype_size(from), to_size = kb_dtype_size(to);
  char *x = malloc(MOST * size), *out = malloc((MOST + 1) * to_size);
  bool good = true;
  for (size_t k = 0; k < MOST; k++) put(from, k, x + k * size);
  for (size_t n = 1; n <= 71; n++) {
    const intptr_t count = n > 70 ? MOST : (intptr_t)n;
    memset(out, 0x5a, (MOST + 1) * to_size);
    kb_cast(from, to, 1, &count, x, NULL, out);
    for (size_t k = 0; k < (size_t)count; k++) {
      const element e = expected(get(from, x + k * size), to), found = get(to, out + k * to_size);
      good &= e.integer ? e.i == found.i : same(e.re, found.re) && same(e.im, found.im);
    }
    for (size_t i = 0; i < to_size; i++) good &= out[(size_t)count * to_size + i] == 0x5a;
  }
  free(x);
  free(out);
  return good;
}

void check_casts(void) {
  for (kb_dtype from = 0; from < KB_DTYPE_COUNT; from++) {
    for (kb_dtype to = 0; to < KB_DTYPE_COUNT; to++) {
      char name[48];
      snprintf(name, sizeof name, "cast of dtype %d to %d", (int)from, (int)to);
      if (from != to) require(check_pair(from, to), name);
    }
  }
}
