// Conversions between dtypes.
#include <complex.h>
#include <string.h>

#include "elementwise.h"
#include "elementwise_nest.h"
#include "half.h"
#include "include/kb_copy.h"
#include "isa.h"

#pragma STDC FP_CONTRACT OFF

typedef float _Complex c64;
typedef double _Complex c128;

// A number outside of the integers' range gives the least of 32 or 64 bits, as the instructions of
// x86 do, of which narrower types keep the low bits.
#define OVERLOADED static inline __attribute__((overloadable, always_inline))
OVERLOADED int32_t int32_from(float x) {
  return x >= -0x1p31f && x < 0x1p31f ? (int32_t)x : INT32_MIN;
}
OVERLOADED int32_t int32_from(double x) {
  return x > -2147483649.0 && x < 2147483648.0 ? (int32_t)x : INT32_MIN;
}
OVERLOADED int64_t int64_from(float x) {
  return x >= -0x1p63f && x < 0x1p63f ? (int64_t)x : INT64_MIN;
}
OVERLOADED int64_t int64_from(double x) {
  return x >= -0x1p63 && x < 0x1p63 ? (int64_t)x : INT64_MIN;
}
// A float outside of int32 is a multiple of 256.
OVERLOADED uint8_t uint8_from(float x) { return (uint8_t)int32_from(x); }
OVERLOADED uint8_t uint8_from(double x) { return (uint8_t)int64_from(x); }

// Each target: from an integer, a real, a complex number. bool is among the integers.
#define REAL_TO_float(x) ((float)(x))
#define REAL_TO_double(x) ((double)(x))
#define REAL_TO_int8(x) ((int8_t)int32_from(x))
#define REAL_TO_int16(x) ((int16_t)int32_from(x))
#define REAL_TO_int32(x) int32_from(x)
#define REAL_TO_int64(x) int64_from(x)
#define REAL_TO_uint8(x) uint8_from(x)
#define REAL_TO_bool(x) ((x) != 0)
#define REAL_TO_c64(x) ((c64)(x))
#define REAL_TO_c128(x) ((c128)(x))
#define INT_TO_float REAL_TO_float
#define INT_TO_double REAL_TO_double
#define INT_TO_int8(x) ((int8_t)(x))
#define INT_TO_int16(x) ((int16_t)(x))
#define INT_TO_int32(x) ((int32_t)(x))
#define INT_TO_int64(x) ((int64_t)(x))
#define INT_TO_uint8(x) ((uint8_t)(x))
#define INT_TO_bool REAL_TO_bool
#define INT_TO_c64 REAL_TO_c64
#define INT_TO_c128 REAL_TO_c128
#define COMPLEX_TO_float(x) ((float)creal(x))
#define COMPLEX_TO_double(x) creal(x)
#define COMPLEX_TO_int8(x) REAL_TO_int8(creal(x))
#define COMPLEX_TO_int16(x) REAL_TO_int16(creal(x))
#define COMPLEX_TO_int32(x) REAL_TO_int32(creal(x))
#define COMPLEX_TO_int64(x) REAL_TO_int64(creal(x))
#define COMPLEX_TO_uint8(x) REAL_TO_uint8(creal(x))
#define COMPLEX_TO_bool REAL_TO_bool
#define COMPLEX_TO_c64 REAL_TO_c64
#define COMPLEX_TO_c128 REAL_TO_c128

#define BODY "cast_body.inc"
#include "isa_each.inc"

typedef void cast_from(kb_dtype to, size_t n, const void *x, void *out);
#define CASTS(isa)                                                                                 \
  static cast_from *const casts_##isa[KB_DTYPE_COUNT] = {                                          \
      [KB_FLOAT32] = cast_float_##isa,  [KB_FLOAT64] = cast_double_##isa,                          \
      [KB_INT8] = cast_int8_##isa,      [KB_INT16] = cast_int16_##isa,                             \
      [KB_INT32] = cast_int32_##isa,    [KB_INT64] = cast_int64_##isa,                             \
      [KB_UINT8] = cast_uint8_##isa,    [KB_BOOL] = cast_uint8_##isa,                              \
      [KB_COMPLEX64] = cast_c64_##isa,  [KB_COMPLEX128] = cast_c128_##isa,                         \
  };
CASTS(baseline)
#if defined(__x86_64__)
CASTS(avx2)
CASTS(avx512)
#endif

static void cast_plain(kb_dtype from, kb_dtype to, size_t n, const void *x, void *out) {
  (*KB_ACTIVE(casts))[from](to, n, x, out);
}

static void half_to_float(kb_dtype from, size_t n, const void *x, float *out) {
  const kb_half_kernels *const halves = &kb_active_kernels->half;
  (from == KB_FLOAT16 ? halves->from_float16 : halves->from_bfloat16)(n, x, out);
}

static void float_to_half(kb_dtype to, size_t n, const float *x, void *out) {
  const kb_half_kernels *const halves = &kb_active_kernels->half;
  (to == KB_FLOAT16 ? halves->to_float16 : halves->to_bfloat16)(n, x, out);
}

// Halves meet other types than float in blocks of floats, which stay in the first level.
static void cast_by_float(kb_dtype from, kb_dtype to, size_t n, const char *x, char *out) {
  enum { BLOCK = 1024 };
  float block[BLOCK];
  const size_t from_size = kb_dtype_size(from), to_size = kb_dtype_size(to);
  for (size_t start = 0; start < n; start += BLOCK) {
    const size_t m = n - start < BLOCK ? n - start : BLOCK;
    if (kb_is_half(from)) half_to_float(from, m, x + start * from_size, block);
    else cast_plain(from, KB_FLOAT32, m, x + start * from_size, block);
    if (kb_is_half(to)) float_to_half(to, m, block, out + start * to_size);
    else cast_plain(KB_FLOAT32, to, m, block, out + start * to_size);
  }
}

static void cast_contiguous(kb_dtype from, kb_dtype to, size_t n, const void *x, void *out) {
  if (from == to) memcpy(out, x, n * kb_dtype_size(from));
  else if (!kb_is_half(from) && !kb_is_half(to)) cast_plain(from, to, n, x, out);
  else if (to == KB_FLOAT32) half_to_float(from, n, x, out);
  else if (from == KB_FLOAT32) float_to_half(to, n, x, out);
  else cast_by_float(from, to, n, x, out);
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
  // Narrower results are no large part of what passes: to go around the caches they take longer.
  if (kb_dtype_size(to) > size && kb_nest_streams(&nest)) nest.stage = 4096;
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
  default: cast_contiguous(KB_FLOAT64, dtype, 1, &x, &bits); return bits;
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
  default: cast_contiguous(dtype, KB_FLOAT64, 1, &x, &y); return y;
  }
}

int64_t kb_scalar_to_int64(kb_dtype dtype, uint64_t x) {
  if (dtype == KB_INT64) return (int64_t)x;
  int64_t y;
  cast_contiguous(dtype, KB_INT64, 1, &x, &y);
  return y;
}
