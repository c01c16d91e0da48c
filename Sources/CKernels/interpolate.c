// Resampling as one pass per dimension, each a sparse matrix whose rows (the taps of an output
// position) are computed once; the gradient applies the transposes in reverse order. The positions
// and weights follow PyTorch's formulas in the same precision, so that floor() falls on the same
// side.
#include "kb_interpolate.h"

#include <math.h>
#include <string.h>

#include "kb_threads.h"
#include "widen.h"

#pragma STDC FP_CONTRACT OFF

// Row o of a pass: inputs indices[o · taps …] with as many weights. `weights` NULL selects one
// input.
typedef struct resampling {
  intptr_t input, output, taps;
  intptr_t *indices;
  void *weights;
  size_t index_bytes, weight_bytes;
} resampling;

static intptr_t least(intptr_t a, intptr_t b) { return a < b ? a : b; }
static intptr_t most(intptr_t a, intptr_t b) { return a > b ? a : b; }

#define NAME(function) function##_float
#define T float
#include "interpolate_body.inc"

#define NAME(function) function##_double
#define T double
#include "interpolate_body.inc"

// Dimensions of equal size are copied whatever the mode, as PyTorch does, unless a nearest mode has
// a factor that says otherwise.
static bool is_identity(const kb_interpolation *interpolation, int d) {
  if (interpolation->input[d] != interpolation->output[d]) return false;
  return interpolation->mode == KB_INTERPOLATE_LINEAR || interpolation->factor[d] == 0;
}

typedef struct interpolation_job {
  resampling passes[3]; // outermost dimension first; identity passes have taps 0
  intptr_t input[3], output[3];
  size_t inputs, outputs, size, scratch; // elements of a plane; bytes of an element, of one buffer
  const void *x;
  void *y;
} interpolation_job;

static size_t product(const intptr_t dims[3]) { return (size_t)(dims[0] * dims[1] * dims[2]); }

static interpolation_job make_job(bool is_double, const kb_interpolation *interpolation) {
  interpolation_job job = {.size = is_double ? 8 : 4};
  size_t widest = 1;
  for (int d = 0; d < 3; d++) {
    job.input[d] = interpolation->input[d];
    job.output[d] = interpolation->output[d];
    widest *= (size_t)most(job.input[d], job.output[d]);
    if (is_identity(interpolation, d)) continue;
    job.passes[d] =
        is_double ? make_resampling_double(interpolation, d)
                  : make_resampling_float(interpolation, d);
  }
  job.inputs = product(job.input), job.outputs = product(job.output);
  job.scratch = widest * job.size;
  return job;
}

static void end_job(interpolation_job *job) {
  for (int d = 0; d < 3; d++) {
    if (job->passes[d].taps == 0) continue;
    kb_scratch_free(job->passes[d].indices, job->passes[d].index_bytes);
    if (job->passes[d].weights) kb_scratch_free(job->passes[d].weights, job->passes[d].weight_bytes);
  }
}

// Applies the passes innermost dimension first (`transposed`: outermost first), between two
// buffers.
static void run_planes(const interpolation_job *job, bool transposed, size_t begin, size_t end) {
  char *buffers = kb_scratch(2 * job->scratch);
  const size_t from_count = transposed ? job->outputs : job->inputs;
  const size_t to_count = transposed ? job->inputs : job->outputs;
  for (size_t plane = begin; plane < end; plane++) {
    const char *from = (const char *)job->x + plane * from_count * job->size;
    char *to = (char *)job->y + plane * to_count * job->size;
    intptr_t shape[3];
    memcpy(shape, transposed ? job->output : job->input, sizeof shape);
    for (int step = 0; step < 3; step++) {
      int d = transposed ? step : 2 - step;
      const resampling *pass = &job->passes[d];
      if (pass->taps == 0) continue;
      char *target = from == buffers ? buffers + job->scratch : buffers;
      intptr_t outer = 1, inner = 1;
      for (int i = 0; i < d; i++) outer *= shape[i];
      for (int i = d + 1; i < 3; i++) inner *= shape[i];
      if (job->size == 8)
        (transposed ? apply_transpose_double : apply_double)(pass, outer, inner,
                                                             (const double *)from,
                                                             (double *)target);
      else
        (transposed ? apply_transpose_float : apply_float)(pass, outer, inner, (const float *)from,
                                                           (float *)target);
      shape[d] = transposed ? pass->input : pass->output;
      from = target;
    }
    memcpy(to, from, to_count * job->size);
  }
  kb_scratch_free(buffers, 2 * job->scratch);
}

static void run_forward(void *context, size_t begin, size_t end) {
  run_planes(context, false, begin, end);
}

static void run_transposed(void *context, size_t begin, size_t end) {
  run_planes(context, true, begin, end);
}

#define SELECT(type)                                                                               \
  do {                                                                                             \
    const type *from = (const type *)row;                                                          \
    type *to = (type *)target;                                                                     \
    for (intptr_t o = 0; o < columns; o++) to[o] = from[indices ? indices[o] : o];                 \
  } while (0)

// The nearest modes move elements of any type.
static void run_nearest(void *context, size_t begin, size_t end) {
  const interpolation_job *job = context;
  const intptr_t *input = job->input, *output = job->output, columns = output[2];
  const resampling *passes = job->passes;
  const intptr_t *indices = passes[2].taps ? passes[2].indices : NULL;
  const size_t size = job->size;
  for (size_t plane = begin; plane < end; plane++) {
    const char *x = (const char *)job->x + plane * job->inputs * size;
    char *target = (char *)job->y + plane * job->outputs * size;
    for (intptr_t z = 0; z < output[0]; z++) {
      intptr_t iz = passes[0].taps ? passes[0].indices[z] : z;
      for (intptr_t y = 0; y < output[1]; y++, target += (size_t)columns * size) {
        intptr_t iy = passes[1].taps ? passes[1].indices[y] : y;
        const char *row = x + (size_t)((iz * input[1] + iy) * input[2]) * size;
        switch (size) {
        case 1: SELECT(uint8_t); break;
        case 2: SELECT(uint16_t); break;
        case 4: SELECT(uint32_t); break;
        default: SELECT(uint64_t); break;
        }
      }
    }
  }
}

static bool is_nearest(const kb_interpolation *interpolation) {
  return interpolation->mode == KB_INTERPOLATE_NEAREST ||
         interpolation->mode == KB_INTERPOLATE_NEAREST_EXACT;
}

// Planes per task: enough elements to be worth a task, by shape alone.
static size_t plane_grain(const interpolation_job *job) {
  size_t elements = job->inputs > job->outputs ? job->inputs : job->outputs;
  return elements >= 8192 ? 1 : 8192 / (elements ? elements : 1);
}

// uint8 rounds to nearest even and clamps.
static void narrow_uint8(size_t count, float *from, uint8_t *to) {
  for (size_t i = 0; i < count; i++) {
    float value = rintf(from[i]);
    to[i] = (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
  }
  kb_release_wide(from, count);
}

void kb_interpolate(kb_dtype dtype, const kb_interpolation *interpolation, size_t planes,
                    const void *x, void *y) {
  if (planes == 0) return;
  interpolation_job job = make_job(dtype == KB_FLOAT64, interpolation);
  job.x = x, job.y = y;
  if (is_nearest(interpolation)) {
    job.size = kb_dtype_size(dtype);
    kb_parallel_for(planes, plane_grain(&job), run_nearest, &job);
  } else if (dtype == KB_FLOAT32 || dtype == KB_FLOAT64) {
    kb_parallel_for(planes, plane_grain(&job), run_forward, &job);
  } else {
    float *wide_x = kb_widen(dtype, planes * job.inputs, x);
    float *wide_y = kb_scratch(planes * job.outputs * sizeof(float));
    job.x = wide_x, job.y = wide_y;
    kb_parallel_for(planes, plane_grain(&job), run_forward, &job);
    kb_release_wide(wide_x, planes * job.inputs);
    if (dtype == KB_UINT8)
      narrow_uint8(planes * job.outputs, wide_y, y);
    else
      kb_narrow(dtype, planes * job.outputs, wide_y, y);
  }
  end_job(&job);
}

void kb_interpolate_gradient(kb_dtype dtype, const kb_interpolation *interpolation, size_t planes,
                             const void *dy, void *dx) {
  if (planes == 0) return;
  interpolation_job job = make_job(dtype == KB_FLOAT64, interpolation);
  job.x = dy, job.y = dx;
  if (!kb_dtype_is_half(dtype)) {
    kb_parallel_for(planes, plane_grain(&job), run_transposed, &job);
  } else {
    float *wide_dy = kb_widen(dtype, planes * job.outputs, dy);
    float *wide_dx = kb_scratch(planes * job.inputs * sizeof(float));
    job.x = wide_dy, job.y = wide_dx;
    kb_parallel_for(planes, plane_grain(&job), run_transposed, &job);
    kb_release_wide(wide_dy, planes * job.outputs);
    kb_narrow(dtype, planes * job.inputs, wide_dx, dx);
  }
  end_job(&job);
}
