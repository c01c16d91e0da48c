// Convolution's public functions but for the input gradient.
#include "kb_conv.h"

#include "conv_internal.h"
#include "kb_alloc.h"
#include "widen.h"

#pragma STDC FP_CONTRACT OFF

#define ADD(type)                                                                                  \
  do {                                                                                             \
    const type *from = x;                                                                          \
    type *to = y;                                                                                  \
    for (size_t i = 0; i < count; i++) to[i] = (type)(to[i] + from[i * step]);                     \
  } while (0)

#define ADD_COMPLEX(type)                                                                          \
  do {                                                                                             \
    const type *from = x;                                                                          \
    type *to = y;                                                                                  \
    for (size_t i = 0; i < count; i++) {                                                           \
      to[2 * i] += from[2 * i * step];                                                             \
      to[2 * i + 1] += from[2 * i * step + 1];                                                     \
    }                                                                                              \
  } while (0)

static inline __attribute__((always_inline)) void add_with_step(kb_dtype dtype, size_t count,
                                                                const void *x, size_t step,
                                                                void *y) {
  switch (dtype) { // signed integers wrap as unsigned ones do
  case KB_FLOAT32: ADD(float); break;
  case KB_FLOAT64: ADD(double); break;
  case KB_INT8:
  case KB_UINT8: ADD(uint8_t); break;
  case KB_INT16: ADD(uint16_t); break;
  case KB_INT32: ADD(uint32_t); break;
  case KB_INT64: ADD(uint64_t); break;
  case KB_COMPLEX64: ADD_COMPLEX(float); break;
  case KB_COMPLEX128: ADD_COMPLEX(double); break;
  default: break;
  }
}

void kb_conv_add(kb_dtype dtype, size_t count, const void *x, void *y) {
  add_with_step(dtype, count, x, 1, y);
}

void kb_conv_add_element(kb_dtype dtype, size_t count, const void *x, void *y) {
  add_with_step(dtype, count, x, 0, y);
}

void kb_conv_forward(kb_dtype dtype, const kb_convolution *conv, const void *x, const void *w,
                     const void *bias, void *y, const kb_tail *tail) {
  if (kb_dtype_is_half(dtype)) {
    conv_counts counts = element_counts(conv);
    size_t channels = (size_t)conv->out_channels;
    float *wide_x = kb_widen(dtype, counts.x, x), *wide_w = kb_widen(dtype, counts.w, w);
    float *wide_bias = kb_widen(dtype, channels, bias);
    float *wide_y = kb_scratch(counts.y * sizeof(float));
    kb_conv_forward(KB_FLOAT32, conv, wide_x, wide_w, wide_bias, wide_y, NULL);
    kb_narrow(dtype, counts.y, wide_y, y);
    kb_release_wide(wide_x, counts.x), kb_release_wide(wide_w, counts.w);
    kb_release_wide(wide_bias, channels);
    kb_conv_run_tail(tail, conv->batch * conv->out_channels, conv->window.output);
    return;
  }
  kb_conv_tiling tiling = kb_conv_forward_tiling(dtype, conv, x, w, bias, y);
  tiling.tail = tail;
  kb_conv_run_tiles(&tiling);
}

void kb_conv_weight_gradient(kb_dtype dtype, const kb_convolution *conv, const void *x,
                             const void *dy, void *dw) {
  if (kb_dtype_is_half(dtype)) {
    conv_counts counts = element_counts(conv);
    float *wide_x = kb_widen(dtype, counts.x, x), *wide_dy = kb_widen(dtype, counts.y, dy);
    float *wide_dw = kb_scratch(counts.w * sizeof(float));
    kb_conv_weight_gradient(KB_FLOAT32, conv, wide_x, wide_dy, wide_dw);
    kb_narrow(dtype, counts.w, wide_dw, dw);
    kb_release_wide(wide_x, counts.x), kb_release_wide(wide_dy, counts.y);
    return;
  }
  const kb_conv_weight_job job = kb_conv_gradient_job(dtype, conv, x, dy, dw);
  kb_conv_run_weight(&job);
}
