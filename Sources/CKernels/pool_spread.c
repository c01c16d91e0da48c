// The transpose of max pooling of float planes by rows, for each instruction set.
#include "pool_spread.h"

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
typedef int8_t signed_bytes __attribute__((vector_size(16)));

#define BODY "pool_spread_body.inc"
#include "isa_each.inc"

static intptr_t whole_vectors(intptr_t count) { return (count + 15) / 16 * 16; }

bool kb_pool_spreads_rows(kb_dtype dtype, const kb_window *w) {
  enum { LEAST_OUTPUTS = 16, MOST_TAPS = 9 }; // in a row, in a window; else a pass over the outputs is faster
  return dtype == KB_FLOAT32 && w->stride[2] == 1 && w->dilation[2] == 1 && w->output[2] >= LEAST_OUTPUTS &&
         w->kernel[0] * w->kernel[1] * w->kernel[2] <= MOST_TAPS;
}

typedef struct spread_job {
  const pool_job *pool;
  kb_spread_rows rows;
  size_t kept; // elements of the rows that are kept
} spread_job;

static void spread_planes(void *context, size_t begin, size_t end) {
  const spread_job *job = context;
  const pool_job *pool = job->pool;
  float *const dy = kb_scratch(job->kept * (sizeof(float) + 1));
  uint8_t *const which = (uint8_t *)(dy + job->kept);
  memset(dy, 0, job->kept * sizeof(float));
  memset(which, KB_POOL_NOWHERE, job->kept);
  for (size_t plane = begin; plane < end; plane++) {
    const size_t from = plane * (size_t)pool->outputs;
    KB_ACTIVE(kernels)->spread(&job->rows, dy, which, (const float *)pool->x + from, pool->which + from,
                               (float *)pool->y + plane * (size_t)pool->inputs);
  }
  kb_scratch_free(dy, job->kept * (sizeof(float) + 1));
}

// The output that reads a position through a tap, or −1.
static intptr_t reader_of(const kb_window *w, int d, intptr_t position, intptr_t tap) {
  const intptr_t from = position + w->padding_begin[d] - tap * w->dilation[d];
  return from >= 0 && from % w->stride[d] == 0 && from / w->stride[d] < w->output[d] ? from / w->stride[d] : -1;
}

void kb_pool_run_spread(pool_job *pool, size_t planes) {
  const kb_window *w = &pool->window;
  const intptr_t rows = w->output[0] * w->output[1], lines = w->input[0] * w->input[1];
  // Rows of outputs that read one of the input, and the next one.
  intptr_t slots = rows;
  if (w->output[0] == 1) slots = least(rows, (w->kernel[1] - 1) * w->dilation[1] / w->stride[1] + 3);
  // Vectors begin as far before a row as taps reach, and end behind what the input's last column needs.
  const intptr_t lead = whole_vectors(w->kernel[2]);
  const intptr_t behind = w->input[2] + w->padding_begin[2] + 16;
  const intptr_t pitch = lead + whole_vectors(most(w->output[2] + 16, behind));
  const intptr_t readers_of_line = w->kernel[0] * w->kernel[1];
  const size_t bytes = (size_t)pool->elements * sizeof(kb_spread_number) +
                       (size_t)rows * sizeof(intptr_t) + (size_t)lines * sizeof(kb_spread_line) +
                       (size_t)(lines * readers_of_line) * sizeof(kb_spread_reader);
  kb_spread_number *const numbers = kb_scratch(bytes);
  intptr_t *const places = (intptr_t *)(numbers + pool->elements);
  kb_spread_line *const first = (kb_spread_line *)(places + rows), *line = first;
  kb_spread_reader *reader = (kb_spread_reader *)(first + lines);
  for (intptr_t n = 0; n < pool->elements; n++) numbers[n] = (kb_spread_number){0} + (uint8_t)n;
  for (intptr_t row = 0; row < rows; row++) places[row] = row % slots * pitch + lead;
  intptr_t kept = 0;
  for (intptr_t iz = 0; iz < w->input[0]; iz++) {
    for (intptr_t iy = 0; iy < w->input[1]; iy++, line++) {
      line->readers = reader;
      for (intptr_t kz = w->kernel[0]; kz-- > 0;) {
        const intptr_t oz = reader_of(w, 0, iz, kz);
        for (intptr_t ky = w->kernel[1]; oz >= 0 && ky-- > 0;) {
          const intptr_t oy = reader_of(w, 1, iy, ky), row = oz * w->output[1] + oy;
          if (oy < 0) continue;
          *reader++ = (kb_spread_reader){places[row], numbers + (kz * w->kernel[1] + ky) * w->kernel[2]};
          kept = most(kept, least(row + 2, rows));
        }
      }
      line->count = reader - line->readers, line->kept = kept;
    }
  }
  spread_job job = {pool, {w, first, places}, (size_t)(slots * pitch)};
  kb_parallel_for(planes, plane_grain(pool), spread_planes, &job);
  kb_scratch_free(numbers, bytes);
}
