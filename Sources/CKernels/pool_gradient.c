// The gradient of max pooling by rows, for each instruction set.
#include "pool_gradient.h"

#include <math.h>
#include <string.h>

#include "isa.h"
#include "kb_alloc.h"
#include "kb_threads.h"

#pragma clang fp contract(off)
// Vectors wider than a register never cross a real call: everything that takes one is inlined.
#pragma GCC diagnostic ignored "-Wpsabi"

typedef float lanes __attribute__((vector_size(64), aligned(4), may_alias));
typedef int32_t lane_bits __attribute__((vector_size(64), aligned(4), may_alias));

#define BODY "pool_gradient_body.inc"
#include "isa_each.inc"

enum { LEAST_OUTPUTS = 16 }; // in a row

bool kb_pool_takes_rows(kb_dtype dtype, const pool_job *job) {
  const kb_window *w = &job->window;
  if (dtype != KB_FLOAT32 || w->input[0] != 1 || w->output[0] != 1) return false;
  for (int d = 1; d < 3; d++) {
    const intptr_t last = w->output[d] - 1;
    if (w->dilation[d] != 1 || w->padding_begin[d] >= w->kernel[d] || last < 0 ||
        last * w->stride[d] - w->padding_begin[d] >= w->input[d])
      return false;
  }
  return w->stride[2] <= 2 && w->output[2] >= LEAST_OUTPUTS && w->kernel[1] <= KB_POOL_STAGED_ROWS;
}

static intptr_t whole_vectors(intptr_t count) { return (count + 15) / 16 * 16; }

static void gradients(void *context, size_t begin, size_t end) {
  const pool_job *job = context;
  const kb_window *w = &job->window;
  kb_pool_stage s = {.height = w->input[1], .width = w->input[2], .rows = w->output[1],
                     .columns = w->output[2], .taps = w->kernel[2],
                     .padding = w->padding_begin[2], .stride = w->stride[2],
                     .range = job->ranges[1]};
  const intptr_t columns = whole_vectors(s.columns), lead = whole_vectors(s.taps);
  // Of a residue; the last vectors reach beyond the row.
  const intptr_t reach = s.padding + s.width + 32 + s.taps;
  const intptr_t residue = whole_vectors(most(columns + s.taps, reach / s.stride + 1)) + 16;
  const intptr_t staged = s.stride * residue;
  s.slots = w->kernel[1] + 1;
  s.pitch = lead + whole_vectors(most(columns, s.padding + s.width + 15));
  const intptr_t kept = s.slots * s.pitch;
  const size_t places = (size_t)(s.height + s.taps + 2) * sizeof(intptr_t);
  const size_t bytes = places + (size_t)(2 * staged + 2 * columns + 3 * kept + lead) * sizeof(float);
  float *memory = kb_alloc(bytes);
  intptr_t *place = (intptr_t *)(memory + 2 * staged + 2 * columns + 3 * kept + lead);
  for (intptr_t row = 0; row < s.height; row++) place[row] = row % s.slots * s.pitch;
  s.places = place;
  intptr_t *offsets = place + s.height, *residues = offsets + s.taps;
  for (intptr_t t = 0; t < s.taps; t++) offsets[t] = t % s.stride * residue + t / s.stride;
  for (intptr_t r = 0; r < 2; r++)
    residues[r] = (s.padding + r) % s.stride * residue + (s.padding + r) / s.stride;
  s.offsets = offsets, s.residues = residues;
  s.x[0] = memory, s.x[1] = s.x[0] + staged;
  int32_t *first = (int32_t *)(s.x[1] + staged), *inside = first + columns;
  for (intptr_t i = 0; i < 2 * staged; i++) memory[i] = -INFINITY;
  for (intptr_t o = 0; o < columns; o++) {
    first[o] = (int32_t)most(0, s.padding - o * s.stride);
    inside[o] = o < s.columns ? -1 : 0;
  }
  s.first = first, s.inside = inside;
  s.best = (float *)(inside + columns) + lead;
  s.sums = s.best + kept;
  s.tap = (int32_t *)(s.sums + kept);
  memset(inside + columns, 0, (size_t)(3 * kept + lead) * sizeof(float));
  for (size_t plane = begin; plane < end; plane++)
    KB_ACTIVE(kernels)->gradient(&s, (const float *)job->x + (intptr_t)plane * job->inputs,
                                 (const float *)job->dy + (intptr_t)plane * job->outputs,
                                 (float *)job->y + (intptr_t)plane * job->inputs);
  kb_free(memory, bytes);
}

void kb_pool_run_rows(pool_job *job, size_t planes) {
  kb_parallel_for(planes, plane_grain(job), gradients, job);
}
