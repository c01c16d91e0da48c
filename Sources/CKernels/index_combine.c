// Element arithmetic of scattering, for all dtypes.
#include "index_combine.h"

#include <math.h>

#pragma STDC FP_CONTRACT OFF

#define PLAIN(v) (v)
#define COMBINER(name, S, D, READ, EXPRESSION)                                                     \
  static void name(size_t n, const void *x, intptr_t x_stride, void *y, intptr_t y_stride) {       \
    const S *s = x;                                                                                \
    D *d = y;                                                                                      \
    if (x_stride == 1 && y_stride == 1) {                                                          \
      for (size_t i = 0; i < n; i++) {                                                             \
        const D a = d[i], b = READ(s[i]);                                                          \
        d[i] = EXPRESSION;                                                                         \
      }                                                                                            \
    } else {                                                                                       \
      for (size_t i = 0; i < n; i++) {                                                             \
        const D a = d[(intptr_t)i * y_stride], b = READ(s[(intptr_t)i * x_stride]);                \
        d[(intptr_t)i * y_stride] = EXPRESSION;                                                    \
      }                                                                                            \
    }                                                                                              \
  }                                                                                                \
  static size_t name##_each(const kb_each *e, size_t n, const int64_t *index, const void *x,       \
                            void *y) {                                                             \
    const S *s = x;                                                                                \
    const kb_each each = *e;                                                                       \
    if (each.y_along == 1 && each.y_stride == 0 && each.index_stride == 1 && each.x_stride == 1) { \
      D *d = y;                                                                                    \
      for (size_t i = 0; i < n; i++) {                                                             \
        if ((uint64_t)index[i] >= (uint64_t)each.length) return i;                                 \
        const D a = d[index[i]], b = READ(s[i]);                                                   \
        d[index[i]] = EXPRESSION;                                                                  \
      }                                                                                            \
      return n;                                                                                    \
    }                                                                                              \
    for (size_t i = 0; i < n; i++) {                                                               \
      const int64_t at = index[(intptr_t)i * each.index_stride];                                   \
      if ((uint64_t)at >= (uint64_t)each.length) return i;                                         \
      D *d = (D *)y + at * each.y_along + (intptr_t)i * each.y_stride;                             \
      const D a = *d, b = READ(s[(intptr_t)i * each.x_stride]);                                    \
      *d = EXPRESSION;                                                                             \
    }                                                                                              \
    return n;                                                                                      \
  }

#define FLOATING(name, S, D, READ)                                                                 \
  COMBINER(name##_add, S, D, READ, a + b)                                                          \
  COMBINER(name##_prod, S, D, READ, a * b)                                                         \
  COMBINER(name##_max, S, D, READ, (b > a || b != b) ? b : a)                                      \
  COMBINER(name##_min, S, D, READ, (b < a || b != b) ? b : a)

// Through uint64, where overflow wraps.
#define INTEGER(name, T)                                                                           \
  COMBINER(name##_add, T, T, PLAIN, (T)((uint64_t)a + (uint64_t)b))                                \
  COMBINER(name##_prod, T, T, PLAIN, (T)((uint64_t)a * (uint64_t)b))                               \
  COMBINER(name##_max, T, T, PLAIN, b > a ? b : a)                                                 \
  COMBINER(name##_min, T, T, PLAIN, b < a ? b : a)

#define ADD_COMPLEX(T) ((T){a.re + b.re, a.im + b.im})
#define MULTIPLY_COMPLEX(T) ((T){a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re})
#define ASSIGN(name, S, D, READ) COMBINER(name##_assign, S, D, READ, ((void)a, b))

FLOATING(float32, float, float, PLAIN)
FLOATING(float64, double, double, PLAIN)
FLOATING(float16, uint16_t, float, kb_float16_to_float)
FLOATING(bfloat16, uint16_t, float, kb_bfloat16_to_float)
COMBINER(float16_step, uint16_t, uint16_t, PLAIN,
         kb_float_to_float16(kb_float16_to_float(a) + kb_float16_to_float(b)))
COMBINER(bfloat16_step, uint16_t, uint16_t, PLAIN,
         kb_float_to_bfloat16(kb_bfloat16_to_float(a) + kb_bfloat16_to_float(b)))
INTEGER(int8, int8_t)
INTEGER(int16, int16_t)
INTEGER(int32, int32_t)
INTEGER(int64, int64_t)
INTEGER(uint8, uint8_t)
COMBINER(bool_add, uint8_t, uint8_t, PLAIN, a | b)
COMBINER(bool_prod, uint8_t, uint8_t, PLAIN, a & b)
COMBINER(complex64_add, kb_complex64, kb_complex64, PLAIN, ADD_COMPLEX(kb_complex64))
COMBINER(complex64_prod, kb_complex64, kb_complex64, PLAIN, MULTIPLY_COMPLEX(kb_complex64))
COMBINER(complex128_add, kb_complex128, kb_complex128, PLAIN, ADD_COMPLEX(kb_complex128))
COMBINER(complex128_prod, kb_complex128, kb_complex128, PLAIN, MULTIPLY_COMPLEX(kb_complex128))
ASSIGN(bytes1, uint8_t, uint8_t, PLAIN)
ASSIGN(bytes2, uint16_t, uint16_t, PLAIN)
ASSIGN(bytes4, uint32_t, uint32_t, PLAIN)
ASSIGN(bytes8, uint64_t, uint64_t, PLAIN)
ASSIGN(bytes16, kb_bytes16, kb_bytes16, PLAIN)

#define PAIR(name) {name, name##_each}
#define ARITHMETIC(name)                                                                           \
  {[KB_SCATTER_ADD] = PAIR(name##_add), [KB_SCATTER_MEAN] = PAIR(name##_add),                      \
   [KB_SCATTER_PROD] = PAIR(name##_prod), [KB_SCATTER_MAX] = PAIR(name##_max),                     \
   [KB_SCATTER_MIN] = PAIR(name##_min)}
#define SUM_AND_PRODUCT(name)                                                                      \
  {[KB_SCATTER_ADD] = PAIR(name##_add), [KB_SCATTER_MEAN] = PAIR(name##_add),                      \
   [KB_SCATTER_PROD] = PAIR(name##_prod)}

kb_combiner kb_find_adder(kb_dtype dtype) {
  if (dtype == KB_FLOAT16) return (kb_combiner)PAIR(float16_step);
  if (dtype == KB_BFLOAT16) return (kb_combiner)PAIR(bfloat16_step);
  return kb_find_combiner(KB_SCATTER_ADD, dtype);
}

kb_combiner kb_find_combiner(kb_scatter_reduction op, kb_dtype dtype) {
  static const kb_combiner combiners[KB_DTYPE_COUNT][KB_SCATTER_MIN + 1] = {
      [KB_FLOAT32] = ARITHMETIC(float32),
      [KB_FLOAT64] = ARITHMETIC(float64),
      [KB_FLOAT16] = ARITHMETIC(float16),
      [KB_BFLOAT16] = ARITHMETIC(bfloat16),
      [KB_INT8] = ARITHMETIC(int8),
      [KB_INT16] = ARITHMETIC(int16),
      [KB_INT32] = ARITHMETIC(int32),
      [KB_INT64] = ARITHMETIC(int64),
      [KB_UINT8] = ARITHMETIC(uint8),
      [KB_BOOL] = {[KB_SCATTER_ADD] = PAIR(bool_add), [KB_SCATTER_MEAN] = PAIR(bool_add),
                   [KB_SCATTER_PROD] = PAIR(bool_prod), [KB_SCATTER_MAX] = PAIR(bool_add),
                   [KB_SCATTER_MIN] = PAIR(bool_prod)},
      [KB_COMPLEX64] = SUM_AND_PRODUCT(complex64),
      [KB_COMPLEX128] = SUM_AND_PRODUCT(complex128),
  };
  if (op != KB_SCATTER_ASSIGN) return combiners[dtype][op];
  switch (kb_dtype_size(dtype)) {
    case 1: return (kb_combiner)PAIR(bytes1_assign);
    case 2: return (kb_combiner)PAIR(bytes2_assign);
    case 4: return (kb_combiner)PAIR(bytes4_assign);
    case 8: return (kb_combiner)PAIR(bytes8_assign);
    default: return (kb_combiner)PAIR(bytes16_assign);
  }
}

static int64_t least_integer(kb_dtype dtype) {
  switch (dtype) {
    case KB_INT8: return INT8_MIN;
    case KB_INT16: return INT16_MIN;
    case KB_INT32: return INT32_MIN;
    case KB_INT64: return INT64_MIN;
    default: return 0;
  }
}

static int64_t largest_integer(kb_dtype dtype) {
  return dtype == KB_UINT8 ? UINT8_MAX : dtype == KB_BOOL ? 1 : -1 - least_integer(dtype);
}

void kb_combine_identity(kb_scatter_reduction op, kb_dtype dtype, void *element) {
  double real[2] = {op == KB_SCATTER_PROD ? 1 : op == KB_SCATTER_MAX   ? -INFINITY
                                            : op == KB_SCATTER_MIN ? INFINITY
                                                                   : 0,
                    0};
  int64_t integer = op == KB_SCATTER_PROD  ? 1
                    : op == KB_SCATTER_MAX ? least_integer(dtype)
                    : op == KB_SCATTER_MIN ? largest_integer(dtype)
                                           : 0;
  const kb_compute type = kb_compute_of(dtype);
  if (type == KB_COMPUTE_INT64)
    kb_find_storer(KB_COMPUTE_INT64, dtype)(1, &integer, element);
  else if (type == KB_COMPUTE_COMPLEX)
    kb_find_storer(KB_COMPUTE_COMPLEX, dtype)(1, real, element);
  else
    kb_find_storer(KB_COMPUTE_DOUBLE, dtype)(1, real, element);
}

static int64_t floor_divide(int64_t a, int64_t b) {
  return a / b - (a % b != 0 && (a < 0) != (b < 0));
}

#define DIVIDE(T, EXPRESSION)                                                                      \
  do {                                                                                             \
    T *v = y;                                                                                      \
    for (size_t i = 0; i < n; i++) {                                                               \
      const uint32_t c = counts[i];                                                                \
      if (c > 1) v[i] = EXPRESSION;                                                                \
    }                                                                                              \
  } while (0)

void kb_divide_by_counts(kb_dtype dtype, size_t n, const uint32_t *counts, void *y) {
  switch (dtype) {
    case KB_FLOAT32: DIVIDE(float, v[i] / (float)c); break;
    case KB_FLOAT64: DIVIDE(double, v[i] / (double)c); break;
    case KB_INT8: DIVIDE(int8_t, (int8_t)floor_divide(v[i], c)); break;
    case KB_INT16: DIVIDE(int16_t, (int16_t)floor_divide(v[i], c)); break;
    case KB_INT32: DIVIDE(int32_t, (int32_t)floor_divide(v[i], c)); break;
    case KB_INT64: DIVIDE(int64_t, floor_divide(v[i], c)); break;
    case KB_UINT8: DIVIDE(uint8_t, (uint8_t)(v[i] / c)); break;
    case KB_COMPLEX64:
      DIVIDE(kb_complex64, ((kb_complex64){v[i].re / (float)c, v[i].im / (float)c}));
      break;
    case KB_COMPLEX128:
      DIVIDE(kb_complex128, ((kb_complex128){v[i].re / c, v[i].im / c}));
      break;
    default: break;
  }
}
