#include "conv_columns.h"

#include <string.h>

#include "conv_part.h"
#include "kb_alloc.h"
#include "kb_gemm.h"
#include "kb_threads.h"

#pragma STDC FP_CONTRACT OFF

enum {
  MOST_CHANNELS = 8,   // input channels of a group
  LEAST_OUTPUTS = 8,   // output channels of a group
  LEAST_COLUMNS = 8,   // outputs in a row
  MOST_DEPTH = 640,
  PRODUCTS = 64 << 10, // elements of a product, which stays in the second cache level
};

bool kb_columns_serves(kb_dtype dtype, const kb_convolution *conv) {
  const kb_window *window = &conv->window;
  // Without a stride, sums of few products are faster.
  const intptr_t depth = conv->out_channels / conv->groups * kb_conv_count(window->kernel);
  if (kb_conv_count(window->stride) == 1 && depth <= MOST_DEPTH) return false;
  return dtype == KB_FLOAT32 && conv->in_channels / conv->groups <= MOST_CHANNELS &&
         conv->out_channels / conv->groups >= LEAST_OUTPUTS && window->input[0] == 1 &&
         window->kernel[0] == 1 && window->output[0] == 1 && window->padding_begin[0] == 0 &&
         window->output[2] >= LEAST_COLUMNS && window->output[1] > 0;
}

// Input i = stride · q + residue of a dimension is the element q of that residue: through one tap,
// neighbouring outputs reach neighbours. Output o reaches q = o + shift.
typedef struct tap_place {
  intptr_t residue, shift;
} tap_place;

static tap_place place_of(const kb_window *window, int d, intptr_t tap) {
  const intptr_t stride = window->stride[d];
  const intptr_t at = tap * window->dilation[d] - window->padding_begin[d];
  const intptr_t residue = ((at % stride) + stride) % stride;
  return (tap_place){residue, (at - residue) / stride};
}

typedef struct columns_job {
  const kb_convolution *conv;
  const float *dy, *w, *bias;
  float *dx;
  intptr_t rows;          // of outputs multiplied together
  intptr_t height, width; // of a plane of one residue
} columns_job;

// Adds what rows first ..< last of outputs contribute through each tap.
static void add_taps(const columns_job *job, intptr_t first, intptr_t last, const float *products,
                     float *planes) {
  const kb_window *window = &job->conv->window;
  const intptr_t columns = window->output[2], count = (last - first) * columns;
  for (intptr_t ky = 0; ky < window->kernel[1]; ky++) {
    const tap_place y = place_of(window, 1, ky);
    for (intptr_t kx = 0; kx < window->kernel[2]; kx++, products += count) {
      const tap_place x = place_of(window, 2, kx);
      const intptr_t residue = y.residue * window->stride[2] + x.residue;
      float *plane = planes + residue * job->height * job->width;
      const intptr_t low = x.shift < 0 ? -x.shift : 0;
      const intptr_t high = smaller(columns, job->width - x.shift);
      for (intptr_t row = first; row < last; row++) {
        const intptr_t q = row + y.shift;
        if (q < 0 || q >= job->height) continue;
        const float *from = products + (row - first) * columns;
        float *to = plane + q * job->width + x.shift;
        for (intptr_t o = low; o < high; o++) to[o] += from[o];
      }
    }
  }
}

// One task takes one channel of one image.
static void run_channels(void *context, size_t begin, size_t end) {
  const columns_job *job = context;
  const kb_convolution *conv = job->conv;
  const kb_window *window = &conv->window;
  const intptr_t taps = kb_conv_count(window->kernel), plane = kb_conv_count(window->output);
  const intptr_t channels = conv->in_channels / conv->groups;
  const intptr_t outputs = conv->out_channels / conv->groups;
  const intptr_t *stride = window->stride, *input = window->input;
  const size_t sums = (size_t)(stride[1] * stride[2] * job->height * job->width);
  const size_t bytes = (sums + (size_t)(taps * job->rows * window->output[2])) * sizeof(float);
  float *planes = kb_scratch(bytes), *products = planes + sums;
  for (intptr_t task = (intptr_t)begin; task < (intptr_t)end; task++) {
    const intptr_t channel = task % conv->in_channels, image = task / conv->in_channels;
    const intptr_t group = channel / channels;
    const float *w = job->w + (group * outputs * channels + channel % channels) * taps;
    const float *dy = job->dy + (image * conv->out_channels + group * outputs) * plane;
    const float begin_with = job->bias ? job->bias[channel] : 0;
    for (size_t i = 0; i < sums; i++) planes[i] = begin_with;
    for (intptr_t row = 0; row < window->output[1]; row += job->rows) {
      const intptr_t last = smaller(row + job->rows, window->output[1]);
      kb_gemm(KB_FLOAT32, 1, (size_t)taps, (size_t)((last - row) * window->output[2]),
              (size_t)outputs, (kb_matrix){w, 1, channels * taps, 0},
              (kb_matrix){dy + row * window->output[2], plane, 1, 0}, products, false, NULL);
      add_taps(job, row, last, products, planes);
    }
    float *dx = job->dx + task * input[1] * input[2];
    for (intptr_t y = 0; y < input[1]; y++) {
      const intptr_t line = y % stride[1] * stride[2] * job->height + y / stride[1];
      const float *from = planes + line * job->width;
      float *to = dx + y * input[2];
      for (intptr_t x = 0; x < stride[2]; x++, from += job->height * job->width)
        for (intptr_t q = 0; x + q * stride[2] < input[2]; q++) to[x + q * stride[2]] = from[q];
    }
  }
  kb_scratch_free(planes, bytes);
}

void kb_columns_run(const kb_convolution *conv, const float *dy, const float *w, const float *bias,
                    float *dx) {
  const kb_window *window = &conv->window;
  columns_job job = {conv, dy, w, bias, dx, 0, divided_up(window->input[1], window->stride[1]),
                     divided_up(window->input[2], window->stride[2])};
  job.rows = PRODUCTS / (kb_conv_count(window->kernel) * window->output[2]);
  job.rows = smaller(job.rows < 1 ? 1 : job.rows, window->output[1]);
  kb_parallel_for((size_t)(conv->batch * conv->in_channels), 1, run_channels, &job);
}
