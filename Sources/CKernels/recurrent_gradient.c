// The gradient of recurrent layers, some steps at a time: their cotangents of the gates are still in
// the caches when the weights' gradients are made of them, and are never written out.
#include <string.h>

#include "kb_alloc.h"
#include "kb_recurrent.h"
#include "kb_threads.h"
#include "recurrent_internal.h"
#include "reduce_internal.h"

#pragma STDC FP_CONTRACT OFF

#define PADDING KB_RECURRENT_PADDING
// Rows in a block of steps: the weights' gradients are read and written once for so many, and the
// cotangents of their gates should stay in the second level cache.
#define LEAST_BLOCK 128
#define BLOCK_BYTES ((size_t)512 << 10)

typedef struct job {
  kb_recurrent_plan plan;
  const char *x, *h, *c, *hs, *kept, *cs, *dhs, *dhn, *dcn;
  const kb_recurrent_cotangents *to;
  // The weights with their rows as they are: what d_gates is multiplied by.
  kb_gemm_right state_right, input_right;
  char *dh, *dc; // of all sequences, between the steps
  size_t state_row;
  // The block of steps: numbers first ..< end, whose rows begin at `base`.
  size_t first, end, base, block_rows;
  bool is_first_block;
  char *d_gates, *dx_gates; // [block rows × gates_row]; one and the same but for a GRU
  size_t gates_row;
  char *before; // the states before each row of the block
  bool gathers; // before is not part of hs
  kb_gemm_right before_right, x_right;
  double *bias_sums[2]; // of d_gates and dx_gates
  size_t chunks;        // of the gates
} job;

// The state of sequence `row` before step number `number`, which it takes part in: that after the step
// before, or the initial one.
static const char *before(const job *j, const char *states, const char *initial, size_t number,
                          size_t row) {
  const kb_recurrent_plan *p = &j->plan;
  if (number > 0) {
    const size_t step = kb_recurrent_step(p, number - 1);
    if (row < (size_t)p->layer.batch_sizes[step])
      return states + (p->offsets[step] + row) * p->width;
  }
  return initial + row * p->width;
}

static void run_slice(const job *j, size_t begin, size_t end) {
  const kb_recurrent_plan *p = &j->plan;
  const kb_cell cell = p->layer.cell;
  const size_t n = p->layer.hidden, size = p->size, state_bytes = j->state_row * size;
  for (size_t number = j->end; number-- > j->first;) {
    const size_t step = kb_recurrent_step(p, number);
    const size_t rows = kb_recurrent_active(p, step, begin, end);
    if (rows == 0) continue;
    const size_t first = p->offsets[step] + begin;
    char *d_gates = j->d_gates + (first - j->base) * j->gates_row * size;
    char *dx_gates = j->dx_gates + (first - j->base) * j->gates_row * size;
    for (size_t i = 0; i < rows; i++) {
      const size_t row = first + i;
      const char *dy = j->dhs ? j->dhs + row * p->width : NULL;
      const char *kept = j->kept + row * p->kept * size;
      const char *state = before(j, j->hs, j->h, number, begin + i);
      char *own = j->dh + (begin + i) * state_bytes, *to = d_gates + i * j->gates_row * size;
      if (j->gathers) memcpy(j->before + (row - j->base) * p->width, state, p->width);
      if (cell == KB_LSTM)
        p->rows->lstm_back(n, dy, own, j->dc + (begin + i) * state_bytes, kept,
                           j->cs + row * p->width, before(j, j->cs, j->c, number, begin + i), to);
      else if (cell == KB_GRU)
        p->rows->gru_back(n, dy, own, kept, state, dx_gates + i * j->gates_row * size, to);
      else
        p->rows->rnn_back(n, cell == KB_RNN_RELU, dy, own, j->hs + row * p->width, to);
    }
    kb_gemm_part(p->gemm, rows, n, p->gates, d_gates, (intptr_t)j->gates_row, 1, j->state_right,
                 j->dh + begin * state_bytes, j->state_row, cell == KB_GRU);
    if (j->to->x)
      kb_gemm_part(p->gemm, rows, p->layer.input, p->gates, dx_gates, (intptr_t)j->gates_row, 1,
                   j->input_right, (char *)j->to->x + first * p->layer.input * size,
                   p->layer.input, false);
  }
}

static void run_slices(void *context, size_t begin, size_t end) {
  const job *j = context;
  for (size_t i = begin; i < end; i++)
    run_slice(j, kb_recurrent_slice(&j->plan, i), kb_recurrent_slice(&j->plan, i + 1));
}

// Adds the block's rows of some columns of gates to sums, which they reach by way of short sums.
static void add_bias(const job *j, const char *gates, size_t begin, size_t end, double *sums) {
  enum { COLUMNS = 64, ROWS = 64 };
  const kb_recurrent_plan *p = &j->plan;
  const bool isDouble = p->layer.dtype == KB_FLOAT64;
  const kb_fold_kernels *folds =
      &kb_active_reduce()->folds[isDouble ? KB_COMPUTE_DOUBLE : KB_COMPUTE_FLOAT];
  for (size_t column = begin; column < end; column += COLUMNS) {
    const size_t n = end - column < COLUMNS ? end - column : COLUMNS;
    for (size_t row = 0; row < j->block_rows; row += ROWS) {
      const size_t last = j->block_rows - row < ROWS ? j->block_rows : row + ROWS;
      double part[COLUMNS] = {0};
      const void *lines[8];
      for (size_t i = 0; i < 8 && row + i < last; i++)
        lines[i] = gates + ((row + i) * j->gates_row + column) * p->size;
      folds->columns[KB_FOLD_SUM](last - row, lines, (intptr_t)(8 * j->gates_row), n, part);
      const float *single = (const float *)(const void *)part;
      for (size_t i = 0; i < n; i++) sums[column + i] += isDouble ? part[i] : (double)single[i];
    }
  }
}

// A chunk's columns begin and end with whole vectors as far as there are any.
static size_t whole_vectors(const job *j, size_t column) {
  return column == j->plan.gates ? column : column / 16 * 16;
}

// The block's part of the gradients of some rows of the weights.
static void add_chunks(void *context, size_t begin_chunk, size_t end_chunk) {
  const job *j = context;
  const kb_recurrent_plan *p = &j->plan;
  const size_t size = p->size;
  const bool add = !j->is_first_block;
  for (size_t chunk = begin_chunk; chunk < end_chunk; chunk++) {
    const size_t begin = p->gates * chunk / j->chunks, end = p->gates * (chunk + 1) / j->chunks;
    const struct {
      void *to;
      const char *gates;
      kb_gemm_right right;
      size_t n;
    } products[] = {{j->to->weight_h, j->d_gates, j->before_right, p->layer.hidden},
                    {j->to->weight_x, j->dx_gates, j->x_right, p->layer.input}};
    for (int i = 0; i < 2; i++) {
      if (products[i].to)
        kb_gemm_part(p->gemm, end - begin, products[i].n, j->block_rows,
                     products[i].gates + begin * size, 1, (intptr_t)j->gates_row,
                     products[i].right, (char *)products[i].to + begin * products[i].n * size,
                     products[i].n, add);
    }
    const size_t first = whole_vectors(j, begin), last = whole_vectors(j, end);
    if (j->bias_sums[0]) add_bias(j, j->d_gates, first, last, j->bias_sums[0]);
    if (j->bias_sums[1]) add_bias(j, j->dx_gates, first, last, j->bias_sums[1]);
  }
}

static void store_bias(const job *j, const double *sums, void *to) {
  for (size_t i = 0; i < j->plan.gates; i++) {
    if (j->plan.layer.dtype == KB_FLOAT64)
      ((double *)to)[i] = sums[i];
    else
      ((float *)to)[i] = (float)sums[i];
  }
}

static void run_blocks(job *j) {
  const kb_recurrent_plan *p = &j->plan;
  const size_t steps = p->layer.steps, n = p->layer.hidden, input = p->layer.input;
  const size_t wanted = BLOCK_BYTES / (p->gates * p->size);
  const size_t least = wanted > LEAST_BLOCK ? wanted : LEAST_BLOCK;
  const size_t most = (least + p->batch - 1) / p->batch * p->batch;
  const size_t gates_bytes = most * j->gates_row * p->size, before_bytes = most * p->width;
  const size_t placed_h = p->gemm->masked ? 0 : kb_gemm_packed_bytes(p->gemm, n, most);
  const size_t placed_x = p->gemm->masked ? 0 : kb_gemm_packed_bytes(p->gemm, input, most);
  const bool isGRU = p->layer.cell == KB_GRU;
  j->d_gates = kb_scratch(gates_bytes);
  j->dx_gates = isGRU ? kb_scratch(gates_bytes) : j->d_gates;
  char *gathered = kb_scratch(before_bytes);
  char *placed = placed_h + placed_x > 0 ? kb_scratch(placed_h + placed_x) : NULL;
  const bool uniform = p->offsets[steps] == steps * p->batch;
  for (size_t end = steps; end > 0; end = j->first) {
    j->end = end, j->first = end - 1, j->is_first_block = end == steps;
    size_t rows = (size_t)p->layer.batch_sizes[kb_recurrent_step(p, j->first)];
    while (j->first > 0) {
      const size_t more = (size_t)p->layer.batch_sizes[kb_recurrent_step(p, j->first - 1)];
      if (rows + more > least) break;
      rows += more, j->first--;
    }
    const size_t a = kb_recurrent_step(p, j->first), b = kb_recurrent_step(p, end - 1);
    j->base = p->offsets[a < b ? a : b], j->block_rows = rows;
    // Sequences of one length: the states before a step are the rows of the step before.
    j->gathers = !uniform || j->first == 0;
    j->before = gathered;
    kb_parallel_for(p->slices, 1, run_slices, j);
    const char *states = gathered;
    if (!j->gathers)
      states = p->layer.reversed ? j->hs + (j->base + p->batch) * p->width
                                 : j->hs + (j->base - p->batch) * p->width;
    if (j->to->weight_h)
      j->before_right = kb_gemm_place(p->gemm, n, rows, states, (intptr_t)n, 1, placed);
    if (j->to->weight_x)
      j->x_right = kb_gemm_place(p->gemm, input, rows, j->x + j->base * input * p->size,
                                 (intptr_t)input, 1, placed ? placed + placed_h : NULL);
    const size_t work = p->gates / j->chunks * (n + input) * rows;
    kb_parallel_for(j->chunks, kb_gemm_grain(work), add_chunks, j);
  }
  if (placed) kb_scratch_free(placed, placed_h + placed_x);
  kb_scratch_free(gathered, before_bytes);
  if (isGRU) kb_scratch_free(j->dx_gates, gates_bytes);
  kb_scratch_free(j->d_gates, gates_bytes);
}

static kb_gemm_right packed(const job *j, size_t n, const void *weight, char *to) {
  const kb_recurrent_plan *p = &j->plan;
  kb_gemm_pack(p->gemm, n, p->gates, weight, (intptr_t)n, 1, 0, kb_gemm_panels(p->gemm, n), to);
  return kb_gemm_packed(p->gemm, to, p->gates);
}

void kb_recurrent_backward(const kb_recurrent *layer, const void *x, const void *weight_x,
                           const void *weight_h, const void *h, const void *c, const void *hs,
                           const void *kept, const void *cs, const void *dhs, const void *dhn,
                           const void *dcn, const kb_recurrent_cotangents *to) {
  const size_t n = layer->hidden, gates = kb_recurrent_gates(layer->cell) * n;
  const size_t size = kb_dtype_size(layer->dtype);
  if (layer->steps == 0 || layer->batch_sizes[0] == 0) {
    if (to->weight_x) memset(to->weight_x, 0, gates * layer->input * size);
    if (to->weight_h) memset(to->weight_h, 0, gates * n * size);
    if (to->bias_x) memset(to->bias_x, 0, gates * size);
    if (to->bias_h) memset(to->bias_h, 0, gates * size);
    return;
  }
  job j = {.plan = kb_recurrent_begin(layer), .x = x, .h = h, .c = c, .hs = hs, .kept = kept,
           .cs = cs, .dhs = dhs, .dhn = dhn, .dcn = dcn, .to = to};
  const kb_recurrent_plan *p = &j.plan;
  j.state_row = n + PADDING, j.gates_row = gates + PADDING;
  j.chunks = (gates + 4 * p->gemm->rows - 1) / (4 * p->gemm->rows);
  const bool isGRU = layer->cell == KB_GRU;

  const size_t states_bytes = 2 * p->batch * j.state_row * size;
  j.dh = kb_scratch(states_bytes), j.dc = j.dh + p->batch * j.state_row * size;
  kb_recurrent_copy(p->batch, p->width, j.dhn, p->width, j.dh, j.state_row * size);
  if (layer->cell == KB_LSTM)
    kb_recurrent_copy(p->batch, p->width, j.dcn, p->width, j.dc, j.state_row * size);
  const size_t state_bytes = kb_gemm_packed_bytes(p->gemm, n, gates);
  const size_t input_bytes = to->x ? kb_gemm_packed_bytes(p->gemm, layer->input, gates) : 0;
  char *weights = kb_scratch(state_bytes + input_bytes);
  j.state_right = packed(&j, n, weight_h, weights);
  if (to->x) j.input_right = packed(&j, layer->input, weight_x, weights + state_bytes);
  const bool biased = to->bias_x || to->bias_h;
  const size_t sums_bytes = biased ? 2 * gates * sizeof(double) : 0;
  if (biased) {
    j.bias_sums[0] = kb_scratch(sums_bytes);
    memset(j.bias_sums[0], 0, sums_bytes);
    if (isGRU) j.bias_sums[1] = j.bias_sums[0] + gates;
  }

  run_blocks(&j);

  if (to->bias_h) store_bias(&j, j.bias_sums[0], to->bias_h);
  if (to->bias_x) store_bias(&j, j.bias_sums[isGRU], to->bias_x);
  if (to->h)
    kb_recurrent_copy(p->batch, p->width, j.dh, j.state_row * size, to->h, p->width);
  if (to->c)
    kb_recurrent_copy(p->batch, p->width, j.dc, j.state_row * size, to->c, p->width);
  if (biased) kb_scratch_free(j.bias_sums[0], sums_bytes);
  kb_scratch_free(weights, state_bytes + input_bytes);
  kb_scratch_free(j.dh, states_bytes);
  kb_recurrent_end(&j.plan);
}
