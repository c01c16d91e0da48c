// What convolution's public functions share.
#ifndef KB_CONV_INTERNAL_H
#define KB_CONV_INTERNAL_H

#include <string.h>

#include "conv_gather.h"
#include "conv_tile.h"
#include "conv_weight.h"
#include "kb_conv.h"

// Gives all planes to a tail, behind what does not do it part by part.
static inline void kb_conv_run_tail(const kb_tail *tail, intptr_t planes, const intptr_t plane[3]) {
  if (tail) kb_tail_run_all(tail, 0, (size_t)planes, (size_t)kb_conv_count(plane));
}

typedef struct conv_counts {
  size_t x, w, y;
} conv_counts;

static inline conv_counts element_counts(const kb_convolution *conv) {
  size_t in = (size_t)conv->in_channels, out = (size_t)conv->out_channels;
  return (conv_counts){
      (size_t)conv->batch * in * (size_t)kb_conv_count(conv->window.input),
      out * (in / (size_t)conv->groups) * (size_t)kb_conv_count(conv->window.kernel),
      (size_t)conv->batch * out * (size_t)kb_conv_count(conv->window.output),
  };
}

static inline kb_conv_gather window_gather(kb_dtype dtype, const kb_window *window) {
  kb_conv_gather gather = {.size = kb_dtype_size(dtype)};
  memcpy(gather.input, window->input, sizeof gather.input);
  memcpy(gather.output, window->output, sizeof gather.output);
  memcpy(gather.kernel, window->kernel, sizeof gather.kernel);
  memcpy(gather.stride, window->stride, sizeof gather.stride);
  memcpy(gather.padding, window->padding_begin, sizeof gather.padding);
  memcpy(gather.dilation, window->dilation, sizeof gather.dilation);
  return gather;
}

static inline kb_conv_tiling kb_conv_forward_tiling(kb_dtype dtype, const kb_convolution *conv,
                                                    const void *x, const void *w, const void *bias,
                                                    void *y) {
  const kb_window *window = &conv->window;
  return (kb_conv_tiling){
      .dtype = dtype,
      .gather = window_gather(dtype, window),
      .batch = conv->batch,
      .groups = conv->groups,
      .channels = conv->in_channels / conv->groups,
      .rows = conv->out_channels / conv->groups,
      .target = {window->output[0], window->output[1], window->output[2]},
      .step = {1, 1, 1},
      .x = x,
      .w = w,
      .bias = bias,
      .y = y,
  };
}

static inline kb_conv_weight_job kb_conv_gradient_job(kb_dtype dtype, const kb_convolution *conv,
                                                      const void *x, const void *dy, void *dw) {
  return (kb_conv_weight_job){
      .dtype = dtype,
      .gather = window_gather(dtype, &conv->window),
      .batch = conv->batch,
      .groups = conv->groups,
      .channels = conv->in_channels / conv->groups,
      .rows = conv->out_channels / conv->groups,
      .x = x,
      .dy = dy,
      .dw = dw,
  };
}

// kb_conv_input_gradient for a dy that is known by its pooled half; false where another way is better.
bool kb_conv_spread_input_gradient(kb_dtype dtype, const kb_convolution *conv, const void *dy,
                                   const uint8_t *which, const void *w, void *dx);

#endif
