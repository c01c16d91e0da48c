// Attention by blocks of queries: the scores of a block of all its keys stay in the second-level
// cache, and each row is normalised exactly. Measured to 1024 keys, and with room for some thousands,
// this is faster than rescaling running sums. The gradient computes the weights again.
#include "kb_attention.h"

#include <math.h>
#include <string.h>

#include "layer_rows.h"
#include "gemm.h"
#include "gemm_sizes.h"
#include "kb_alloc.h"
#include "kb_threads.h"

#pragma STDC FP_CONTRACT OFF

#define BLOCK 32
// Between rows of scratch: rows a power of two apart share a few cache sets.
#define PADDING 16
// Rows of scores are filled up to whole vectors.
#define LANES 16

typedef kb_attention_operand operand;

typedef struct job {
  kb_attention call;
  const kb_layer_set *rows;
  const kb_gemm_kernels *gemm;
  size_t size, score_row, blocks;
  operand q, k, v, mask, out, dout, dq, dk, dv, dmask;
  char *statistics;
  size_t group; // blocks of a task
} job;

static size_t rounded_up(size_t x, size_t unit) { return (x + unit - 1) / unit * unit; }

// The matrix of an operand for one index of the leading dimensions.
typedef struct matrix {
  char *data;
  intptr_t row, column;
} matrix;

static matrix matrix_at(const job *j, const operand *x, size_t item, size_t size) {
  if (!x->data) return (matrix){NULL, 0, 0};
  intptr_t offset = 0;
  for (size_t d = j->call.rank; d-- > 0;) {
    const size_t n = (size_t)j->call.dims[d];
    offset += (intptr_t)(item % n) * x->strides[d];
    item /= n;
  }
  return (matrix){(char *)x->data + offset * (intptr_t)size, x->strides[j->call.rank],
                  x->strides[j->call.rank + 1]};
}

static char *row_of(const job *j, matrix x, size_t row) {
  return x.data + (intptr_t)row * x.row * (intptr_t)j->size;
}

// A row of another layout as elements next to each other: in place, or in `buffer`.
static const void *line(const job *j, matrix x, size_t row, size_t n, void *buffer) {
  const char *from = row_of(j, x, row);
  if (x.column == 1) return from;
  for (size_t i = 0; i < n; i++)
    memcpy((char *)buffer + i * j->size, from + (intptr_t)i * x.column * (intptr_t)j->size,
           j->size);
  return buffer;
}

static void write_line(const job *j, size_t n, const void *from, matrix to, size_t row) {
  char *at = row_of(j, to, row);
  if (to.column == 1) {
    memcpy(at, from, n * j->size);
    return;
  }
  for (size_t i = 0; i < n; i++)
    memcpy(at + (intptr_t)i * to.column * (intptr_t)j->size, (const char *)from + i * j->size,
           j->size);
}

static void set(const job *j, void *x, size_t i, double value) {
  if (j->call.dtype == KB_FLOAT64)
    ((double *)x)[i] = value;
  else
    ((float *)x)[i] = (float)value;
}

static double get(const job *j, const void *x, size_t i) {
  return j->call.dtype == KB_FLOAT64 ? ((const double *)x)[i] : (double)((const float *)x)[i];
}

// Keys that a query takes part in.
static size_t keys_of(const job *j, size_t query) {
  return j->call.causal ? smaller(j->call.keys, query + 1) : j->call.keys;
}

// The mask of a query as numbers, filled up to whole vectors; NULL without one.
static const void *mask_line(const job *j, matrix mask, size_t query, size_t n, void *buffer) {
  if (!mask.data) return NULL;
  const bool is_bool = j->call.mask_dtype == KB_BOOL;
  const intptr_t size = is_bool ? 1 : (intptr_t)j->size;
  const char *from = mask.data + (intptr_t)query * mask.row * size;
  const intptr_t column = mask.column;
  if (!is_bool && column == 1) {
    if (n % LANES == 0) return from;
    memcpy(buffer, from, n * j->size);
  } else if (is_bool) {
    for (size_t i = 0; i < n; i++)
      set(j, buffer, i, from[(intptr_t)i * column] ? 0 : -INFINITY);
  } else {
    for (size_t i = 0; i < n; i++)
      memcpy((char *)buffer + i * j->size, from + (intptr_t)i * column * size, j->size);
  }
  for (size_t i = n; i < rounded_up(n, LANES); i++) set(j, buffer, i, 0);
  return buffer;
}

// −∞ from element n on to the end of its vector: elements that become zeros.
static void fill_up(const job *j, char *row, size_t n) {
  for (size_t i = n; i < rounded_up(n, LANES); i++) set(j, row, i, -INFINITY);
}

// x [k × n], or its transpose, as the right side of products; `to` has room for a packed copy.
static kb_gemm_right right(const job *j, matrix x, size_t k, size_t n, bool transposed, char *to) {
  return kb_gemm_place(j->gemm, n, k, x.data, transposed ? x.column : x.row,
                       transposed ? x.row : x.column, to);
}

static size_t packed_bytes(const job *j, size_t k, size_t n) {
  return rounded_up(kb_gemm_packed_bytes(j->gemm, n, k), 64);
}

static void forward_block(const job *j, size_t item, size_t block, kb_gemm_right keys,
                          kb_gemm_right values, char *scratch) {
  const kb_attention *call = &j->call;
  const size_t first = block * BLOCK, rows = smaller(BLOCK, call->queries - first);
  const size_t most = keys_of(j, first + rows - 1), score_bytes = j->score_row * j->size;
  char *scores = scratch, *masked = scores + BLOCK * score_bytes;
  char *result = masked + score_bytes;
  const size_t result_row = call->value_width + PADDING;
  const matrix q = matrix_at(j, &j->q, item, j->size), out = matrix_at(j, &j->out, item, j->size);
  const matrix mask =
      matrix_at(j, &j->mask, item, call->mask_dtype == KB_BOOL ? 1 : j->size);
  kb_gemm_part(j->gemm, rows, most, call->width, row_of(j, q, first), q.row, q.column, keys, scores,
               j->score_row, false);
  double factors[BLOCK];
  for (size_t i = 0; i < rows; i++) {
    char *row = scores + i * score_bytes;
    const size_t n = keys_of(j, first + i), all = rounded_up(n, LANES);
    const void *added = mask_line(j, mask, first + i, n, masked);
    fill_up(j, row, n);
    double largest = j->rows->scores(all, row, call->scale, added), factor;
    if (largest == -INFINITY && added) {
      largest = 0, factor = 0;
      memset(row, 0, all * j->size);
    } else {
      factor = 1 / j->rows->exponentials(all, row, largest);
    }
    if (all < most) memset(row + all * j->size, 0, (most - all) * j->size);
    factors[i] = factor;
    char *statistics = j->statistics + (item * call->queries + first + i) * 2 * j->size;
    set(j, statistics, 0, largest), set(j, statistics, 1, factor);
  }
  kb_gemm_part(j->gemm, rows, call->value_width, most, scores, (intptr_t)j->score_row, 1, values,
               result, result_row, false);
  for (size_t i = 0; i < rows; i++) {
    char *row = result + i * result_row * j->size;
    char *to = out.column == 1 ? row_of(j, out, first + i) : row;
    j->rows->scale(call->value_width, factors[i], row, to);
    if (to == row) write_line(j, call->value_width, row, out, first + i);
  }
}

static void forward(void *context, size_t begin, size_t end) {
  const job *j = context;
  const kb_attention *call = &j->call;
  const size_t keys_bytes = packed_bytes(j, call->width, call->keys);
  const size_t values_bytes = packed_bytes(j, call->keys, call->value_width);
  const size_t scratch = (BLOCK + 1) * j->score_row * j->size +
                         BLOCK * (call->value_width + PADDING) * j->size;
  const size_t bytes = keys_bytes + values_bytes + scratch;
  const size_t groups = (j->blocks + j->group - 1) / j->group;
  char *memory = kb_scratch(bytes);
  for (size_t task = begin; task < end; task++) {
    const size_t item = task / groups, first = task % groups * j->group;
    const size_t last = smaller(j->blocks, first + j->group);
    // Keys behind those of the last query are not looked at.
    const size_t most = keys_of(j, smaller(call->queries, last * BLOCK) - 1);
    const kb_gemm_right keys =
        right(j, matrix_at(j, &j->k, item, j->size), call->width, most, true, memory);
    const kb_gemm_right values = right(j, matrix_at(j, &j->v, item, j->size), most,
                                       call->value_width, false, memory + keys_bytes);
    for (size_t block = first; block < last; block++)
      forward_block(j, item, block, keys, values, memory + keys_bytes + values_bytes);
  }
  kb_scratch_free(memory, bytes);
}

// Scratch of one item's gradient.
typedef struct gradient {
  char *keys_transposed, *values_transposed, *keys; // packed
  char *douts, *queries;                            // packed, of one block
  char *scores, *dscores, *masked, *line, *other;
  char *dq, *dk, *dv;
  size_t row, value_row; // of dq and dk, of dv
  size_t bytes;
  kb_gemm_right right_keys_transposed, right_values_transposed, right_keys;
} gradient;

static gradient gradient_scratch(const job *j, char *memory) {
  const kb_attention *call = &j->call;
  gradient g = {.row = call->width + PADDING, .value_row = call->value_width + PADDING};
  const size_t widest = call->width > call->value_width ? call->width : call->value_width;
  const size_t line = widest > j->score_row ? widest : j->score_row;
  size_t used = 0;
  const struct {
    char **part;
    size_t bytes;
  } parts[] = {
      {&g.keys_transposed, packed_bytes(j, call->width, call->keys)},
      {&g.values_transposed, packed_bytes(j, call->value_width, call->keys)},
      {&g.keys, packed_bytes(j, call->keys, call->width)},
      {&g.douts, packed_bytes(j, BLOCK, call->value_width)},
      {&g.queries, packed_bytes(j, BLOCK, call->width)},
      {&g.scores, BLOCK * j->score_row * j->size},
      {&g.dscores, BLOCK * j->score_row * j->size},
      {&g.masked, j->score_row * j->size},
      {&g.line, line * j->size},
      {&g.other, line * j->size},
      {&g.dq, BLOCK * g.row * j->size},
      {&g.dk, call->keys * g.row * j->size},
      {&g.dv, call->keys * g.value_row * j->size},
  };
  for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
    if (memory) *parts[i].part = memory + used;
    used += rounded_up(parts[i].bytes, 64);
  }
  g.bytes = used;
  return g;
}

static void backward_block(const job *j, size_t item, size_t block, const gradient *g) {
  const kb_attention *call = &j->call;
  const size_t first = block * BLOCK, rows = smaller(BLOCK, call->queries - first);
  const size_t most = keys_of(j, first + rows - 1), score_bytes = j->score_row * j->size;
  const size_t keys = call->keys, width = call->width, value_width = call->value_width;
  const matrix q = matrix_at(j, &j->q, item, j->size), out = matrix_at(j, &j->out, item, j->size);
  const matrix dout = matrix_at(j, &j->dout, item, j->size);
  const matrix dmask = matrix_at(j, &j->dmask, item, j->size);
  const matrix mask =
      matrix_at(j, &j->mask, item, call->mask_dtype == KB_BOOL ? 1 : j->size);
  // Their rows lie apart, where no processor expects them.
  for (size_t i = 0; i < rows; i++)
    for (size_t at = 0; at < value_width * j->size && out.column == 1; at += 64)
      __builtin_prefetch(row_of(j, out, first + i) + at);
  kb_gemm_part(j->gemm, rows, most, width, row_of(j, q, first), q.row, q.column,
               g->right_keys_transposed, g->scores, j->score_row, false);
  kb_gemm_part(j->gemm, rows, most, value_width, row_of(j, dout, first), dout.row, dout.column,
               g->right_values_transposed, g->dscores, j->score_row, false);
  for (size_t i = 0; i < rows; i++) {
    const size_t query = first + i, n = keys_of(j, query), all = rounded_up(n, LANES);
    char *row = g->scores + i * score_bytes, *drow = g->dscores + i * score_bytes;
    const char *statistics = j->statistics + (item * call->queries + query) * 2 * j->size;
    const double mean = j->rows->dot(value_width, line(j, dout, query, value_width, g->line),
                                     line(j, out, query, value_width, g->other));
    const void *added = mask_line(j, mask, query, n, g->masked);
    fill_up(j, row, n);
    j->rows->attention_back(all, row, drow, call->scale, added, get(j, statistics, 0),
                            get(j, statistics, 1), mean, dmask.data ? g->line : NULL);
    if (all < most) {
      memset(row + all * j->size, 0, (most - all) * j->size);
      memset(drow + all * j->size, 0, (most - all) * j->size);
    }
    if (dmask.data) {
      memset(g->line + n * j->size, 0, (keys - n) * j->size);
      write_line(j, keys, g->line, dmask, query);
    }
  }
  if (j->dv.data) {
    const matrix block_dout = {row_of(j, dout, first), dout.row, dout.column};
    kb_gemm_part(j->gemm, most, value_width, rows, g->scores, 1, (intptr_t)j->score_row,
                 right(j, block_dout, rows, value_width, false, g->douts), g->dv, g->value_row,
                 true);
  }
  if (j->dk.data) {
    const matrix block_q = {row_of(j, q, first), q.row, q.column};
    kb_gemm_part(j->gemm, most, width, rows, g->dscores, 1, (intptr_t)j->score_row,
                 right(j, block_q, rows, width, false, g->queries), g->dk, g->row, true);
  }
  if (j->dq.data) {
    kb_gemm_part(j->gemm, rows, width, most, g->dscores, (intptr_t)j->score_row, 1, g->right_keys,
                 g->dq, g->row, false);
    const matrix dq = matrix_at(j, &j->dq, item, j->size);
    for (size_t i = 0; i < rows; i++)
      write_line(j, width, g->dq + i * g->row * j->size, dq, first + i);
  }
}

static void backward(void *context, size_t begin, size_t end) {
  const job *j = context;
  const kb_attention *call = &j->call;
  const size_t bytes = gradient_scratch(j, NULL).bytes;
  char *memory = kb_scratch(bytes);
  gradient g = gradient_scratch(j, memory);
  for (size_t item = begin; item < end; item++) {
    const matrix k = matrix_at(j, &j->k, item, j->size), v = matrix_at(j, &j->v, item, j->size);
    g.right_keys_transposed = right(j, k, call->width, call->keys, true, g.keys_transposed);
    g.right_values_transposed =
        right(j, v, call->value_width, call->keys, true, g.values_transposed);
    g.right_keys = right(j, k, call->keys, call->width, false, g.keys);
    memset(g.dk, 0, call->keys * g.row * j->size);
    memset(g.dv, 0, call->keys * g.value_row * j->size);
    for (size_t block = 0; block < j->blocks; block++) backward_block(j, item, block, &g);
    const matrix dk = matrix_at(j, &j->dk, item, j->size);
    const matrix dv = matrix_at(j, &j->dv, item, j->size);
    for (size_t i = 0; i < call->keys; i++) {
      if (dk.data) write_line(j, call->width, g.dk + i * g.row * j->size, dk, i);
      if (dv.data) write_line(j, call->value_width, g.dv + i * g.value_row * j->size, dv, i);
    }
  }
  kb_scratch_free(memory, bytes);
}

// The number of items: indices of the leading dimensions.
static size_t prepare(job *j) {
  j->rows = kb_layer_for(j->call.dtype);
  j->gemm = kb_gemm_active(j->call.dtype == KB_FLOAT64 ? KB_GEMM_F64 : KB_GEMM_F32);
  j->size = kb_dtype_size(j->call.dtype);
  j->score_row = rounded_up(j->call.keys, LANES) + PADDING;
  j->blocks = (j->call.queries + BLOCK - 1) / BLOCK;
  size_t items = 1;
  for (size_t d = 0; d < j->call.rank; d++) items *= (size_t)j->call.dims[d];
  return items;
}

void kb_attention_forward(const kb_attention *call, operand q, operand k, operand v, operand mask,
                          operand out, void *statistics) {
  job j = {.call = *call, .q = q, .k = k, .v = v, .mask = mask, .out = out,
           .statistics = statistics};
  const size_t items = prepare(&j);
  if (items == 0 || call->queries == 0) return;
  // Blocks do not depend on each other. Few items are shared out in parts.
  const size_t wanted = (4 * (size_t)kb_thread_count() + items - 1) / items;
  j.group = (j.blocks + wanted - 1) / wanted;
  const size_t tasks = items * ((j.blocks + j.group - 1) / j.group);
  const size_t work = smaller(j.group * BLOCK, call->queries) * call->keys *
                      (call->width + call->value_width);
  kb_parallel_for(tasks, kb_gemm_grain(work), forward, &j);
}

void kb_attention_backward(const kb_attention *call, operand q, operand k, operand v, operand mask,
                           operand out, const void *statistics, operand dout, operand dq,
                           operand dk, operand dv, operand dmask) {
  job j = {.call = *call, .q = q, .k = k, .v = v, .mask = mask, .out = out,
           .statistics = (char *)(uintptr_t)statistics, .dout = dout, .dq = dq, .dk = dk, .dv = dv,
           .dmask = dmask};
  const size_t items = prepare(&j);
  if (items == 0) return;
  const size_t work = call->queries * call->keys * (call->width + call->value_width);
  kb_parallel_for(items, kb_gemm_grain(2 * work), backward, &j);
}
