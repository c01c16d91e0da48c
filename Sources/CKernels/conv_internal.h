// What convolution's public functions share.
#ifndef KB_CONV_INTERNAL_H
#define KB_CONV_INTERNAL_H

#include <string.h>

#include "conv_gather.h"
#include "kb_conv.h"

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

#endif
