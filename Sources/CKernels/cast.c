// Conversions between dtypes.
#include <complex.h>
#include <string.h>

#include "elementwise.h"
#include "elementwise_nest.h"
#include "half.h"
#include "include/kb_copy.h"

#pragma STDC FP_CONTRACT OFF

typedef float _Complex c64;
typedef double _Complex c128;

// A number outside of the integers' range gives the least of 32 or 64 bits, as the instructions of
// x86 do, of which narrower types keep the low bits.
static inline int32_t int32_from(double x) {
  return x > -2147483649.0 && x < 2147483648.0 ? (int32_t)x : INT32_MIN;
}
static inline int64_t int64_from(double x) {
  return x >= -0x1p63 && x < 0x1p63 ? (int64_t)x : INT64_MIN;
}

// Each target: from an integer, a real, a complex number. bool is among the integers.
#define TO_float(x) ((float)(x))
#define TO_double(x) ((double)(x))
#define TO_c64(x) ((c64)(x))
#define TO_c128(x) ((c128)(x))
#define INT_TO_int8(x) ((int8_t)(x))
#define INT_TO_int16(x) ((int16_t)(x))
#define INT_TO_int32(x) ((int32_t)(x))
#define INT_TO_int64(x) ((int64_t)(x))
#define INT_TO_uint8(x) ((uint8_t)(x))
#define INT_TO_bool(x) ((x) != 0)
#define REAL_TO_int8(x) ((int8_t)int32_from(x))
#define REAL_TO_int16(x) ((int16_t)int32_from(x))
#define REAL_TO_int32(x) int32_from(x)
#define REAL_TO_int64(x) int64_from(x)
#define REAL_TO_uint8(x) ((uint8_t)int64_from(x))
#define REAL_TO_bool(x) ((x) != 0)
#define COMPLEX_TO_int8(x) REAL_TO_int8(creal(x))
#define COMPLEX_TO_int16(x) REAL_TO_int16(creal(x))
#define COMPLEX_TO_int32(x) REAL_TO_int32(creal(x))
#define COMPLEX_TO_int64(x) REAL_TO_int64(creal(x))
#define COMPLEX_TO_uint8(x) REAL_TO_uint8(creal(x))
#define COMPLEX_TO_bool(x) ((x) != 0)
#define INT_TO_float TO_float
#define INT_TO_double TO_double
#define INT_TO_c64 TO_c64
#define INT_TO_c128 TO_c128
#define REAL_TO_float TO_float
#define REAL_TO_double TO_double
#define REAL_TO_c64 TO_c64
#define REAL_TO_c128 TO_c128
#define COMPLEX_TO_float(x) ((float)creal(x))
#define COMPLEX_TO_double(x) creal(x)
#define COMPLEX_TO_c64 TO_c64
#define COMPLEX_TO_c128 TO_c128

// number, name, type, kind of the source
#define TYPES(X, ...)                                                                              \
  X(KB_FLOAT32, float, float, REAL, __VA_ARGS__)                                                   \
  X(KB_FLOAT64, double, double, REAL, __VA_ARGS__)                                                 \
  X(KB_INT8, int8, int8_t, INT, __VA_ARGS__)                                                       \
  X(KB_INT16, int16, int16_t, INT, __VA_ARGS__)                                                    \
  X(KB_INT32, int32, int32_t, INT, __VA_ARGS__)                                                    \
  X(KB_INT64, int64, int64_t, INT, __VA_ARGS__)                                                    \
  X(KB_UINT8, uint8, uint8_t, INT, __VA_ARGS__)                                                    \
  X(KB_BOOL, bool, uint8_t, INT, __VA_ARGS__)                                                      \
  X(KB_COMPLEX64, c64, c64, COMPLEX, __VA_ARGS__)                                                  \
  X(KB_COMPLEX128, c128, c128, COMPLEX, __VA_ARGS__)

#define LOOP_TO(number, name, T, kind, S, source)                                                  \
  case number:                                                                                     \
    for (size_t i = 0; i < n; i++) ((T *)out)[i] = source##_TO_##name(((const S *)x)[i]);          \
    break;

// TYPES cannot expand inside itself: each source has a function of its own.
#define TARGETS(S, source)                                                                         \
  switch (to) { TYPES(LOOP_TO, S, source) }
static void cast_float(kb_dtype to, size_t n, const void *x, void *out) { TARGETS(float, REAL) }
static void cast_double(kb_dtype to, size_t n, const void *x, void *out) { TARGETS(double, REAL) }
static void cast_int8(kb_dtype to, size_t n, const void *x, void *out) { TARGETS(int8_t, INT) }
static void cast_int16(kb_dtype to, size_t n, const void *x, void *out) { TARGETS(int16_t, INT) }
static void cast_int32(kb_dtype to, size_t n, const void *x, void *out) { TARGETS(int32_t, INT) }
static void cast_int64(kb_dtype to, size_t n, const void *x, void *out) { TARGETS(int64_t, INT) }
static void cast_uint8(kb_dtype to, size_t n, const void *x, void *out) { TARGETS(uint8_t, INT) }
static void cast_c64(kb_dtype to, size_t n, const void *x, void *out) { TARGETS(c64, COMPLEX) }
static void cast_c128(kb_dtype to, size_t n, const void *x, void *out) { TARGETS(c128, COMPLEX) }

static void cast_plain(kb_dtype from, kb_dtype to, size_t n, const void *x, void *out) {
  static void (*const casts[KB_DTYPE_COUNT])(kb_dtype, size_t, const void *, void *) = {
      [KB_FLOAT32] = cast_float, [KB_FLOAT64] = cast_double,  [KB_INT8] = cast_int8,
      [KB_INT16] = cast_int16,   [KB_INT32] = cast_int32,     [KB_INT64] = cast_int64,
      [KB_UINT8] = cast_uint8,   [KB_BOOL] = cast_uint8,      [KB_COMPLEX64] = cast_c64,
      [KB_COMPLEX128] = cast_c128,
  };
  casts[from](to, n, x, out);
}

// Halves go through blocks of floats.
static void cast_contiguous(kb_dtype from, kb_dtype to, size_t n, const void *x_, void *out_) {
  const char *x = x_;
  char *out = out_;
  if (from == to) {
    memcpy(out, x, n * kb_dtype_size(from));
    return;
  }
  if (!kb_is_half(from) && !kb_is_half(to)) {
    cast_plain(from, to, n, x, out);
    return;
  }
  const kb_half_kernels *const halves = &kb_active_kernels->half;
  const size_t from_size = kb_dtype_size(from), to_size = kb_dtype_size(to);
  for (size_t start = 0; start < n; start += 512) {
    const size_t m = n - start < 512 ? n - start : 512;
    float block[512];
    const float *values = block;
    if (from == KB_FLOAT16) halves->from_float16(m, (const uint16_t *)x, block);
    else if (from == KB_BFLOAT16) halves->from_bfloat16(m, (const uint16_t *)x, block);
    else if (from == KB_FLOAT32) values = (const float *)x;
    else cast_plain(from, KB_FLOAT32, m, x, block);
    if (to == KB_FLOAT16) halves->to_float16(m, values, (uint16_t *)out);
    else if (to == KB_BFLOAT16) halves->to_bfloat16(m, values, (uint16_t *)out);
    else cast_plain(KB_FLOAT32, to, m, values, out);
    x += m * from_size;
    out += m * to_size;
  }
}

typedef struct {
  kb_dtype from, to;
  const kb_nest *nest;
} cast_context;

static kb_status cast_body(const void *context, size_t n, const void *const *in, void *out,
                           char *scratch) {
  (void)scratch;
  const cast_context *const c = context;
  if (c->nest->uniform) {
    uint64_t one[2];
    cast_contiguous(c->from, c->to, 1, in[0], one);
    const intptr_t dims[1] = {(intptr_t)n};
    kb_fill(kb_dtype_size(c->to), 1, dims, one, out, NULL);
  } else {
    cast_contiguous(c->from, c->to, n, in[0], out);
  }
  return KB_OK;
}

void kb_cast(kb_dtype from, kb_dtype to, size_t rank, const intptr_t *dims, const void *src,
             const intptr_t *src_strides, void *dst) {
  const size_t size = kb_dtype_size(from);
  kb_nest nest;
  kb_nest_init(&nest, rank, dims, 1, &src, &size, &src_strides, dst, kb_dtype_size(to));
  const cast_context c = {from, to, &nest};
  kb_nest_run(&nest, SIZE_MAX, 1, 0, cast_body, &c);
}

// --- Single elements

uint64_t kb_cast_scalar(kb_dtype from, kb_dtype to, uint64_t x) {
  if (from == to) return x;
  uint64_t out = 0;
  cast_contiguous(from, to, 1, &x, &out);
  return out;
}

uint64_t kb_scalar_from_double(kb_dtype dtype, double x) {
  uint64_t bits = 0;
  switch (dtype) {
  case KB_FLOAT32: return kb_float_bits((float)x);
  case KB_FLOAT64: memcpy(&bits, &x, 8); return bits;
  case KB_FLOAT16: return kb_float_to_float16((float)x);
  case KB_BFLOAT16: return kb_float_to_bfloat16((float)x);
  default: cast_plain(KB_FLOAT64, dtype, 1, &x, &bits); return bits;
  }
}

uint64_t kb_scalar_from_int64(kb_dtype dtype, int64_t x) {
  uint64_t bits = 0;
  cast_contiguous(KB_INT64, dtype, 1, &x, &bits);
  return bits;
}

double kb_scalar_to_double(kb_dtype dtype, uint64_t x) {
  double y;
  switch (dtype) {
  case KB_FLOAT32: return kb_float_from_bits((uint32_t)x);
  case KB_FLOAT64: memcpy(&y, &x, 8); return y;
  case KB_FLOAT16: return kb_float16_to_float((uint16_t)x);
  case KB_BFLOAT16: return kb_bfloat16_to_float((uint16_t)x);
  default: cast_plain(dtype, KB_FLOAT64, 1, &x, &y); return y;
  }
}

int64_t kb_scalar_to_int64(kb_dtype dtype, uint64_t x) {
  if (dtype == KB_INT64) return (int64_t)x;
  int64_t y;
  cast_contiguous(dtype, KB_INT64, 1, &x, &y);
  return y;
}
