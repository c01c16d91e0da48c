// log Σ exp x, as the largest element and the sum of the exponentials relative to it.
#include <math.h>
#include <string.h>

#include "elementwise.h"
#include "kb_alloc.h"
#include "kb_reduce.h"
#include "kb_threads.h"
#include "reduce_internal.h"

#pragma STDC FP_CONTRACT OFF

typedef struct partial {
  double largest, sum;
} partial;

typedef struct job {
  kb_reduce_plan plan;
  kb_reduce_cut cut;
  kb_row_reader reader;
  kb_dtype out;
  char *result;
  partial *partials; // [segments][outputs], NULL when there is one segment
} job;

// Infinities are taken as they are: relative to 0 their exponentials are 0, infinity or NaN.
static double reference(double largest) { return isfinite(largest) ? largest : 0; }

static void merge(partial *a, const partial *b) {
  if (a->largest == -INFINITY && a->sum == 0) { // nothing so far
    *a = *b;
    return;
  }
  const bool wins = b->largest > a->largest || b->largest != b->largest;
  const double largest = wins ? b->largest : a->largest;
  const double shift = reference(largest);
  // Each sum is 0 where its own part has only -inf; then the factor does not matter but must be
  // finite.
  a->sum = a->sum * exp(fmin(0, reference(a->largest) - shift)) +
           b->sum * exp(fmin(0, reference(b->largest) - shift));
  a->largest = largest;
}

// Sums, or doubles, whose functions are computed together.
enum { SOME = 64 };

// Neighbouring outputs.
static void deliver(const job *j, size_t segment, size_t output, size_t n, const partial *p) {
  if (j->partials) {
    memcpy(j->partials + segment * j->plan.outputs + output, p, n * sizeof *p);
    return;
  }
  const kb_storer store = kb_find_storer(KB_COMPUTE_DOUBLE, j->out);
  for (size_t first = 0; first < n; first += SOME, p += SOME) {
    const size_t count = n - first < SOME ? n - first : SOME;
    double values[SOME];
    for (size_t k = 0; k < count; k++) values[k] = p[k].sum;
    kb_map_doubles(KB_OP_log, count, values, values);
    for (size_t k = 0; k < count; k++)
      values[k] = isfinite(p[k].largest) ? p[k].largest + values[k] : p[k].largest;
    store(count, values, j->result + (output + first) * kb_dtype_size(j->out));
  }
}

static double largest_of(kb_compute type, size_t n, const void *x) {
  const kb_fold_kernels *kernels = &kb_active_reduce()->folds[type];
  if (type == KB_COMPUTE_FLOAT) {
    float value;
    kernels->row[KB_FOLD_MAX](n, x, &value);
    return (double)value;
  }
  double value;
  kernels->row[KB_FOLD_MAX](n, x, &value);
  return value;
}

static double sum_of(kb_compute type, size_t n, const void *x, double shift) {
  if (type == KB_COMPUTE_FLOAT) return kb_active_reduce()->exp_row(n, x, (float)shift, NULL);
  const double *d = x;
  double sum = 0, some[SOME];
  for (size_t i = 0; i < n; i += SOME) {
    const size_t count = n - i < SOME ? n - i : SOME;
    for (size_t k = 0; k < count; k++) some[k] = d[i + k] - shift;
    kb_map_doubles(KB_OP_exp, count, some, some);
    for (size_t k = 0; k < count; k++) sum += some[k];
  }
  return sum;
}

static partial reduce_row(const job *j, size_t output, const kb_reduce_piece *piece, void *buffer) {
  const kb_row_reader reader = kb_reader_at(&j->reader, output);
  partial total = {-INFINITY, 0};
  for (size_t position = piece->begin; position < piece->end;) {
    const size_t left = piece->end - position;
    const size_t limit = left < KB_REDUCE_BLOCK ? left : KB_REDUCE_BLOCK;
    size_t n;
    const void *x = kb_read_block(&reader, position, limit, buffer, &n);
    partial block = {.largest = largest_of(reader.type, n, x)};
    block.sum = sum_of(reader.type, n, x, reference(block.largest));
    merge(&total, &block);
    position += n;
  }
  return total;
}

static void reduce_rows(const job *j, const kb_reduce_piece *piece, void *buffer) {
  partial totals[SOME];
  for (size_t first = 0; first < piece->count; first += SOME) {
    const size_t count = piece->count - first < SOME ? piece->count - first : SOME;
    for (size_t k = 0; k < count; k++)
      totals[k] = reduce_row(j, piece->output + first + k, piece, buffer);
    deliver(j, piece->segment, piece->output + first, count, totals);
  }
}

#define COLUMN_TILE 256
#define COLUMN_ROWS 64

typedef struct column_scratch {
  double lines[8 * COLUMN_TILE], largest[COLUMN_TILE], sum[COLUMN_TILE];
  double line[COLUMN_TILE];
  partial totals[COLUMN_TILE];
} column_scratch;

static void column_block(const kb_row_reader *reader, size_t begin, size_t end, size_t n,
                         column_scratch *scratch) {
  const kb_reduce_set *set = kb_active_reduce();
  const bool single = reader->type == KB_COMPUTE_FLOAT;
  float *largest = (float *)(void *)scratch->largest, *sum = (float *)(void *)scratch->sum;
  const void *lines[8];
  for (size_t i = 0; i < n; i++) {
    if (single) largest[i] = -INFINITY, sum[i] = 0;
    else scratch->largest[i] = -INFINITY, scratch->sum[i] = 0;
  }
  for (size_t row = begin; row < end; row += 8) {
    const size_t rows = end - row < 8 ? end - row : 8;
    kb_read_columns(reader, row, rows, n, scratch->lines, lines);
    set->folds[reader->type].columns[KB_FOLD_MAX](rows, lines, 0, n, scratch->largest);
  }
  partial blocks[COLUMN_TILE];
  for (size_t i = 0; i < n; i++) {
    blocks[i].largest = single ? (double)largest[i] : scratch->largest[i];
    if (single) largest[i] = (float)reference(blocks[i].largest);
    else scratch->largest[i] = reference(blocks[i].largest);
  }
  for (size_t row = begin; row < end; row += 8) {
    const size_t rows = end - row < 8 ? end - row : 8;
    kb_read_columns(reader, row, rows, n, scratch->lines, lines);
    for (size_t r = 0; r < rows; r++) {
      if (single) {
        set->exp_columns(n, lines[r], largest, NULL, sum);
        continue;
      }
      const double *x = lines[r];
      for (size_t i = 0; i < n; i++) scratch->line[i] = x[i] - scratch->largest[i];
      kb_map_doubles(KB_OP_exp, n, scratch->line, scratch->line);
      for (size_t i = 0; i < n; i++) scratch->sum[i] += scratch->line[i];
    }
  }
  for (size_t i = 0; i < n; i++) {
    blocks[i].sum = single ? (double)sum[i] : scratch->sum[i];
    merge(&scratch->totals[i], &blocks[i]);
  }
}

static void reduce_columns(const job *j, const kb_reduce_piece *piece, column_scratch *scratch) {
  const kb_row_reader reader = kb_reader_at(&j->reader, piece->output);
  for (size_t i = 0; i < piece->count; i++) scratch->totals[i] = (partial){-INFINITY, 0};
  for (size_t row = piece->begin; row < piece->end; row += COLUMN_ROWS) {
    const size_t stop = row + COLUMN_ROWS < piece->end ? row + COLUMN_ROWS : piece->end;
    column_block(&reader, row, stop, piece->count, scratch);
  }
  deliver(j, piece->segment, piece->output, piece->count, scratch->totals);
}

static void run_pieces(void *context, size_t begin, size_t end) {
  const job *j = context;
  const size_t line = j->plan.length < KB_REDUCE_BLOCK ? j->plan.length : KB_REDUCE_BLOCK;
  const size_t bytes = j->plan.columns ? sizeof(column_scratch) : line * 8;
  void *buffer = kb_scratch(bytes);
  for (size_t number = begin; number < end; number++) {
    const kb_reduce_piece piece = kb_reduction_piece(&j->plan, &j->cut, number);
    if (j->plan.columns)
      reduce_columns(j, &piece, buffer);
    else
      reduce_rows(j, &piece, buffer);
  }
  kb_scratch_free(buffer, bytes);
}

void kb_reduce_logsumexp(kb_dtype in, kb_dtype out, size_t rank, const intptr_t *dims,
                         const bool *reduced, const void *x, const intptr_t *strides,
                         void *result) {
  job j = {.out = out, .result = result};
  kb_plan_reduction(&j.plan, rank, dims, reduced, strides, false);
  const size_t outputs = j.plan.outputs;
  if (outputs == 0) return;
  j.reader = kb_make_reader(&j.plan, x, in, kb_compute_of(out), KB_LOAD_VALUE);
  if (j.plan.length == 0) {
    const partial none = {-INFINITY, 0};
    for (size_t output = 0; output < outputs; output++) deliver(&j, 0, output, 1, &none);
    return;
  }
  j.cut = kb_cut_reduction(&j.plan, COLUMN_TILE, KB_REDUCE_BLOCK, COLUMN_ROWS);
  const size_t bytes = j.cut.segments * outputs * sizeof(partial);
  if (j.cut.segments > 1) j.partials = kb_scratch(bytes);
  kb_parallel_for(j.cut.tiles * j.cut.segments, j.cut.grain, run_pieces, &j);
  partial *partials = j.partials;
  if (!partials) return;
  j.partials = NULL;
  for (size_t output = 0; output < outputs; output++) {
    for (size_t s = 1; s < j.cut.segments; s++)
      merge(&partials[output], &partials[s * outputs + output]);
  }
  deliver(&j, 0, 0, outputs, partials);
  kb_scratch_free(partials, bytes);
}
