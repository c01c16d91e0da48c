// Max pooling of float planes by rows, for each instruction set.
#include "pool_largest.h"

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
typedef uint8_t lane_bytes __attribute__((vector_size(16), aligned(1), may_alias));

#define BODY "pool_largest_body.inc"
#include "isa_each.inc"

bool kb_pool_takes_rows(kb_dtype dtype, const pool_job *job) {
  enum { LEAST_OUTPUTS = 16 }; // in a row
  const kb_window *w = &job->window;
  return dtype == KB_FLOAT32 && !job->indices && w->output[2] >= LEAST_OUTPUTS && w->stride[2] <= 2 &&
         w->kernel[0] * w->kernel[1] * w->kernel[2] <= KB_POOL_MOST_TAPS && !kb_pool_has_empty(job);
}

static intptr_t whole_vectors(intptr_t count) { return (count + 15) / 16 * 16; }

static void find_planes(void *context, size_t begin, size_t end) {
  const pool_job *job = context;
  const kb_window *w = &job->window;
  const intptr_t columns = whole_vectors(w->output[2]), stride = w->stride[2], taps = w->kernel[2];
  const intptr_t reach = (taps - 1) * w->dilation[2], padding = w->padding_begin[2];
  const intptr_t lines = w->input[0] * w->input[1];
  // Of a residue; the last vectors reach beyond the row.
  const intptr_t residue =
      whole_vectors(most(columns + reach / stride, (padding + w->input[2]) / stride) + 1) + 32;
  intptr_t slots = lines;
  for (intptr_t o = 0; w->input[0] == 1 && o < w->output[1]; o++) {
    if (o == 0) slots = 0;
    slots = most(slots, job->ranges[1][o].stop - job->ranges[1][o].start);
  }
  const size_t places = (size_t)(lines + taps + stride) * sizeof(intptr_t);
  const size_t floats = (size_t)(2 * stride * residue + columns + 2 * slots * columns);
  const size_t bytes = places + floats * sizeof(float);
  intptr_t *const place = kb_scratch(bytes), *const offsets = place + lines, *const residues = offsets + taps;
  float *const memory = (float *)(residues + stride);
  for (intptr_t row = 0; row < lines; row++) place[row] = row % slots * columns;
  for (intptr_t t = 0, at = 0; t < taps; t++, at += w->dilation[2])
    offsets[t] = at % stride * residue + at / stride;
  for (intptr_t r = 0; r < stride; r++)
    residues[r] = (padding + r) % stride * residue + (padding + r) / stride;
  for (intptr_t i = 0; i < 2 * stride * residue; i++) memory[i] = -INFINITY;
  int32_t *const first = (int32_t *)(memory + 2 * stride * residue);
  for (intptr_t o = 0; o < columns; o++) {
    const intptr_t outside = most(0, padding - o * stride);
    first[o] = (int32_t)((outside + w->dilation[2] - 1) / w->dilation[2]);
  }
  float *const best = (float *)(first + columns);
  const kb_largest_rows s = {.window = w,
                             .ranges = job->ranges,
                             .columns = w->output[2],
                             .taps = taps,
                             .residues = residues,
                             .offsets = offsets,
                             .places = place,
                             .first = first,
                             .x = {memory, memory + stride * residue},
                             .best = best,
                             .tap = (int32_t *)(best + slots * columns)};
  for (size_t plane = begin; plane < end; plane++) {
    const size_t to = plane * (size_t)job->outputs;
    KB_ACTIVE(kernels)->find(&s, job->inputs, (const float *)job->x + plane * (size_t)job->inputs,
                             (float *)job->y + to, job->which ? job->which + to : NULL);
  }
  kb_scratch_free(place, bytes);
}

void kb_pool_run_rows(pool_job *job, size_t planes) {
  kb_parallel_for(planes, plane_grain(job), find_planes, job);
}
