// Recurrent layers: each thread takes some of the sequences through all steps, so that threads meet
// only at the ends. What the input contributes to the gates has been computed for all steps at once.
#include "kb_recurrent.h"

#include <string.h>

#include "layer_rows.h"
#include "gemm.h"
#include "kb_alloc.h"
#include "kb_threads.h"

#pragma STDC FP_CONTRACT OFF

// Between rows of scratch: rows a power of two apart share a few cache sets.
#define PADDING 16
// Fewer sequences than this per task leave most of a register tile empty.
#define LEAST_ROWS 4

typedef struct job {
  kb_recurrent layer;
  const kb_layer_set *rows;
  const kb_gemm_kernels *gemm;
  size_t size, gates, kept, batch;
  const size_t *offsets; // rows before each step
  char *packed;          // the weight, or its transpose
  kb_gemm_right right;
  size_t slices;
  const char *x, *bias, *h, *c, *hs, *kept_at, *cs, *dhs, *dhn, *dcn;
  char *hs_out, *hn, *cn, *kept_out, *cs_out;
  char *dx, *d_gates, *dh, *dc;
  size_t pack_n, pack_k;
  const char *weight;
  intptr_t weight_row, weight_column;
} job;

size_t kb_recurrent_gates(kb_cell cell) { return cell == KB_LSTM ? 4 : cell == KB_GRU ? 3 : 1; }
size_t kb_recurrent_kept(kb_cell cell, size_t hidden) {
  return cell == KB_LSTM || cell == KB_GRU ? 4 * hidden : 0;
}

static size_t step_of(const job *j, size_t number) {
  return j->layer.reversed ? j->layer.steps - 1 - number : number;
}

// How many of the sequences begin ..< end take part in a step.
static size_t active(const job *j, size_t step, size_t begin, size_t end) {
  const size_t all = (size_t)j->layer.batch_sizes[step];
  return all <= begin ? 0 : (all < end ? all : end) - begin;
}

static void pack(void *context, size_t begin, size_t end) {
  const job *j = context;
  kb_gemm_pack(j->gemm, j->pack_n, j->pack_k, j->weight, j->weight_row, j->weight_column, begin,
               end, j->packed);
}

// Packs b[k × n] of the weight for all slices.
static size_t pack_weight(job *j, size_t n, size_t k, intptr_t row, intptr_t column) {
  j->pack_n = n, j->pack_k = k, j->weight_row = row, j->weight_column = column;
  const size_t bytes = kb_gemm_packed_bytes(j->gemm, n, k);
  j->packed = kb_alloc(bytes);
  j->right = kb_gemm_packed(j->gemm, j->packed, k);
  kb_parallel_for(kb_gemm_panels(j->gemm, n), kb_gemm_grain(k * j->gemm->columns), pack, j);
  return bytes;
}

static void copy_rows(size_t rows, size_t bytes, const char *from, size_t from_row, char *to,
                      size_t to_row) {
  for (size_t i = 0; i < rows; i++) {
    if (from)
      memcpy(to + i * to_row, from + i * from_row, bytes);
    else
      memset(to + i * to_row, 0, bytes);
  }
}

static void forward_slice(const job *j, size_t begin, size_t end) {
  const kb_cell cell = j->layer.cell;
  const size_t n = j->layer.hidden, width = n * j->size, all = j->gates * n, count = end - begin;
  const size_t state_row = n + PADDING, sum_row = all + PADDING;
  const size_t bytes = count * (2 * state_row + sum_row) * j->size;
  char *state = kb_alloc(bytes), *c = state + count * state_row * j->size;
  char *sums = c + count * state_row * j->size;
  copy_rows(count, width, j->h + begin * width, width, state, state_row * j->size);
  if (cell == KB_LSTM)
    copy_rows(count, width, j->c + begin * width, width, c, state_row * j->size);
  for (size_t number = 0; number < j->layer.steps; number++) {
    const size_t step = step_of(j, number), rows = active(j, step, begin, end);
    kb_gemm_part(j->gemm, rows, all, n, state, (intptr_t)state_row, 1, j->right, sums, sum_row,
                 false);
    for (size_t i = 0; i < rows; i++) {
      const size_t row = j->offsets[step] + begin + i;
      const char *x = j->x + row * all * j->size, *s = sums + i * sum_row * j->size;
      char *own = state + i * state_row * j->size, *h = j->hs_out + row * width;
      char *kept = j->kept_out + row * j->kept * j->size;
      if (cell == KB_LSTM)
        j->rows->lstm(n, x, s, own, c + i * state_row * j->size, kept, j->cs_out + row * width, h);
      else if (cell == KB_GRU)
        j->rows->gru(n, x, s, j->bias, own, kept, h);
      else
        j->rows->rnn(n, cell == KB_RNN_RELU, x, s, own, h);
    }
  }
  copy_rows(count, width, state, state_row * j->size, j->hn + begin * width, width);
  if (cell == KB_LSTM)
    copy_rows(count, width, c, state_row * j->size, j->cn + begin * width, width);
  kb_free(state, bytes);
}

// The state of sequence `row` before step number `number`, which it takes part in: that after the step
// before, or the initial one.
static const char *before(const job *j, const char *states, const char *initial, size_t number,
                          size_t row) {
  const size_t width = j->layer.hidden * j->size;
  if (number > 0) {
    const size_t step = step_of(j, number - 1);
    if (row < (size_t)j->layer.batch_sizes[step])
      return states + (j->offsets[step] + row) * width;
  }
  return initial + row * width;
}

static void backward_slice(const job *j, size_t begin, size_t end) {
  const kb_cell cell = j->layer.cell;
  const size_t n = j->layer.hidden, width = n * j->size, all = j->gates * n, count = end - begin;
  const size_t state_row = n + PADDING, gates_row = all + PADDING;
  const size_t bytes = count * (2 * state_row + gates_row) * j->size;
  char *dh = kb_alloc(bytes), *dc = dh + count * state_row * j->size;
  char *d_gates = dc + count * state_row * j->size;
  copy_rows(count, width, j->dhn ? j->dhn + begin * width : NULL, width, dh, state_row * j->size);
  if (cell == KB_LSTM)
    copy_rows(count, width, j->dcn ? j->dcn + begin * width : NULL, width, dc,
              state_row * j->size);
  for (size_t number = j->layer.steps; number-- > 0;) {
    const size_t step = step_of(j, number), rows = active(j, step, begin, end);
    for (size_t i = 0; i < rows; i++) {
      const size_t row = j->offsets[step] + begin + i;
      const char *dy = j->dhs ? j->dhs + row * width : NULL;
      const char *kept = j->kept_at + row * j->kept * j->size;
      char *own = dh + i * state_row * j->size, *to = d_gates + i * gates_row * j->size;
      char *dx = j->dx + row * all * j->size;
      if (cell == KB_LSTM) {
        j->rows->lstm_back(n, dy, own, dc + i * state_row * j->size, kept, j->cs + row * width,
                           before(j, j->cs, j->c, number, begin + i), dx, to);
      } else if (cell == KB_GRU) {
        j->rows->gru_back(n, dy, own, kept, before(j, j->hs, j->h, number, begin + i), dx, to);
        memcpy(j->d_gates + row * all * j->size, to, all * j->size);
      } else {
        j->rows->rnn_back(n, cell == KB_RNN_RELU, dy, own, j->hs + row * width, dx, to);
      }
    }
    kb_gemm_part(j->gemm, rows, n, all, d_gates, (intptr_t)gates_row, 1, j->right, dh, state_row,
                 cell == KB_GRU);
  }
  if (j->dh) copy_rows(count, width, dh, state_row * j->size, j->dh + begin * width, width);
  if (j->dc) copy_rows(count, width, dc, state_row * j->size, j->dc + begin * width, width);
  kb_free(dh, bytes);
}

static void run_slices(void *context, size_t begin, size_t end,
                       void (*run)(const job *j, size_t begin, size_t end)) {
  const job *j = context;
  for (size_t i = begin; i < end; i++)
    run(j, j->batch * i / j->slices, j->batch * (i + 1) / j->slices);
}

static void forward_slices(void *context, size_t begin, size_t end) {
  run_slices(context, begin, end, forward_slice);
}

static void backward_slices(void *context, size_t begin, size_t end) {
  run_slices(context, begin, end, backward_slice);
}

// Also gives the offsets, which the caller frees: steps + 1 numbers.
static size_t *prepare(job *j, const kb_recurrent *layer) {
  j->layer = *layer;
  j->rows = kb_layer_for(layer->dtype);
  j->gemm = kb_gemm_active(layer->dtype == KB_FLOAT64 ? KB_GEMM_F64 : KB_GEMM_F32);
  j->size = kb_dtype_size(layer->dtype);
  j->gates = kb_recurrent_gates(layer->cell);
  j->kept = kb_recurrent_kept(layer->cell, layer->hidden);
  j->batch = (size_t)layer->batch_sizes[0];
  size_t *offsets = kb_alloc((layer->steps + 1) * sizeof(size_t));
  offsets[0] = 0;
  for (size_t t = 0; t < layer->steps; t++)
    offsets[t + 1] = offsets[t] + (size_t)layer->batch_sizes[t];
  j->offsets = offsets;
  // Rows do not depend on each other, so neither do results on the number of slices.
  const size_t threads = (size_t)kb_thread_count();
  j->slices = (j->batch + LEAST_ROWS - 1) / LEAST_ROWS;
  if (j->slices > threads) j->slices = threads;
  if (offsets[layer->steps] * j->gates * layer->hidden * layer->hidden < 65536) j->slices = 1;
  return offsets;
}

void kb_recurrent_forward(const kb_recurrent *layer, const void *x, const void *weight,
                          const void *bias, const void *h, const void *c, void *hs, void *hn,
                          void *cn, void *kept, void *cs) {
  if (layer->steps == 0 || layer->batch_sizes[0] == 0) return;
  job j = {.x = x, .bias = bias, .h = h, .c = c, .hs_out = hs, .hn = hn, .cn = cn,
           .kept_out = kept, .cs_out = cs, .weight = weight};
  size_t *offsets = prepare(&j, layer);
  const size_t n = layer->hidden;
  const size_t bytes = pack_weight(&j, j.gates * n, n, 1, (intptr_t)n);
  kb_parallel_for(j.slices, 1, forward_slices, &j);
  kb_free(j.packed, bytes);
  kb_free(offsets, (layer->steps + 1) * sizeof(size_t));
}

// The states before each row, where they do not lie so already.
static void gather_before(const job *j, char *to) {
  const size_t width = j->layer.hidden * j->size;
  for (size_t number = 0; number < j->layer.steps; number++) {
    const size_t step = step_of(j, number);
    for (size_t row = 0; row < (size_t)j->layer.batch_sizes[step]; row++)
      memcpy(to + (j->offsets[step] + row) * width, before(j, j->hs, j->h, number, row), width);
  }
}

static void add_product(const job *j, const char *d_gates, size_t rows, const char *states,
                        void *dweight, bool add) {
  const intptr_t all = (intptr_t)(j->gates * j->layer.hidden), n = (intptr_t)j->layer.hidden;
  kb_gemm(j->layer.dtype, 1, (size_t)all, (size_t)n, rows, (kb_matrix){d_gates, 1, all, 0},
          (kb_matrix){states, n, 1, 0}, dweight, add);
}

static void weight_gradient(const job *j, const char *d_gates, void *dweight) {
  const size_t rows = j->offsets[j->layer.steps], width = j->layer.hidden * j->size;
  const size_t all = j->gates * j->layer.hidden * j->size;
  if (rows == j->layer.steps * j->batch) {
    // Sequences of one length: the states before a step are the rows of the step before.
    const size_t others = rows - j->batch, reversed = j->layer.reversed;
    const size_t first = reversed ? others : 0;
    add_product(j, d_gates + first * all, j->batch, j->h, dweight, false);
    if (others > 0)
      add_product(j, d_gates + (reversed ? 0 : j->batch) * all, others,
                  j->hs + (reversed ? j->batch : 0) * width, dweight, true);
    return;
  }
  char *states = kb_alloc(rows * width);
  gather_before(j, states);
  add_product(j, d_gates, rows, states, dweight, false);
  kb_free(states, rows * width);
}

typedef struct bias_job {
  kb_dtype dtype;
  size_t rows, all;
  const void *d_gates;
  void *dbias;
} bias_job;

#define BIAS_COLUMNS 64

static void bias_columns(void *context, size_t begin, size_t end) {
  const bias_job *j = context;
  double sums[BIAS_COLUMNS];
  for (size_t i = begin; i < end; i += BIAS_COLUMNS) {
    const size_t n = end - i < BIAS_COLUMNS ? end - i : BIAS_COLUMNS;
    memset(sums, 0, sizeof sums);
    if (j->dtype == KB_FLOAT64) {
      const double *d = (const double *)j->d_gates + i;
      for (size_t row = 0; row < j->rows; row++)
        for (size_t k = 0; k < n; k++) sums[k] += d[row * j->all + k];
      memcpy((double *)j->dbias + i, sums, n * sizeof(double));
    } else {
      const float *d = (const float *)j->d_gates + i;
      for (size_t row = 0; row < j->rows; row++)
        for (size_t k = 0; k < n; k++) sums[k] += (double)d[row * j->all + k];
      for (size_t k = 0; k < n; k++) ((float *)j->dbias)[i + k] = (float)sums[k];
    }
  }
}

static void bias_gradient(const job *j, const void *d_gates, void *dbias) {
  bias_job b = {j->layer.dtype, j->offsets[j->layer.steps], j->gates * j->layer.hidden, d_gates,
                dbias};
  kb_parallel_for(b.all, BIAS_COLUMNS, bias_columns, &b);
}

void kb_recurrent_backward(const kb_recurrent *layer, const void *weight, const void *h,
                           const void *c, const void *hs, const void *kept, const void *cs,
                           const void *dhs, const void *dhn, const void *dcn, void *dx,
                           void *dweight, void *dbias, void *dh, void *dc) {
  const size_t n = layer->hidden, all = kb_recurrent_gates(layer->cell) * n;
  const size_t size = kb_dtype_size(layer->dtype);
  if (layer->steps == 0 || layer->batch_sizes[0] == 0) {
    if (dweight) memset(dweight, 0, all * n * size);
    if (dbias) memset(dbias, 0, all * size);
    return;
  }
  job j = {.h = h, .c = c, .hs = hs, .kept_at = kept, .cs = cs, .dhs = dhs, .dhn = dhn, .dcn = dcn,
           .dx = dx, .dh = dh, .dc = dc, .weight = weight};
  size_t *offsets = prepare(&j, layer);
  const size_t rows = offsets[layer->steps];
  const size_t gates_bytes = layer->cell == KB_GRU ? rows * all * size : 0;
  if (gates_bytes) j.d_gates = kb_alloc(gates_bytes);
  const size_t bytes = pack_weight(&j, n, all, (intptr_t)n, 1);
  kb_parallel_for(j.slices, 1, backward_slices, &j);
  kb_free(j.packed, bytes);
  const char *d_gates = gates_bytes ? j.d_gates : dx;
  if (dweight) weight_gradient(&j, d_gates, dweight);
  if (dbias) bias_gradient(&j, d_gates, dbias);
  if (gates_bytes) kb_free(j.d_gates, gates_bytes);
  kb_free(offsets, (layer->steps + 1) * sizeof(size_t));
}
