// Selection by a condition, and magnitudes of complex numbers.
#include <math.h>

#include "elementwise_nest.h"
#include "include/kb_elementwise.h"

#pragma STDC FP_CONTRACT OFF

typedef struct {
  uint64_t low, high;
} word128;

#define WHERE(T)                                                                                   \
  static kb_status where_##T(const void *context, size_t n, const void *const *in, void *out_,     \
                             char *scratch) {                                                      \
    (void)scratch;                                                                                 \
    const unsigned uniform = ((const kb_nest *)context)->uniform;                                  \
    const uint8_t *condition = in[0];                                                              \
    const T *x = in[1], *y = in[2];                                                                \
    T *out = out_;                                                                                 \
    if (uniform == 0) {                                                                            \
      for (size_t i = 0; i < n; i++) {                                                             \
        const T a = x[i], b = y[i];                                                                \
        out[i] = condition[i] ? a : b;                                                             \
      }                                                                                            \
    } else if (uniform == 2) {                                                                     \
      const T a = *x;                                                                              \
      for (size_t i = 0; i < n; i++) {                                                             \
        const T b = y[i];                                                                          \
        out[i] = condition[i] ? a : b;                                                             \
      }                                                                                            \
    } else if (uniform == 4) {                                                                     \
      const T b = *y;                                                                              \
      for (size_t i = 0; i < n; i++) {                                                             \
        const T a = x[i];                                                                          \
        out[i] = condition[i] ? a : b;                                                             \
      }                                                                                            \
    } else {                                                                                       \
      const size_t c = !(uniform & 1), p = !(uniform & 2), q = !(uniform & 4);                     \
      for (size_t i = 0; i < n; i++) out[i] = condition[i * c] ? x[i * p] : y[i * q];              \
    }                                                                                              \
    return KB_OK;                                                                                  \
  }
WHERE(uint8_t)
WHERE(uint16_t)
WHERE(uint32_t)
WHERE(uint64_t)
WHERE(word128)

void kb_where(size_t size, size_t rank, const intptr_t *dims, const void *condition,
              const intptr_t *condition_strides, const void *x, const intptr_t *x_strides,
              const void *y, const intptr_t *y_strides, void *out) {
  const void *const bases[3] = {condition, x, y};
  const size_t sizes[3] = {1, size, size};
  const intptr_t *const strides[3] = {condition_strides, x_strides, y_strides};
  const kb_nest_body body = size == 1   ? where_uint8_t
                            : size == 2 ? where_uint16_t
                            : size == 4 ? where_uint32_t
                            : size == 8 ? where_uint64_t
                                        : where_word128;
  kb_nest nest;
  kb_nest_init(&nest, rank, dims, 3, bases, sizes, strides, out, size);
  kb_nest_run(&nest, SIZE_MAX, 1, 0, body, &nest);
}

#define COMPLEX_ABS(name, T, hypotenuse)                                                           \
  static kb_status name(const void *context, size_t n, const void *const *in, void *out_,          \
                        char *scratch) {                                                           \
    (void)scratch;                                                                                 \
    const size_t step = ((const kb_nest *)context)->uniform ? 0 : 2;                               \
    const T *x = in[0];                                                                            \
    T *out = out_;                                                                                 \
    for (size_t i = 0; i < n; i++) out[i] = hypotenuse(x[i * step], x[i * step + 1]);              \
    return KB_OK;                                                                                  \
  }
COMPLEX_ABS(abs64, float, hypotf)
COMPLEX_ABS(abs128, double, hypot)

void kb_complex_abs(kb_dtype dtype, size_t rank, const intptr_t *dims, const void *x,
                    const intptr_t *strides, void *out) {
  const size_t size = kb_dtype_size(dtype);
  kb_nest nest;
  kb_nest_init(&nest, rank, dims, 1, &x, &size, &strides, out, size / 2);
  kb_nest_run(&nest, SIZE_MAX, 32, 0, dtype == KB_COMPLEX64 ? abs64 : abs128, &nest);
}
