// Lines of any dtype to and from the compute types.
#include <math.h>
#include <string.h>

#include "elementwise.h"
#include "half.h"
#include "reduce_internal.h"

#pragma STDC FP_CONTRACT OFF

typedef struct { float re, im; } complex64;
typedef struct { double re, im; } complex128;

kb_compute kb_compute_of(kb_dtype dtype) {
  switch (dtype) {
    case KB_FLOAT32: case KB_FLOAT16: case KB_BFLOAT16: return KB_COMPUTE_FLOAT;
    case KB_FLOAT64: return KB_COMPUTE_DOUBLE;
    case KB_COMPLEX64: case KB_COMPLEX128: return KB_COMPUTE_COMPLEX;
    default: return KB_COMPUTE_INT64;
  }
}

bool kb_is_native(kb_dtype dtype, kb_compute type) {
  return (dtype == KB_FLOAT32 && type == KB_COMPUTE_FLOAT) ||
         (dtype == KB_FLOAT64 && type == KB_COMPUTE_DOUBLE) ||
         (dtype == KB_INT64 && type == KB_COMPUTE_INT64) ||
         (dtype == KB_COMPLEX128 && type == KB_COMPUTE_COMPLEX);
}

static inline int64_t truncate(double x) {
  return x >= -0x1p63 && x < 0x1p63 ? (int64_t)x : INT64_MIN;
}

// Reading gives a value of the widest type of its kind.
#define READ_PLAIN(v) (v)
#define READ_HALF(v) kb_float16_to_float(v)
#define READ_BFLOAT(v) kb_bfloat16_to_float(v)
#define READ_BOOL(v) ((v) != 0)
#define READ_REAL(v) ((v).re)

#define TO_FLOAT(v) (float)(v)
#define TO_DOUBLE(v) (double)(v)
#define TO_INT(v) (int64_t)(v)
#define TO_TRUNCATED(v) truncate((double)(v))
#define TO_COMPLEX(v) (complex128){(double)(v), 0}

// The unit stride is a loop of its own, so that it is made of vectors.
#define LOADER(name, S, D, EXPRESSION)                                                             \
  static void name(size_t n, const void *x, intptr_t stride, void *dst) {                          \
    const S *s = x;                                                                                \
    D *d = dst;                                                                                    \
    if (stride == 1) {                                                                             \
      for (size_t i = 0; i < n; i++) {                                                             \
        const S v = s[i];                                                                          \
        d[i] = EXPRESSION;                                                                         \
      }                                                                                            \
    } else {                                                                                       \
      for (size_t i = 0; i < n; i++) {                                                             \
        const S v = s[(intptr_t)i * stride];                                                       \
        d[i] = EXPRESSION;                                                                         \
      }                                                                                            \
    }                                                                                              \
  }

#define REAL_LOADERS(name, S, READ, INTEGER)                                                       \
  LOADER(name##_float, S, float, TO_FLOAT(READ(v)))                                                \
  LOADER(name##_double, S, double, TO_DOUBLE(READ(v)))                                             \
  LOADER(name##_int64, S, int64_t, INTEGER(READ(v)))                                               \
  LOADER(name##_complex, S, complex128, TO_COMPLEX(READ(v)))                                       \
  LOADER(name##_nonzero, S, int64_t, READ(v) != 0)

REAL_LOADERS(float32, float, READ_PLAIN, TO_TRUNCATED)
REAL_LOADERS(float64, double, READ_PLAIN, TO_TRUNCATED)
REAL_LOADERS(float16, uint16_t, READ_HALF, TO_TRUNCATED)
REAL_LOADERS(bfloat16, uint16_t, READ_BFLOAT, TO_TRUNCATED)
REAL_LOADERS(int8, int8_t, READ_PLAIN, TO_INT)
REAL_LOADERS(int16, int16_t, READ_PLAIN, TO_INT)
REAL_LOADERS(int32, int32_t, READ_PLAIN, TO_INT)
REAL_LOADERS(int64, int64_t, READ_PLAIN, TO_INT)
REAL_LOADERS(uint8, uint8_t, READ_PLAIN, TO_INT)
REAL_LOADERS(bool, uint8_t, READ_BOOL, TO_INT)

#define COMPLEX_LOADERS(name, S)                                                                   \
  LOADER(name##_float, S, float, TO_FLOAT(v.re))                                                   \
  LOADER(name##_double, S, double, TO_DOUBLE(v.re))                                                \
  LOADER(name##_int64, S, int64_t, TO_TRUNCATED(v.re))                                             \
  LOADER(name##_complex, S, complex128, ((complex128){(double)v.re, (double)v.im}))                \
  LOADER(name##_nonzero, S, int64_t, v.re != 0 || v.im != 0)                                       \
  LOADER(name##_abs_float, S, float, (float)hypot((double)v.re, (double)v.im))                     \
  LOADER(name##_abs_double, S, double, hypot((double)v.re, (double)v.im))

COMPLEX_LOADERS(complex64, complex64)
COMPLEX_LOADERS(complex128, complex128)

// Conversion instructions where there are some; the bits are the same.
static void float16_line(size_t n, const void *x, intptr_t stride, void *dst) {
  if (stride == 1)
    kb_active_kernels->half.from_float16(n, x, dst);
  else
    float16_float(n, x, stride, dst);
}

static void bfloat16_line(size_t n, const void *x, intptr_t stride, void *dst) {
  if (stride == 1)
    kb_active_kernels->half.from_bfloat16(n, x, dst);
  else
    bfloat16_float(n, x, stride, dst);
}

static void line_to_float16(size_t n, const void *x, void *y) {
  kb_active_kernels->half.to_float16(n, x, y);
}

static void line_to_bfloat16(size_t n, const void *x, void *y) {
  kb_active_kernels->half.to_bfloat16(n, x, y);
}

#define ROW(name) {name##_float, name##_double, name##_int64, name##_complex}
static const kb_loader values[KB_DTYPE_COUNT][KB_COMPUTE_COUNT] = {
    [KB_FLOAT32] = ROW(float32),     [KB_FLOAT64] = ROW(float64), [KB_FLOAT16] = ROW(float16),
    [KB_BFLOAT16] = ROW(bfloat16),   [KB_INT8] = ROW(int8),       [KB_INT16] = ROW(int16),
    [KB_INT32] = ROW(int32),         [KB_INT64] = ROW(int64),     [KB_UINT8] = ROW(uint8),
    [KB_BOOL] = ROW(bool),           [KB_COMPLEX64] = ROW(complex64),
    [KB_COMPLEX128] = ROW(complex128),
};
static const kb_loader nonzero[KB_DTYPE_COUNT] = {
    [KB_FLOAT32] = float32_nonzero,     [KB_FLOAT64] = float64_nonzero,
    [KB_FLOAT16] = float16_nonzero,     [KB_BFLOAT16] = bfloat16_nonzero,
    [KB_INT8] = int8_nonzero,           [KB_INT16] = int16_nonzero,
    [KB_INT32] = int32_nonzero,         [KB_INT64] = int64_nonzero,
    [KB_UINT8] = uint8_nonzero,         [KB_BOOL] = bool_nonzero,
    [KB_COMPLEX64] = complex64_nonzero, [KB_COMPLEX128] = complex128_nonzero,
};

kb_loader kb_find_loader(kb_dtype dtype, kb_compute type, kb_load_map map) {
  if (map == KB_LOAD_NONZERO) return nonzero[dtype];
  if (map == KB_LOAD_ABS && dtype == KB_COMPLEX64)
    return type == KB_COMPUTE_FLOAT ? complex64_abs_float : complex64_abs_double;
  if (map == KB_LOAD_ABS && dtype == KB_COMPLEX128)
    return type == KB_COMPUTE_FLOAT ? complex128_abs_float : complex128_abs_double;
  if (type == KB_COMPUTE_FLOAT && dtype == KB_FLOAT16) return float16_line;
  if (type == KB_COMPUTE_FLOAT && dtype == KB_BFLOAT16) return bfloat16_line;
  return values[dtype][type];
}

#define STORER(name, S, D, EXPRESSION)                                                             \
  static void name(size_t n, const void *x, void *y) {                                             \
    const S *s = x;                                                                                \
    D *d = y;                                                                                      \
    for (size_t i = 0; i < n; i++) {                                                               \
      const S v = s[i];                                                                            \
      d[i] = EXPRESSION;                                                                           \
    }                                                                                              \
  }

#define STORERS(from, S, INTEGER)                                                                  \
  STORER(from##_to_float32, S, float, (float)v)                                                    \
  STORER(from##_to_float64, S, double, (double)v)                                                  \
  STORER(from##_to_float16, S, uint16_t, kb_float_to_float16((float)v))                            \
  STORER(from##_to_bfloat16, S, uint16_t, kb_float_to_bfloat16((float)v))                          \
  STORER(from##_to_int8, S, int8_t, (int8_t)INTEGER(v))                                            \
  STORER(from##_to_int16, S, int16_t, (int16_t)INTEGER(v))                                         \
  STORER(from##_to_int32, S, int32_t, (int32_t)INTEGER(v))                                         \
  STORER(from##_to_int64, S, int64_t, INTEGER(v))                                                  \
  STORER(from##_to_uint8, S, uint8_t, (uint8_t)INTEGER(v))                                         \
  STORER(from##_to_bool, S, uint8_t, v != 0)

STORERS(float, float, TO_TRUNCATED)
STORERS(double, double, TO_TRUNCATED)
STORERS(int64, int64_t, TO_INT)
STORER(complex_to_complex64, complex128, complex64, ((complex64){(float)v.re, (float)v.im}))
STORER(complex_to_complex128, complex128, complex128, v)

#define STORE_ROW(from)                                                                            \
  {[KB_FLOAT32] = from##_to_float32,   [KB_FLOAT64] = from##_to_float64,                           \
   [KB_FLOAT16] = from##_to_float16,   [KB_BFLOAT16] = from##_to_bfloat16,                         \
   [KB_INT8] = from##_to_int8,         [KB_INT16] = from##_to_int16,                               \
   [KB_INT32] = from##_to_int32,       [KB_INT64] = from##_to_int64,                               \
   [KB_UINT8] = from##_to_uint8,       [KB_BOOL] = from##_to_bool}

kb_storer kb_find_storer(kb_compute type, kb_dtype dtype) {
  static const kb_storer storers[KB_COMPUTE_COUNT][KB_DTYPE_COUNT] = {
      STORE_ROW(float), STORE_ROW(double), STORE_ROW(int64),
      {[KB_COMPLEX64] = complex_to_complex64, [KB_COMPLEX128] = complex_to_complex128}};
  if (type == KB_COMPUTE_FLOAT && dtype == KB_FLOAT16) return line_to_float16;
  if (type == KB_COMPUTE_FLOAT && dtype == KB_BFLOAT16) return line_to_bfloat16;
  return storers[type][dtype];
}
