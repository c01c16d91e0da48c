// Pooling of float planes, sixteen at a time: rows of any length fill the vectors.
#include <string.h>

#include "conv_lanes.h"
#include "kb_alloc.h"
#include "kb_threads.h"
#include "pool_job.h"

#pragma STDC FP_CONTRACT OFF

enum { LEAST_PLANES = 8, LARGEST_PLANE = 65536 }; // elements: 4 MB for sixteen

bool kb_pool_takes_lanes(kb_dtype dtype, const pool_job *job, size_t planes) {
  return dtype == KB_FLOAT32 && planes >= LEAST_PLANES && job->inputs <= LARGEST_PLANE &&
         job->outputs <= LARGEST_PLANE && job->inputs > 0 && job->outputs > 0;
}

// What spreads one mean over a large plane writes a run.
bool kb_pool_takes_means(kb_dtype dtype, const pool_job *job, size_t planes) {
  return kb_pool_takes_lanes(dtype, job, planes) && (job->outputs > 1 || job->inputs <= 256);
}

static kb_pool_view view_of(const pool_job *job) {
  kb_pool_view view = {.ranges = {job->ranges[0], job->ranges[1], job->ranges[2]}};
  memcpy(view.input, job->window.input, sizeof view.input);
  memcpy(view.output, job->window.output, sizeof view.output);
  memcpy(view.dilation, job->window.dilation, sizeof view.dilation);
  return view;
}

// The scratch of a task: elements of sixteen planes, and where the gather puts them.
typedef struct lane_scratch {
  kb_pool_view view;
  const kb_pool_lane_kernels *kernels;
  const kb_lane_kernels *lanes;
  void *memory;
  float *in, *out;
  int32_t *where, *positions;
  kb_pool_rows rows; // slots 0: windows are not looked at row by row
  size_t bytes;
} lane_scratch;

// The rows between a window's first and last one, 0 if some window is empty or there is more than one
// depth.
static intptr_t slots_of(const pool_job *job) {
  if (job->window.input[0] != 1 || job->window.output[0] != 1) return 0;
  intptr_t slots = 0;
  for (int d = 1; d < 3; d++) {
    for (intptr_t o = 0; o < job->window.output[d]; o++) {
      const intptr_t extent = job->ranges[d][o].stop - job->ranges[d][o].start;
      if (extent <= 0) return 0;
      if (d == 1) slots = most(slots, extent);
    }
  }
  return slots;
}

// `largest`: for the largest elements of windows.
static lane_scratch open_scratch(const pool_job *job, bool largest) {
  const size_t inputs = (size_t)job->inputs, outputs = (size_t)job->outputs;
  const size_t most = inputs > outputs ? inputs : outputs;
  lane_scratch s = {.view = view_of(job),
                    .kernels = kb_pool_lanes_active(),
                    .lanes = kb_lanes_active(),
                    .rows = {.slots = largest ? slots_of(job) : 0}};
  const size_t slots = (size_t)s.rows.slots, kept = KB_LANES * slots * (size_t)job->window.output[2];
  s.bytes = slots * sizeof(intptr_t) +
            (KB_LANES * (inputs + 2 * outputs) + most + 2 * kept) * sizeof(float);
  s.memory = kb_scratch(s.bytes);
  s.rows.row = s.memory;
  s.in = (float *)(s.rows.row + slots);
  s.out = s.in + KB_LANES * inputs;
  s.where = (int32_t *)(s.out + KB_LANES * outputs);
  s.positions = s.where + KB_LANES * outputs;
  s.rows.best = (float *)(s.positions + most);
  s.rows.column = (int32_t *)(s.rows.best + kept);
  for (size_t i = 0; i < most; i++) s.positions[i] = (int32_t)(KB_LANES * i);
  return s;
}

static void close_scratch(lane_scratch *s) { kb_scratch_free(s->memory, s->bytes); }

// Sixteen planes, or what is left of them.
static intptr_t lanes_of(const pool_job *job, size_t group) {
  return least(KB_LANES, (intptr_t)(job->planes - group * KB_LANES));
}

static void gather_lanes(const lane_scratch *s, const void *planes, size_t group, intptr_t lanes,
                         intptr_t count, float *to) {
  s->lanes->gather((const float *)planes + (intptr_t)group * KB_LANES * count, count, lanes, count,
                   s->positions, to);
}

static void scatter_lanes(const lane_scratch *s, const float *from, size_t group, intptr_t lanes,
                          intptr_t count, void *planes) {
  s->lanes->scatter(from, KB_LANES, lanes, count, (float *)planes + (intptr_t)group * KB_LANES * count,
                    count);
}

// Numbers in windows from positions in planes.
static void note_numbers(const pool_job *job, const int32_t *where, size_t group, intptr_t lanes) {
  const kb_window *w = &job->window;
  const intptr_t columns = w->output[2], outputs = job->outputs;
  uint8_t *const which = job->which + (intptr_t)group * KB_LANES * outputs;
  for (intptr_t row = 0; row < w->output[0] * w->output[1]; row++) {
    const intptr_t z = row / w->output[1] * w->stride[0] - w->padding_begin[0];
    const intptr_t y = row % w->output[1] * w->stride[1] - w->padding_begin[1];
    intptr_t begin = (z * w->input[1] + y) * w->input[2] - w->padding_begin[2];
    for (intptr_t o = row * columns; o < (row + 1) * columns; o++, begin += w->stride[2])
      for (intptr_t lane = 0; lane < lanes; lane++)
        which[lane * outputs + o] = job->numbers[where[o * KB_LANES + lane] - begin];
  }
}

// How far the last element of a window is from where it begins.
static intptr_t reach_of(const kb_window *w) {
  const intptr_t rows = (w->kernel[0] - 1) * w->dilation[0] * w->input[1] + (w->kernel[1] - 1) * w->dilation[1];
  return rows * w->input[2] + (w->kernel[2] - 1) * w->dilation[2];
}

static uint8_t *make_numbers(const kb_window *w, size_t bytes) {
  uint8_t *const numbers = kb_scratch(bytes);
  uint8_t number = 0;
  for (intptr_t z = 0; z < w->kernel[0]; z++)
    for (intptr_t y = 0; y < w->kernel[1]; y++)
      for (intptr_t x = 0; x < w->kernel[2]; x++)
        numbers[(z * w->dilation[0] * w->input[1] + y * w->dilation[1]) * w->input[2] + x * w->dilation[2]] =
            number++;
  return numbers;
}

static void max_lanes(void *context, size_t begin, size_t end) {
  const pool_job *job = context;
  const intptr_t inputs = job->inputs, outputs = job->outputs;
  lane_scratch s = open_scratch(job, true);
  for (size_t group = begin; group < end; group++) {
    const intptr_t lanes = lanes_of(job, group);
    gather_lanes(&s, job->x, group, lanes, inputs, s.in);
    int32_t *where = job->indices || job->which ? s.where : NULL;
    if (s.rows.slots > 0)
      s.kernels->max_rows(&s.view, &s.rows, s.in, s.out, where);
    else
      s.kernels->max(&s.view, s.in, s.out, where);
    scatter_lanes(&s, s.out, group, lanes, outputs, job->y);
    if (job->which) note_numbers(job, where, group, lanes);
    if (!job->indices) continue;
    int64_t *indices = job->indices + (intptr_t)group * KB_LANES * outputs;
    for (intptr_t lane = 0; lane < lanes; lane++)
      for (intptr_t o = 0; o < outputs; o++)
        indices[lane * outputs + o] = s.where[o * KB_LANES + lane];
  }
  close_scratch(&s);
}

static void average_lanes(void *context, size_t begin, size_t end) {
  const pool_job *job = context;
  lane_scratch s = open_scratch(job, false);
  for (size_t group = begin; group < end; group++) {
    const intptr_t lanes = lanes_of(job, group);
    gather_lanes(&s, job->x, group, lanes, job->inputs, s.in);
    s.kernels->average(&s.view, job->divisors, s.in, s.out);
    scatter_lanes(&s, s.out, group, lanes, job->outputs, job->y);
  }
  close_scratch(&s);
}

static void average_gradient_lanes(void *context, size_t begin, size_t end) {
  const pool_job *job = context;
  lane_scratch s = open_scratch(job, false);
  for (size_t group = begin; group < end; group++) {
    const intptr_t lanes = lanes_of(job, group);
    gather_lanes(&s, job->x, group, lanes, job->outputs, s.out);
    memset(s.in, 0, (size_t)(KB_LANES * job->inputs) * sizeof(float));
    s.kernels->spread(&s.view, job->divisors, s.out, s.in);
    scatter_lanes(&s, s.in, group, lanes, job->inputs, job->y);
  }
  close_scratch(&s);
}

// Of all outputs of a plane.
static void fill_divisors(const pool_job *job, float *divisors) {
  const intptr_t *output = job->window.output;
  for (intptr_t oz = 0; oz < output[0]; oz++) {
    for (intptr_t oy = 0; oy < output[1]; oy++) {
      for (intptr_t ox = 0; ox < output[2]; ox++) {
        const pool_range z = job->ranges[0][oz], y = job->ranges[1][oy], x = job->ranges[2][ox];
        intptr_t count = job->count_include_pad
                             ? z.padded * y.padded * x.padded
                             : (z.stop - z.start) * (y.stop - y.start) * (x.stop - x.start);
        if (job->divisor_override) count = job->divisor_override;
        *divisors++ = (float)(count == 0 ? 1 : count); // an empty window sums to 0
      }
    }
  }
}

void kb_pool_run_lanes(kb_pool_kind kind, pool_job *job, size_t planes) {
  static void (*const bodies[])(void *context, size_t begin, size_t end) = {
      [KB_POOL_MAX] = max_lanes,
      [KB_POOL_AVERAGE] = average_lanes,
      [KB_POOL_AVERAGE_GRADIENT] = average_gradient_lanes,
  };
  const bool divides = kind == KB_POOL_AVERAGE || kind == KB_POOL_AVERAGE_GRADIENT;
  const size_t bytes = divides ? (size_t)job->outputs * sizeof(float) : 0;
  float *divisors = kb_scratch(bytes);
  if (divides) fill_divisors(job, divisors);
  job->divisors = divisors;
  job->planes = planes;
  const size_t number_bytes = job->which ? (size_t)reach_of(&job->window) + 1 : 0;
  uint8_t *const numbers = job->which ? make_numbers(&job->window, number_bytes) : NULL;
  job->numbers = numbers;
  kb_parallel_for((planes + KB_LANES - 1) / KB_LANES, plane_grain(job) / KB_LANES + 1,
                  bodies[kind], job);
  if (numbers) kb_scratch_free(numbers, number_bytes);
  kb_scratch_free(divisors, bytes);
}
