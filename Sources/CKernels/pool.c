// Pooling: one task takes a few planes. An output row is computed tap by tap over all its columns
// that the tap reaches, so padding costs no tests and the inner loops are vectors.
#include "kb_pool.h"

#include <math.h>
#include <string.h>

#include "kb_reduce.h"
#include "kb_threads.h"
#include "pool_job.h"
#include "pool_largest.h"
#include "pool_pairs.h"
#include "pool_rectified.h"
#include "pool_spread.h"
#include "widen.h"

#pragma STDC FP_CONTRACT OFF

enum { LEAST_ROW = 48 }; // elements of a plane whose mean is the reduction of a row

static void fill_taps(pool_job *job) {
  const kb_window *window = &job->window;
  const intptr_t stride = window->stride[2];
  for (intptr_t tap = 0; tap < window->kernel[2]; tap++) {
    const intptr_t shift = tap * window->dilation[2] - window->padding_begin[2];
    const intptr_t low = shift < 0 ? (-shift + stride - 1) / stride : 0;
    const intptr_t inside = window->input[2] - shift;
    const intptr_t high = inside > 0 ? (inside - 1) / stride + 1 : 0;
    job->taps[tap].high = least(high, window->output[2]);
    job->taps[tap].low = least(low, job->taps[tap].high);
  }
}

static void fill_ranges(pool_job *job) {
  const kb_window *window = &job->window;
  for (int d = 0; d < 3; d++) {
    for (intptr_t o = 0; o < window->output[d]; o++) {
      intptr_t start = o * window->stride[d] - window->padding_begin[d];
      intptr_t dilation = window->dilation[d];
      intptr_t stop = start + (window->kernel[d] - 1) * dilation + 1;
      pool_range *range = &job->ranges[d][o];
      range->padded = least(stop, window->input[d] + window->padding_end[d]) - start;
      range->start = start < 0 ? start + (-start + dilation - 1) / dilation * dilation : start;
      range->stop = most(least(stop, window->input[d]), range->start);
      // A window of padding alone still names an element.
      if (range->stop == range->start) range->start = range->stop = most(0, window->input[d] - 1);
    }
  }
}

static void fill_adaptive_ranges(pool_job *job) {
  for (int d = 0; d < 3; d++) {
    const intptr_t input = job->window.input[d], output = job->window.output[d];
    for (intptr_t o = 0; o < output; o++) {
      intptr_t start = o * input / output, stop = ((o + 1) * input + output - 1) / output;
      job->ranges[d][o] = (pool_range){start, stop, stop - start};
    }
  }
}

static pool_job make_job(const kb_window *window, bool adaptive, const void *x, void *y) {
  pool_job job = {.window = *window, .x = x, .y = y};
  job.inputs = window->input[0] * window->input[1] * window->input[2];
  job.outputs = window->output[0] * window->output[1] * window->output[2];
  const intptr_t count = window->output[0] + window->output[1] + window->output[2];
  job.range_bytes =
      (size_t)count * sizeof(pool_range) + (size_t)window->kernel[2] * sizeof(tap_range);
  job.ranges[0] = kb_scratch(job.range_bytes);
  job.ranges[1] = job.ranges[0] + window->output[0];
  job.ranges[2] = job.ranges[1] + window->output[1];
  job.taps = (tap_range *)(job.ranges[2] + window->output[2]);
  fill_taps(&job);
  if (adaptive)
    fill_adaptive_ranges(&job);
  else
    fill_ranges(&job);
  return job;
}

static void end_job(pool_job *job) { kb_scratch_free(job->ranges[0], job->range_bytes); }

static kb_window adaptive_window(const intptr_t input[3], const intptr_t output[3]) {
  kb_window window = {.stride = {1, 1, 1}, .kernel = {1, 1, 1}, .dilation = {1, 1, 1}};
  memcpy(window.input, input, sizeof window.input);
  memcpy(window.output, output, sizeof window.output);
  return window;
}

static size_t product(const intptr_t dims[3]) { return (size_t)(dims[0] * dims[1] * dims[2]); }

// The functions of one element type: NAME(function), T, LOWEST, IS_NAN(v); sums are of type SUM.
#define NAME(function) function##_float
#define T float
#define SUM float
#define LOWEST (-INFINITY)
#define IS_NAN(v) ((v) != (v))
#include "pool_body.inc"

#define NAME(function) function##_double
#define T double
#define SUM double
#define LOWEST (-INFINITY)
#define IS_NAN(v) ((v) != (v))
#include "pool_body.inc"

#define IS_NAN(v) 0
#define SUM int64_t
#define POOL_INTEGERS

#define NAME(function) function##_int8
#define T int8_t
#define LOWEST INT8_MIN
#include "pool_body.inc"

#define NAME(function) function##_int16
#define T int16_t
#define LOWEST INT16_MIN
#include "pool_body.inc"

#define NAME(function) function##_int32
#define T int32_t
#define LOWEST INT32_MIN
#include "pool_body.inc"

#define NAME(function) function##_int64
#define T int64_t
#define LOWEST INT64_MIN
#include "pool_body.inc"

#define NAME(function) function##_uint8
#define T uint8_t
#define LOWEST 0
#include "pool_body.inc"

typedef void (*pool_body)(void *context, size_t begin, size_t end);

#define BODIES(function)                                                                           \
  static const pool_body function##_bodies[KB_DTYPE_COUNT] = {                                     \
      [KB_FLOAT32] = function##_float, [KB_FLOAT64] = function##_double,                           \
      [KB_INT8] = function##_int8,     [KB_INT16] = function##_int16,                              \
      [KB_INT32] = function##_int32,   [KB_INT64] = function##_int64,                              \
      [KB_UINT8] = function##_uint8,                                                               \
  }

BODIES(max_pool);
BODIES(spread);
BODIES(choose);
BODIES(average_pool);
BODIES(average_pool_gradient);
BODIES(adaptive_average);
BODIES(adaptive_average_gradient);
BODIES(adaptive_max);
BODIES(scatter);
BODIES(gather);

// Runs a body over all planes, half types on float copies.
static void run(const pool_body *bodies, kb_dtype dtype, pool_job *job, size_t planes,
                size_t x_count, size_t y_count) {
  if (!kb_dtype_is_half(dtype)) {
    kb_parallel_for(planes, plane_grain(job), bodies[dtype], job);
    return;
  }
  const void *x = job->x;
  void *y = job->y;
  float *wide_x = kb_widen(dtype, planes * x_count, x);
  float *wide_y = kb_scratch(planes * y_count * sizeof(float));
  job->x = wide_x, job->y = wide_y;
  kb_parallel_for(planes, plane_grain(job), bodies[KB_FLOAT32], job);
  kb_release_wide(wide_x, planes * x_count);
  kb_narrow(dtype, planes * y_count, wide_y, y);
}

// Windows of 2 × 2 elements that neither overlap nor reach beyond the input.
static bool takes_pairs(kb_dtype dtype, const kb_window *window) {
  if (dtype != KB_FLOAT32 || window->kernel[0] != 1 || window->input[0] != 1 ||
      window->output[0] != 1 || window->padding_begin[0] != 0)
    return false;
  for (int d = 1; d < 3; d++) {
    if (window->kernel[d] != 2 || window->stride[d] != 2 || window->dilation[d] != 1 ||
        window->padding_begin[d] != 0 || 2 * window->output[d] > window->input[d])
      return false;
  }
  return true;
}

static void max_pairs(void *context, size_t begin, size_t end) {
  const pool_job *job = context;
  const kb_pool_pairs pairs = kb_pool_pairs_active();
  const intptr_t width = job->window.input[2], columns = job->window.output[2];
  for (size_t plane = begin; plane < end; plane++) {
    const float *x = (const float *)job->x + plane * (size_t)job->inputs;
    const size_t to = plane * (size_t)job->outputs;
    float *y = (float *)job->y + to;
    uint8_t *which = job->which ? job->which + to : NULL;
    for (intptr_t row = 0; row < job->window.output[1]; row++, y += columns) {
      pairs(columns, x + 2 * row * width, x + (2 * row + 1) * width, y, which);
      if (which) which += columns;
    }
  }
}

static void spread_pairs(void *context, size_t begin, size_t end) {
  const pool_job *job = context;
  const intptr_t height = job->window.input[1], width = job->window.input[2];
  const intptr_t rows = job->window.output[1], columns = job->window.output[2];
  for (size_t plane = begin; plane < end; plane++) {
    const size_t from = plane * (size_t)job->outputs;
    float *dx = (float *)job->y + plane * (size_t)job->inputs;
    kb_rectified_active()->spread(rows, columns, (const float *)job->x + from, job->which + from, dx, width);
    // What lies in no window.
    for (intptr_t row = 0; row < 2 * rows; row++)
      for (intptr_t i = 2 * columns; i < width; i++) dx[row * width + i] = 0;
    memset(dx + 2 * rows * width, 0, (size_t)((height - 2 * rows) * width) * sizeof(float));
  }
}

// A job that needs to know sizes alone.
static pool_job make_simple_job(const kb_window *window, const void *x, void *y, const uint8_t *which) {
  pool_job job = {.window = *window, .x = x, .y = y, .which = (uint8_t *)which};
  job.inputs = (intptr_t)product(window->input), job.outputs = (intptr_t)product(window->output);
  job.elements = (intptr_t)product(window->kernel);
  return job;
}

static void find_largest(kb_dtype dtype, const kb_window *window, size_t planes, const void *x, void *y,
                         int64_t *indices, uint8_t *which) {
  if (!indices && takes_pairs(dtype, window)) {
    pool_job job = make_simple_job(window, x, y, which);
    kb_parallel_for(planes, plane_grain(&job), max_pairs, &job);
    return;
  }
  if (kb_dtype_is_half(dtype)) {
    const size_t inputs = planes * product(window->input), outputs = planes * product(window->output);
    float *wide_x = kb_widen(dtype, inputs, x), *wide_y = kb_scratch(outputs * sizeof(float));
    find_largest(KB_FLOAT32, window, planes, wide_x, wide_y, indices, which);
    kb_release_wide(wide_x, inputs);
    kb_narrow(dtype, outputs, wide_y, y);
    return;
  }
  pool_job job = make_job(window, false, x, y);
  job.indices = indices, job.which = which;
  if (kb_pool_takes_rows(dtype, &job))
    kb_pool_run_rows(&job, planes);
  else if (kb_pool_takes_lanes(dtype, &job, planes) && !(which && kb_pool_has_empty(&job)))
    kb_pool_run_lanes(KB_POOL_MAX, &job, planes);
  else
    run(max_pool_bodies, dtype, &job, planes, (size_t)job.inputs, (size_t)job.outputs);
  end_job(&job);
}

void kb_max_pool(kb_dtype dtype, const kb_window *window, size_t planes, const void *x, void *y,
                 int64_t *indices) {
  find_largest(dtype, window, planes, x, y, indices, NULL);
}

void kb_max_pool_which(kb_dtype dtype, const kb_window *window, size_t planes, const void *x, void *y,
                       uint8_t *which) {
  find_largest(dtype, window, planes, x, y, NULL, which);
}

// The distances of a window's elements from where it begins.
static intptr_t *make_offsets(const kb_window *w) {
  intptr_t *const offsets = kb_scratch(product(w->kernel) * sizeof(intptr_t)), *next = offsets;
  for (intptr_t z = 0; z < w->kernel[0]; z++)
    for (intptr_t y = 0; y < w->kernel[1]; y++)
      for (intptr_t x = 0; x < w->kernel[2]; x++)
        *next++ = (z * w->dilation[0] * w->input[1] + y * w->dilation[1]) * w->input[2] + x * w->dilation[2];
  return offsets;
}

void kb_pool_spread(kb_dtype dtype, const kb_window *window, size_t planes, const void *dy,
                    const uint8_t *which, void *dx) {
  pool_job job = make_simple_job(window, dy, dx, which);
  if (takes_pairs(dtype, window)) {
    kb_parallel_for(planes, plane_grain(&job), spread_pairs, &job);
    return;
  }
  if (kb_pool_spreads_rows(dtype, window)) {
    kb_pool_run_spread(&job, planes);
    return;
  }
  intptr_t *const offsets = make_offsets(window);
  job.offsets = offsets;
  run(spread_bodies, dtype, &job, planes, (size_t)job.outputs, (size_t)job.inputs);
  kb_scratch_free(offsets, product(window->kernel) * sizeof(intptr_t));
}

void kb_pool_choose(kb_dtype dtype, const kb_window *window, size_t planes, const void *x,
                    const uint8_t *which, void *y) {
  pool_job job = make_simple_job(window, x, y, which);
  intptr_t *const offsets = make_offsets(window);
  job.offsets = offsets;
  run(choose_bodies, dtype, &job, planes, (size_t)job.inputs, (size_t)job.outputs);
  kb_scratch_free(offsets, product(window->kernel) * sizeof(intptr_t));
}

void kb_average_pool(kb_dtype dtype, const kb_window *window, size_t planes, bool count_include_pad,
                     intptr_t divisor_override, const void *x, void *y) {
  pool_job job = make_job(window, false, x, y);
  job.count_include_pad = count_include_pad;
  job.divisor_override = divisor_override;
  if (kb_pool_takes_lanes(dtype, &job, planes))
    kb_pool_run_lanes(KB_POOL_AVERAGE, &job, planes);
  else
    run(average_pool_bodies, dtype, &job, planes, (size_t)job.inputs, (size_t)job.outputs);
  end_job(&job);
}

void kb_average_pool_gradient(kb_dtype dtype, const kb_window *window, size_t planes,
                              bool count_include_pad, intptr_t divisor_override, const void *dy,
                              void *dx) {
  pool_job job = make_job(window, false, dy, dx);
  job.count_include_pad = count_include_pad;
  job.divisor_override = divisor_override;
  if (kb_pool_takes_lanes(dtype, &job, planes))
    kb_pool_run_lanes(KB_POOL_AVERAGE_GRADIENT, &job, planes);
  else
    run(average_pool_gradient_bodies, dtype, &job, planes, (size_t)job.outputs,
        (size_t)job.inputs);
  end_job(&job);
}

void kb_adaptive_average_pool(kb_dtype dtype, const intptr_t input[3], const intptr_t output[3],
                              size_t planes, const void *x, void *y) {
  if (product(output) == 1 && product(input) >= LEAST_ROW &&
      (dtype == KB_FLOAT32 || dtype == KB_FLOAT64 || kb_dtype_is_half(dtype))) {
    const intptr_t dims[2] = {(intptr_t)planes, (intptr_t)product(input)};
    kb_reduce(KB_REDUCE_MEAN, dtype, dtype, 2, dims, (const bool[2]){false, true}, x, NULL, y);
    return;
  }
  kb_window window = adaptive_window(input, output);
  pool_job job = make_job(&window, true, x, y);
  job.count_include_pad = true;
  if (kb_pool_takes_means(dtype, &job, planes))
    kb_pool_run_lanes(KB_POOL_AVERAGE, &job, planes);
  else
    run(adaptive_average_bodies, dtype, &job, planes, product(input), product(output));
  end_job(&job);
}

void kb_adaptive_average_pool_gradient(kb_dtype dtype, const intptr_t input[3],
                                       const intptr_t output[3], size_t planes, const void *dy,
                                       void *dx) {
  kb_window window = adaptive_window(input, output);
  pool_job job = make_job(&window, true, dy, dx);
  job.count_include_pad = true;
  if (kb_pool_takes_means(dtype, &job, planes))
    kb_pool_run_lanes(KB_POOL_AVERAGE_GRADIENT, &job, planes);
  else
    run(adaptive_average_gradient_bodies, dtype, &job, planes, product(output), product(input));
  end_job(&job);
}

void kb_adaptive_max_pool(kb_dtype dtype, const intptr_t input[3], const intptr_t output[3],
                          size_t planes, const void *x, void *y, int64_t *indices) {
  kb_window window = adaptive_window(input, output);
  pool_job job = make_job(&window, true, x, y);
  job.indices = indices;
  if (kb_pool_takes_lanes(dtype, &job, planes))
    kb_pool_run_lanes(KB_POOL_MAX, &job, planes);
  else
    run(adaptive_max_bodies, dtype, &job, planes, product(input), product(output));
  end_job(&job);
}

void kb_pool_scatter(kb_dtype dtype, size_t planes, size_t input_count, size_t output_count,
                     const int64_t *indices, const void *dy, void *dx) {
  pool_job job = {.inputs = (intptr_t)input_count, .outputs = (intptr_t)output_count};
  job.x = dy, job.y = dx;
  job.indices = (int64_t *)indices;
  run(scatter_bodies, dtype, &job, planes, output_count, input_count);
}

void kb_pool_gather(kb_dtype dtype, size_t planes, size_t input_count, size_t output_count,
                    const int64_t *indices, const void *x, void *y) {
  pool_job job = {.inputs = (intptr_t)input_count, .outputs = (intptr_t)output_count};
  job.x = x, job.y = y;
  job.indices = (int64_t *)indices;
  run(gather_bodies, dtype, &job, planes, input_count, output_count);
}

kb_status kb_pool_unpool(kb_dtype dtype, size_t planes, size_t input_count, size_t output_count,
                         const int64_t *indices, const void *y, void *out) {
  const size_t size = kb_dtype_size(dtype);
  for (size_t i = 0; i < planes * output_count; i++) {
    if (indices[i] < 0 || indices[i] >= (int64_t)input_count) return KB_INDEX_OUT_OF_RANGE;
  }
  memset(out, 0, planes * input_count * size);
  for (size_t plane = 0; plane < planes; plane++) {
    char *to = (char *)out + plane * input_count * size;
    for (size_t o = plane * output_count; o < (plane + 1) * output_count; o++)
      memcpy(to + (size_t)indices[o] * size, (const char *)y + o * size, size);
  }
  return KB_OK;
}
