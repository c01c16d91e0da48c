// Recurrent layers: each thread takes some of the sequences through all steps, so that threads meet
// only at the ends.
#include "kb_recurrent.h"

#include <string.h>

#include "kb_alloc.h"
#include "kb_threads.h"
#include "recurrent_internal.h"

#pragma STDC FP_CONTRACT OFF

#define PADDING KB_RECURRENT_PADDING
// Fewer sequences than this per task leave most of a register tile empty.
#define LEAST_ROWS 4
// Both weights of so many bytes stay in the second level cache from step to step.
#define CACHED_WEIGHTS ((size_t)640 << 10)

size_t kb_recurrent_gates(kb_cell cell) { return cell == KB_LSTM ? 4 : cell == KB_GRU ? 3 : 1; }
size_t kb_recurrent_kept(kb_cell cell, size_t hidden) {
  return cell == KB_LSTM || cell == KB_GRU ? 4 * hidden : 0;
}

kb_recurrent_plan kb_recurrent_begin(const kb_recurrent *layer) {
  kb_recurrent_plan p = {.layer = *layer};
  p.rows = kb_layer_for(layer->dtype);
  p.gemm = kb_gemm_active(layer->dtype == KB_FLOAT64 ? KB_GEMM_F64 : KB_GEMM_F32);
  p.size = kb_dtype_size(layer->dtype);
  p.width = layer->hidden * p.size;
  p.gates = kb_recurrent_gates(layer->cell) * layer->hidden;
  p.kept = kb_recurrent_kept(layer->cell, layer->hidden);
  p.batch = (size_t)layer->batch_sizes[0];
  p.offsets = kb_scratch((layer->steps + 1) * sizeof(size_t));
  p.offsets[0] = 0;
  for (size_t t = 0; t < layer->steps; t++)
    p.offsets[t + 1] = p.offsets[t] + (size_t)layer->batch_sizes[t];
  // Rows do not depend on each other, so neither do results on the number of slices.
  const size_t threads = (size_t)kb_thread_count();
  p.slices = (p.batch + LEAST_ROWS - 1) / LEAST_ROWS;
  if (p.slices > threads) p.slices = threads;
  if (p.offsets[layer->steps] * p.gates * layer->hidden < 65536) p.slices = 1;
  return p;
}

void kb_recurrent_end(kb_recurrent_plan *p) {
  kb_scratch_free(p->offsets, (p->layer.steps + 1) * sizeof(size_t));
}

void kb_recurrent_copy(size_t rows, size_t bytes, const char *from, size_t from_row, char *to,
                       size_t to_row) {
  for (size_t i = 0; i < rows; i++) {
    if (from)
      memcpy(to + i * to_row, from + i * from_row, bytes);
    else
      memset(to + i * to_row, 0, bytes);
  }
}

typedef struct job {
  kb_recurrent_plan plan;
  const char *x, *weight_x, *weight_h, *bias_x, *bias_h, *h, *c;
  char *hs, *hn, *cn, *kept, *cs;
  // The contributions of the input: of all rows in advance, or NULL where they are made with those of
  // the state, by one product whose weights are packed as one, the state's rows of each panel first.
  char *projected;
  size_t joined; // numbers of the input in a row of the state
  char *packed;
  kb_gemm_right right;
  char *start; // what a row of gates begins with: the biases
} job;

static void pack_panels(void *context, size_t begin, size_t end) {
  const job *j = context;
  const kb_gemm_kernels *gemm = j->plan.gemm;
  const size_t n = j->plan.layer.hidden, k = n + j->joined, size = gemm->size;
  for (size_t panel = begin; panel < end; panel++) {
    const size_t column = panel * gemm->columns, left = j->plan.gates - column;
    const size_t columns = left < gemm->columns ? left : gemm->columns;
    char *to = j->packed + panel * k * gemm->columns * size;
    gemm->pack(n, columns, j->weight_h + column * n * size, 1, (intptr_t)n, to);
    if (j->joined > 0)
      gemm->pack(j->joined, columns, j->weight_x + column * j->joined * size, 1,
                 (intptr_t)j->joined, to + n * gemm->columns * size);
  }
}

static void add_biases(const job *j) {
  const size_t gates = j->plan.gates;
  memset(j->start, 0, gates * j->plan.size);
  // A GRU adds that of the state by itself.
  const char *biases[] = {j->bias_x, j->plan.layer.cell == KB_GRU ? NULL : j->bias_h};
  for (int b = 0; b < 2; b++) {
    if (!biases[b]) continue;
    for (size_t i = 0; i < gates; i++) {
      if (j->plan.layer.dtype == KB_FLOAT64)
        ((double *)(void *)j->start)[i] += ((const double *)(const void *)biases[b])[i];
      else
        ((float *)(void *)j->start)[i] += ((const float *)(const void *)biases[b])[i];
    }
  }
}

static void run_slice(const job *j, size_t begin, size_t end) {
  const kb_recurrent_plan *p = &j->plan;
  const kb_cell cell = p->layer.cell;
  const size_t n = p->layer.hidden, size = p->size, count = end - begin;
  const size_t state_row = n + j->joined + PADDING, c_row = n + PADDING;
  const size_t sum_row = p->gates + PADDING;
  const size_t bytes = count * (state_row + c_row + sum_row) * size;
  char *state = kb_scratch(bytes), *c = state + count * state_row * size;
  char *sums = c + count * c_row * size;
  kb_recurrent_copy(count, p->width, j->h + begin * p->width, p->width, state, state_row * size);
  if (cell == KB_LSTM)
    kb_recurrent_copy(count, p->width, j->c + begin * p->width, p->width, c, c_row * size);
  for (size_t number = 0; number < p->layer.steps; number++) {
    const size_t step = kb_recurrent_step(p, number);
    const size_t rows = kb_recurrent_active(p, step, begin, end);
    const size_t first = p->offsets[step] + begin;
    if (j->joined > 0)
      kb_recurrent_copy(rows, j->joined * size, j->x + first * j->joined * size, j->joined * size,
                        state + p->width, state_row * size);
    kb_gemm_part(p->gemm, rows, p->gates, n + j->joined, state, (intptr_t)state_row, 1, j->right,
                 sums, sum_row, false);
    for (size_t i = 0; i < rows; i++) {
      const size_t row = first + i;
      const char *x = j->projected ? j->projected + row * p->gates * size : j->start;
      const char *s = sums + i * sum_row * size;
      char *own = state + i * state_row * size, *h = j->hs + row * p->width;
      char *kept = j->kept + row * p->kept * size;
      if (cell == KB_LSTM)
        p->rows->lstm(n, x, s, own, c + i * c_row * size, kept, j->cs + row * p->width, h);
      else if (cell == KB_GRU)
        p->rows->gru(n, x, s, j->bias_h, own, kept, h);
      else
        p->rows->rnn(n, cell == KB_RNN_RELU, x, s, own, h);
    }
  }
  kb_recurrent_copy(count, p->width, state, state_row * size, j->hn + begin * p->width, p->width);
  if (cell == KB_LSTM)
    kb_recurrent_copy(count, p->width, c, c_row * size, j->cn + begin * p->width, p->width);
  kb_scratch_free(state, bytes);
}

static void run_slices(void *context, size_t begin, size_t end) {
  const job *j = context;
  for (size_t i = begin; i < end; i++)
    run_slice(j, kb_recurrent_slice(&j->plan, i), kb_recurrent_slice(&j->plan, i + 1));
}

void kb_recurrent_forward(const kb_recurrent *layer, const void *x, const void *weight_x,
                          const void *weight_h, const void *bias_x, const void *bias_h,
                          const void *h, const void *c, void *hs, void *hn, void *cn, void *kept,
                          void *cs) {
  if (layer->steps == 0 || layer->batch_sizes[0] == 0) return;
  job j = {.plan = kb_recurrent_begin(layer), .x = x, .weight_x = weight_x, .weight_h = weight_h,
           .bias_x = bias_x, .bias_h = bias_h, .h = h, .c = c, .hs = hs, .hn = hn, .cn = cn,
           .kept = kept, .cs = cs};
  const kb_recurrent_plan *p = &j.plan;
  const size_t n = layer->hidden, rows = p->offsets[layer->steps], size = p->size;
  const size_t start_bytes = p->gates * size;
  j.start = kb_scratch(start_bytes);
  add_biases(&j);
  // In a GRU r multiplies the state's part of a gate, but not the input's. A weight for a few rows is
  // read once and not worth packing.
  const bool joins = layer->cell != KB_GRU && layer->input > 0 && rows >= 32 &&
                     (n + layer->input) * p->gates * size <= CACHED_WEIGHTS;
  const size_t projected_bytes = joins ? 0 : rows * p->gates * size;
  if (joins) {
    j.joined = layer->input;
  } else {
    j.projected = kb_scratch(projected_bytes);
    kb_linear(layer->dtype, rows, p->gates, layer->input,
              (kb_matrix){x, (intptr_t)layer->input, 1, 0},
              (kb_matrix){weight_x, 1, (intptr_t)layer->input, 0},
              j.start, j.projected, NULL);
  }
  const size_t k = n + j.joined, bytes = kb_gemm_packed_bytes(p->gemm, p->gates, k);
  j.packed = kb_scratch(bytes);
  j.right = kb_gemm_packed(p->gemm, j.packed, k);
  kb_parallel_for(kb_gemm_panels(p->gemm, p->gates), kb_gemm_grain(k * p->gemm->columns),
                  pack_panels, &j);
  kb_parallel_for(p->slices, 1, run_slices, &j);
  kb_scratch_free(j.packed, bytes);
  if (j.projected) kb_scratch_free(j.projected, projected_bytes);
  kb_scratch_free(j.start, start_bytes);
  kb_recurrent_end(&j.plan);
}
