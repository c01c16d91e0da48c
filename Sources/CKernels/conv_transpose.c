// The input gradient of convolution, which is also the transposed convolution: a convolution of dy for
// each residue of the stride.
#include <string.h>

#include "conv_columns.h"
#include "conv_direct.h"
#include "conv_images.h"
#include "conv_internal.h"
#include "conv_lanes.h"
#include "conv_lanewise.h"
#include "conv_sizes.h"
#include "conv_tile.h"
#include "conv_winograd.h"
#include "kb_alloc.h"
#include "kb_threads.h"
#include "widen.h"

#pragma STDC FP_CONTRACT OFF

static intptr_t greatest_common_divisor(intptr_t a, intptr_t b) {
  while (b) {
    intptr_t remainder = a % b;
    a = b;
    b = remainder;
  }
  return a;
}

static intptr_t floor_modulo(intptr_t a, intptr_t b) {
  intptr_t remainder = a % b;
  return remainder < 0 ? remainder + b : remainder;
}

// The taps that reach the inputs of one residue of the stride: first, first + advance, … (count).
typedef struct tap_set {
  intptr_t first, advance, count;
} tap_set;

// Input i takes part in output o through tap k where i + padding = o · stride + k · dilation. For
// the inputs i = stride · j + residue these are the taps with k · dilation ≡ residue + padding
// modulo the stride, every stride / gcd-th, and o = j + (residue + padding − k · dilation) /
// stride: a convolution of dy without stride, its taps in reversed order.
static tap_set residue_taps(const kb_window *window, int d, intptr_t residue,
                            kb_conv_gather *gather) {
  const intptr_t stride = window->stride[d], dilation = window->dilation[d];
  const intptr_t divisor = greatest_common_divisor(stride, dilation), kernel = window->kernel[d];
  const intptr_t shifted = residue + window->padding_begin[d];
  tap_set taps = {0, stride / divisor, 0};
  while (taps.first < taps.advance && floor_modulo(shifted - taps.first * dilation, stride) != 0)
    taps.first++;
  if (taps.first < taps.advance && taps.first < kernel)
    taps.count = (kernel - 1 - taps.first) / taps.advance + 1;
  gather->input[d] = window->output[d];
  gather->output[d] =
      window->input[d] > residue ? (window->input[d] - residue + stride - 1) / stride : 0;
  gather->kernel[d] = taps.count;
  gather->stride[d] = 1;
  gather->dilation[d] = dilation / divisor;
  gather->padding[d] = 0;
  if (taps.count > 0) {
    intptr_t nearest = (shifted - taps.first * dilation) / stride; // exact by the choice of `first`
    gather->padding[d] = (taps.count - 1) * gather->dilation[d] - nearest;
  }
  return taps;
}

// Transposes the weights, one task per few input channels of a group: to[group, input channel,
// output channel, taps of the sets in reversed order] from w[group, output channel, input channel,
// taps].
typedef struct transpose_job {
  intptr_t inputs, outputs, all, count; // channels of a group; taps in all and of the sets
  intptr_t *order;                      // the taps of the sets, last first
  size_t size;
  const void *w;
  void *to;
} transpose_job;

#define TRANSPOSE_TAPS(type)                                                                       \
  do {                                                                                             \
    for (intptr_t o = 0; o < job->outputs; o++) {                                                  \
      for (intptr_t i = first; i < last; i++) {                                                    \
        const intptr_t row = (group * job->outputs + o) * job->inputs + i;                         \
        const intptr_t target = (group * job->inputs + i) * job->outputs + o;                      \
        const type *from = (const type *)job->w + row * job->all;                                  \
        type *to = (type *)job->to + target * job->count;                                          \
        if (job->count == 9 && job->all == 9) /* all of 3 × 3: the order is known */              \
          for (intptr_t tap = 0; tap < 9; tap++) to[tap] = from[8 - tap];                          \
        else                                                                                       \
          for (intptr_t tap = 0; tap < job->count; tap++) to[tap] = from[job->order[tap]];         \
      }                                                                                            \
    }                                                                                              \
  } while (0)

typedef struct conv_wide {
  uint64_t low, high;
} conv_wide;

// Channels of a task: as many as make runs of some cache lines in w.
enum { TRANSPOSED_TOGETHER = 16 };

// Without taps, sixteen rows at a time: they may all begin in one cache set.
static void transpose_matrix(const transpose_job *job, intptr_t group, intptr_t first) {
  const kb_lane_kernels *lanes = kb_lanes_active();
  const float *w = (const float *)job->w + group * job->outputs * job->inputs + first;
  float *to = (float *)job->to + (group * job->inputs + first) * job->outputs;
  float turned[KB_LANES * KB_LANES];
  intptr_t o = 0;
  for (; o + KB_LANES <= job->outputs; o += KB_LANES) {
    lanes->transpose(w + o * job->inputs, job->inputs, turned);
    for (intptr_t i = 0; i < KB_LANES; i++)
      memcpy(to + i * job->outputs + o, turned + i * KB_LANES, KB_LANES * sizeof(float));
  }
  for (; o < job->outputs; o++)
    for (intptr_t i = 0; i < KB_LANES; i++) to[i * job->outputs + o] = w[o * job->inputs + i];
}

static void transpose_inputs(void *context, size_t begin, size_t end) {
  const transpose_job *job = context;
  for (size_t task = begin; task < end; task++) {
    const intptr_t blocks = (job->inputs + TRANSPOSED_TOGETHER - 1) / TRANSPOSED_TOGETHER;
    const intptr_t group = (intptr_t)task / blocks;
    const intptr_t first = (intptr_t)task % blocks * TRANSPOSED_TOGETHER;
    const intptr_t last =
        first + TRANSPOSED_TOGETHER < job->inputs ? first + TRANSPOSED_TOGETHER : job->inputs;
    if (job->all == 1 && job->count == 1 && job->size == sizeof(float) && last - first == KB_LANES) {
      transpose_matrix(job, group, first);
      continue;
    }
    switch (job->size) {
    case 1: TRANSPOSE_TAPS(uint8_t); break;
    case 2: TRANSPOSE_TAPS(uint16_t); break;
    case 4: TRANSPOSE_TAPS(uint32_t); break;
    case 8: TRANSPOSE_TAPS(uint64_t); break;
    default: TRANSPOSE_TAPS(conv_wide); break;
    }
  }
}

// The taps of the sets, last first; returns how many.
static intptr_t list_taps(const intptr_t kernel[3], const tap_set taps[3], intptr_t *order) {
  intptr_t count = 0;
  for (intptr_t z = taps[0].count - 1; z >= 0; z--) {
    for (intptr_t y = taps[1].count - 1; y >= 0; y--) {
      for (intptr_t x = taps[2].count - 1; x >= 0; x--) {
        intptr_t row = (taps[0].first + z * taps[0].advance) * kernel[1] + taps[1].first +
                       y * taps[1].advance;
        order[count++] = row * kernel[2] + taps[2].first + x * taps[2].advance;
      }
    }
  }
  return count;
}

static void transpose_weights(const kb_convolution *conv, size_t size, const tap_set taps[3],
                              const void *w, void *to) {
  const intptr_t *kernel = conv->window.kernel;
  transpose_job job = {
      .inputs = conv->in_channels / conv->groups,
      .outputs = conv->out_channels / conv->groups,
      .all = kb_conv_count(kernel),
      .size = size,
      .w = w,
      .to = to,
  };
  const size_t bytes = (size_t)(taps[0].count * taps[1].count * taps[2].count) * sizeof(intptr_t);
  job.order = kb_scratch(bytes);
  job.count = list_taps(kernel, taps, job.order);
  const intptr_t blocks = (job.inputs + TRANSPOSED_TOGETHER - 1) / TRANSPOSED_TOGETHER;
  const intptr_t work = job.outputs * job.count * TRANSPOSED_TOGETHER;
  if (work > 0)
    kb_parallel_for((size_t)(conv->groups * blocks), work >= 8192 ? 1 : (size_t)(8192 / work),
                    transpose_inputs, &job);
  kb_scratch_free(job.order, bytes);
}

// The part of dx whose positions are `residue` modulo the stride, as a convolution of dy. False where
// there are none.
static bool plan_part(kb_dtype dtype, const kb_convolution *conv, const intptr_t residue[3],
                      kb_conv_tiling *tiling, tap_set taps[3]) {
  const kb_window *window = &conv->window;
  tiling->dtype = dtype;
  tiling->gather = (kb_conv_gather){.size = kb_dtype_size(dtype)};
  tiling->batch = conv->batch;
  tiling->groups = conv->groups;
  tiling->channels = conv->out_channels / conv->groups;
  tiling->rows = conv->in_channels / conv->groups;
  for (int d = 0; d < 3; d++) {
    taps[d] = residue_taps(window, d, residue[d], &tiling->gather);
    tiling->target[d] = window->input[d];
    tiling->start[d] = residue[d];
    tiling->step[d] = window->stride[d];
  }
  // Inputs that no tap reaches get zeros (and the bias) from a product over nothing.
  if (kb_conv_count(tiling->gather.kernel) == 0) tiling->channels = 0;
  return kb_conv_count(tiling->gather.output) > 0;
}

static void input_gradient_part(kb_dtype dtype, const kb_convolution *conv,
                                const intptr_t residue[3], const void *dy, const void *w,
                                const void *bias, void *dx, const kb_tail *tail) {
  kb_conv_tiling tiling = {.x = dy, .bias = bias, .y = dx, .tail = tail};
  tap_set taps[3];
  if (!plan_part(dtype, conv, residue, &tiling, taps)) return;
  if (kb_conv_count(conv->window.stride) == 1 &&
      kb_winograd_serves(dtype, &tiling.gather, tiling.batch, tiling.channels, tiling.rows)) {
    tiling.w = w; // turned as they are transformed
    kb_winograd_run(&tiling, true);
    return;
  }
  const size_t bytes = element_counts(conv).w * kb_dtype_size(dtype);
  void *transposed = kb_scratch(bytes);
  transpose_weights(conv, tiling.gather.size, taps, w, transposed);
  tiling.w = transposed;
  kb_conv_run_tiles(&tiling);
  kb_scratch_free(transposed, bytes);
}

bool kb_conv_spread_input_gradient(kb_dtype dtype, const kb_convolution *conv, const void *dy,
                                   const uint8_t *which, const void *w, void *dx) {
  kb_conv_tiling tiling = {.x = dy, .w = w, .y = dx, .x_which = which};
  const intptr_t residue[3] = {0};
  tap_set taps[3];
  if (kb_conv_count(conv->window.stride) != 1 ||
      !plan_part(dtype, conv, residue, &tiling, taps) ||
      !kb_winograd_serves(dtype, &tiling.gather, tiling.batch, tiling.channels, tiling.rows))
    return false;
  kb_winograd_run(&tiling, true);
  return true;
}

enum { MOST_PARTS = 16 };

// All parts of a depthwise convolution's dx at once, for they read the same dy. False where another
// way is better.
static bool lanewise_input_gradient(kb_dtype dtype, const kb_convolution *conv, const void *dy,
                                    const void *w, const void *bias, void *dx) {
  const intptr_t *stride = conv->window.stride, *input = conv->window.input;
  const kb_conv_gather gather = window_gather(dtype, &conv->window);
  const intptr_t count = kb_conv_count(stride);
  if (count == 1 || count > MOST_PARTS || stride[0] != 1 ||
      !kb_lanewise_serves(dtype, &gather, conv->groups, conv->in_channels / conv->groups,
                          conv->out_channels / conv->groups))
    return false;
  kb_conv_tiling parts[MOST_PARTS];
  intptr_t filled = 0, residue[3] = {0};
  const size_t bytes = element_counts(conv).w * kb_dtype_size(dtype);
  float *const memory = kb_scratch(bytes), *transposed = memory;
  for (residue[1] = 0; residue[1] < stride[1] && residue[1] < input[1]; residue[1]++) {
    for (residue[2] = 0; residue[2] < stride[2] && residue[2] < input[2]; residue[2]++) {
      kb_conv_tiling *part = &parts[filled];
      *part = (kb_conv_tiling){.x = dy, .w = transposed, .bias = bias, .y = dx};
      tap_set taps[3];
      if (!plan_part(dtype, conv, residue, part, taps)) continue;
      transpose_weights(conv, part->gather.size, taps, w, transposed);
      transposed += conv->groups * kb_conv_count(part->gather.kernel);
      filled++;
    }
  }
  if (filled > 0) kb_lanewise_run(parts, filled);
  kb_scratch_free(memory, bytes);
  return true;
}

// All parts of dx at once where the convolution has many channels. False where another way is better.
static bool direct_input_gradient(kb_dtype dtype, const kb_convolution *conv, const void *dy,
                                  const void *w, const void *bias, void *dx, const kb_tail *tail) {
  const intptr_t *stride = conv->window.stride, *input = conv->window.input;
  const intptr_t channels = conv->out_channels / conv->groups;
  const intptr_t rows = conv->in_channels / conv->groups, all = kb_conv_count(stride);
  kb_conv_gather gather = window_gather(dtype, &conv->window);
  const bool in_place = all == 1 && kb_conv_reads_in_place(&gather);
  memcpy(gather.output, input, sizeof gather.output); // what is written
  if (all > MOST_PARTS || !kb_direct_serves(dtype, &gather, channels, rows) || in_place) return false;
  kb_direct_part parts[MOST_PARTS];
  intptr_t orders[KB_DIRECT_TAPS], *order = orders, filled = 0, residue[3];
  const intptr_t count[3] = {smaller(stride[0], input[0]), smaller(stride[1], input[1]),
                             smaller(stride[2], input[2])};
  for (intptr_t i = 0; i < kb_conv_count(count); i++) {
    residue[0] = i / (count[1] * count[2]), residue[1] = i / count[2] % count[1];
    residue[2] = i % count[2];
    kb_conv_tiling tiling = {.x = dy, .bias = bias, .y = dx, .tail = tail};
    tap_set taps[3];
    if (!plan_part(dtype, conv, residue, &tiling, taps)) continue;
    tiling.channels = channels;
    if (all == 1 &&
        (kb_winograd_serves(dtype, &tiling.gather, tiling.batch, tiling.channels, tiling.rows) ||
         kb_images_serves(dtype, &tiling.gather, tiling.batch, tiling.channels, tiling.rows)))
      return false;
    parts[filled++] = (kb_direct_part){tiling, order};
    order += list_taps(conv->window.kernel, taps, order);
  }
  if (filled > 0)
    kb_direct_run(parts, filled, w, kb_conv_count(conv->window.kernel), true);
  return true;
}

// Of a 1 × 1 convolution with a stride: that of the pixels that it reads, and zeros in between. False where
// it is none.
static bool pixel_input_gradient(kb_dtype dtype, const kb_convolution *conv, const void *dy,
                                 const void *w, const void *bias, void *dx) {
  const kb_conv_gather gather = window_gather(dtype, &conv->window);
  if (dtype != KB_FLOAT32 || !kb_conv_reads_pixels(&gather)) return false;
  kb_convolution dense = *conv;
  memcpy(dense.window.input, conv->window.output, sizeof dense.window.input);
  for (int d = 0; d < 3; d++) dense.window.stride[d] = 1;
  const intptr_t planes = conv->batch * conv->in_channels, residue[3] = {0};
  const size_t bytes = (size_t)(planes * kb_conv_count(dense.window.input)) * sizeof(float);
  float *pixels = kb_scratch(bytes);
  input_gradient_part(dtype, &dense, residue, dy, w, bias, pixels, NULL);
  kb_conv_spread_pixels(&gather, pixels, planes, bias, conv->in_channels, dx);
  kb_scratch_free(pixels, bytes);
  return true;
}

void kb_conv_input_gradient(kb_dtype dtype, const kb_convolution *conv, const void *dy,
                            const void *w, const void *bias, void *dx, const kb_tail *tail) {
  conv_counts counts = element_counts(conv);
  const intptr_t planes = conv->batch * conv->in_channels;
  if (kb_dtype_is_half(dtype)) {
    size_t channels = (size_t)conv->in_channels;
    float *wide_dy = kb_widen(dtype, counts.y, dy), *wide_w = kb_widen(dtype, counts.w, w);
    float *wide_bias = kb_widen(dtype, channels, bias);
    float *wide_dx = kb_scratch(counts.x * sizeof(float));
    kb_conv_input_gradient(KB_FLOAT32, conv, wide_dy, wide_w, wide_bias, wide_dx, NULL);
    kb_narrow(dtype, counts.x, wide_dx, dx);
    kb_release_wide(wide_dy, counts.y), kb_release_wide(wide_w, counts.w);
    kb_release_wide(wide_bias, channels);
    kb_conv_run_tail(tail, planes, conv->window.input);
    return;
  }
  const intptr_t *stride = conv->window.stride, *input = conv->window.input;
  if (lanewise_input_gradient(dtype, conv, dy, w, bias, dx)) {
    kb_conv_run_tail(tail, planes, input);
    return;
  }
  if (kb_columns_serves(dtype, conv)) {
    kb_columns_run(conv, dy, w, bias, dx);
    kb_conv_run_tail(tail, planes, input);
    return;
  }
  if (direct_input_gradient(dtype, conv, dy, w, bias, dx, tail)) return;
  if (kb_conv_count(stride) > 1 && pixel_input_gradient(dtype, conv, dy, w, bias, dx)) {
    kb_conv_run_tail(tail, planes, input);
    return;
  }
  // Parts that interleave are handed over when all are there.
  const kb_tail *const own = kb_conv_count(stride) == 1 ? tail : NULL;
  intptr_t residue[3];
  for (residue[0] = 0; residue[0] < stride[0] && residue[0] < input[0]; residue[0]++)
    for (residue[1] = 0; residue[1] < stride[1] && residue[1] < input[1]; residue[1]++)
      for (residue[2] = 0; residue[2] < stride[2] && residue[2] < input[2]; residue[2]++)
        input_gradient_part(dtype, conv, residue, dy, w, bias, dx, own);
  if (!own) kb_conv_run_tail(tail, planes, input);
}
