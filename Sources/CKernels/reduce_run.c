// How reductions to values run. Partial results of segments are combined in order.
#include "reduce_run.h"

#include <math.h>
#include <string.h>

#include "kb_alloc.h"
#include "kb_threads.h"

#pragma STDC FP_CONTRACT OFF

// A running result: doubles for floating types, so that sums of block sums lose nothing that
// matters.
typedef union accumulator {
  double real[2];
  int64_t integer;
} accumulator;

typedef kb_reduce_job job;

static accumulator identity(const job *j) {
  accumulator a = {{0, 0}};
  const bool integer = j->type == KB_COMPUTE_INT64;
  switch (j->fold) {
    case KB_FOLD_PROD:
      if (integer) a.integer = 1; else a.real[0] = 1;
      break;
    case KB_FOLD_MAX:
      if (integer) a.integer = INT64_MIN; else a.real[0] = -INFINITY;
      break;
    case KB_FOLD_MIN:
    case KB_FOLD_MIN_ABS:
      if (integer) a.integer = INT64_MAX; else a.real[0] = INFINITY;
      break;
    default:
      break;
  }
  return a;
}

static void combine_complex(kb_fold fold, double *a, const double *b) {
  if (fold == KB_FOLD_PROD) {
    const double re = a[0] * b[0] - a[1] * b[1], im = a[0] * b[1] + a[1] * b[0];
    a[0] = re, a[1] = im;
  } else {
    a[0] += b[0], a[1] += b[1];
  }
}

static double combine_real(kb_fold fold, double a, double b) {
  switch (fold) {
    case KB_FOLD_PROD: return a * b;
    case KB_FOLD_MAX: case KB_FOLD_MAX_ABS: return b > a || b != b ? b : a;
    case KB_FOLD_MIN: case KB_FOLD_MIN_ABS: return b < a || b != b ? b : a;
    default: return a + b;
  }
}

static int64_t combine_integer(kb_fold fold, int64_t a, int64_t b) {
  switch (fold) {
    case KB_FOLD_PROD: return (int64_t)((uint64_t)a * (uint64_t)b);
    case KB_FOLD_MAX: return b > a ? b : a;
    case KB_FOLD_MIN: return b < a ? b : a;
    default: return (int64_t)((uint64_t)a + (uint64_t)b);
  }
}

static void combine(const job *j, accumulator *a, const accumulator *b) {
  if (j->type == KB_COMPUTE_INT64)
    a->integer = combine_integer(j->fold, a->integer, b->integer);
  else if (j->type == KB_COMPUTE_COMPLEX)
    combine_complex(j->fold, a->real, b->real);
  else
    a->real[0] = combine_real(j->fold, a->real[0], b->real[0]);
}

// One element of the compute type as an accumulator.
static accumulator widen(kb_compute type, const void *x) {
  accumulator a = {{0, 0}};
  if (type == KB_COMPUTE_FLOAT) {
    float value;
    memcpy(&value, x, sizeof value);
    a.real[0] = (double)value;
  } else {
    memcpy(&a, x, kb_compute_size(type));
  }
  return a;
}

static void raise_to_power(const job *j, size_t n, void *x) {
  if (j->type == KB_COMPUTE_FLOAT) {
    float *f = x;
    for (size_t i = 0; i < n; i++) f[i] = powf(fabsf(f[i]), (float)j->power);
  } else {
    double *d = x;
    for (size_t i = 0; i < n; i++) d[i] = pow(fabs(d[i]), j->power);
  }
}

static accumulator fold_row(const job *j, size_t n, const void *x) {
  if (j->type == KB_COMPUTE_COMPLEX) {
    accumulator a = identity(j);
    const double *z = x;
    for (size_t i = 0; i < n; i++) combine_complex(j->fold, a.real, z + 2 * i);
    return a;
  }
  double result; // room for any compute type
  j->kernels->row[j->fold](n, x, &result);
  return widen(j->type, &result);
}

static void fold_columns(const job *j, size_t rows, const void *const *lines, intptr_t step,
                         size_t n, void *y) {
  if (j->type == KB_COMPUTE_COMPLEX) {
    for (size_t r = 0; r < rows; r++)
      for (size_t i = 0; i < n; i++)
        combine_complex(j->fold, (double *)y + 2 * i, (const double *)lines[r] + 2 * i);
    return;
  }
  j->kernels->columns[j->fold](rows, lines, step, n, y);
}

static double root(const job *j, double x) {
  return j->root == 2 ? __builtin_sqrt(x) : pow(x, 1 / j->root);
}

static void finish_one(const job *j, size_t output, accumulator a) {
  const size_t n = j->plan.length;
  switch (j->finish) {
    case FINISH_VALUE:
      break;
    case FINISH_MEAN:
      a.real[0] /= (double)n, a.real[1] /= (double)n;
      break;
    case FINISH_ROOT:
      a.real[0] = root(j, a.real[0]);
      break;
    case FINISH_ANY:
      a.integer = a.integer > 0;
      break;
    case FINISH_ALL:
      a.integer = a.integer == (int64_t)n;
      break;
  }
  j->store(1, &a, j->result + output * kb_dtype_size(j->out));
}

// Totals are doubles for real floating types, else accumulators.
static bool is_real(const job *j) {
  return j->type == KB_COMPUTE_FLOAT || j->type == KB_COMPUTE_DOUBLE;
}

static size_t total_size(const job *j) {
  return is_real(j) ? sizeof(double) : sizeof(accumulator);
}

static accumulator get_total(const job *j, const void *totals, size_t i) {
  return is_real(j) ? (accumulator){{((const double *)totals)[i], 0}}
                    : ((const accumulator *)totals)[i];
}

static void set_total(const job *j, void *totals, size_t i, accumulator a) {
  if (is_real(j))
    ((double *)totals)[i] = a.real[0];
  else
    ((accumulator *)totals)[i] = a;
}

static void deliver(const job *j, size_t segment, size_t output, accumulator a) {
  if (j->partials)
    set_total(j, j->partials, segment * j->plan.outputs + output, a);
  else
    finish_one(j, output, a);
}

static void reduce_row(const job *j, size_t output, const kb_reduce_piece *piece, void *buffer) {
  const kb_row_reader reader = kb_reader_at(&j->reader, output);
  accumulator total = identity(j);
  for (size_t position = piece->begin; position < piece->end;) {
    const size_t left = piece->end - position;
    const size_t limit = left < KB_REDUCE_BLOCK ? left : KB_REDUCE_BLOCK;
    size_t n;
    if (j->bytes) {
      const uint8_t *at = (const uint8_t *)reader.x + position;
      total.integer += (int64_t)kb_active_reduce()->count_bytes(left, at);
      break;
    }
    const void *x = kb_read_block(&reader, position, limit, buffer, &n);
    if (j->power != 0) {
      if (x != buffer) x = memcpy(buffer, x, n * kb_compute_size(j->type));
      raise_to_power(j, n, buffer);
    }
    const accumulator block = fold_row(j, n, x);
    combine(j, &total, &block);
    position += n;
  }
  deliver(j, piece->segment, output, total);
}

// Rows between two transfers from the tile's compute type to its totals.
#define COLUMN_ROWS 128
#define COLUMN_TILE 1024

static bool sums_up(kb_fold fold) {
  return fold == KB_FOLD_SUM || fold == KB_FOLD_SUM_SQUARES || fold == KB_FOLD_SUM_ABS;
}

// The sums are loops of their own.
#define INTO_TOTALS(T)                                                                             \
  do {                                                                                             \
    const T *from = blocks;                                                                        \
    double *total = totals;                                                                        \
    if (sums_up(j->fold)) {                                                                        \
      for (size_t i = 0; i < n; i++) total[i] += (double)from[i];                                  \
    } else {                                                                                       \
      for (size_t i = 0; i < n; i++) total[i] = combine_real(j->fold, total[i], (double)from[i]);  \
    }                                                                                              \
  } while (0)

// Totals of the first elements of the compute type.
static void start_totals(const job *j, size_t n, const void *blocks, void *totals) {
  if (j->type == KB_COMPUTE_FLOAT) {
    for (size_t i = 0; i < n; i++) ((double *)totals)[i] = (double)((const float *)blocks)[i];
  } else if (j->type == KB_COMPUTE_DOUBLE) {
    memcpy(totals, blocks, n * sizeof(double));
  } else {
    const size_t size = kb_compute_size(j->type);
    for (size_t i = 0; i < n; i++)
      ((accumulator *)totals)[i] = widen(j->type, (const char *)blocks + i * size);
  }
}

// Combines n totals with elements of the compute type.
static void into_totals(const job *j, size_t n, const void *blocks, void *totals) {
  if (j->type == KB_COMPUTE_FLOAT) {
    INTO_TOTALS(float);
  } else if (j->type == KB_COMPUTE_DOUBLE) {
    INTO_TOTALS(double);
  } else {
    const size_t size = kb_compute_size(j->type);
    for (size_t i = 0; i < n; i++) {
      const accumulator block = widen(j->type, (const char *)blocks + i * size);
      combine(j, (accumulator *)totals + i, &block);
    }
  }
}

static void join_totals(const job *j, size_t n, const void *blocks, void *totals) {
  if (is_real(j)) {
    INTO_TOTALS(double);
    return;
  }
  for (size_t i = 0; i < n; i++)
    combine(j, (accumulator *)totals + i, (const accumulator *)blocks + i);
}

// Results of neighbouring outputs; the totals are used up.
static void deliver_line(const job *j, const kb_reduce_piece *piece, void *totals) {
  const size_t n = piece->count;
  if (j->partials && is_real(j)) {
    double *to = (double *)j->partials + piece->segment * j->plan.outputs + piece->output;
    memcpy(to, totals, n * sizeof(double));
    return;
  }
  if (!is_real(j)) {
    for (size_t i = 0; i < n; i++)
      deliver(j, piece->segment, piece->output + i, get_total(j, totals, i));
    return;
  }
  double *line = totals;
  const double length = (double)j->plan.length;
  const bool is_power_of_two = (j->plan.length & (j->plan.length - 1)) == 0;
  if (j->finish == FINISH_MEAN && is_power_of_two) // the product is the quotient
    for (size_t i = 0; i < n; i++) line[i] *= 1 / length;
  else if (j->finish == FINISH_MEAN)
    for (size_t i = 0; i < n; i++) line[i] /= length;
  if (j->finish == FINISH_ROOT)
    for (size_t i = 0; i < n; i++) line[i] = root(j, line[i]);
  j->store(n, line, j->result + piece->output * kb_dtype_size(j->out));
}

// Whether rows lie in place, at one distance from each other: then nothing is looked up for a row.
static bool rows_are_dense(const job *j) {
  const kb_reduce_plan *plan = &j->plan;
  return j->kernels && j->reader.native && !j->reader.source && j->power == 0 && !j->bytes &&
         plan->kept_rank == 1 && plan->reduced_rank == 1 &&
         (plan->reduced_strides[0] == 1 || plan->length == 1);
}

static accumulator fold_dense_row(const job *j, const kb_reduce_piece *piece, const char *x) {
  accumulator total;
  for (size_t position = piece->begin; position < piece->end; position += KB_REDUCE_BLOCK) {
    const size_t left = piece->end - position;
    const accumulator block = fold_row(j, left < KB_REDUCE_BLOCK ? left : KB_REDUCE_BLOCK,
                                       x + position * j->reader.element_size);
    if (position == piece->begin)
      total = block;
    else
      combine(j, &total, &block);
  }
  return total;
}

static void reduce_dense_rows(const job *j, const kb_reduce_piece *piece) {
  enum { SOME = 64 };
  accumulator totals[SOME];
  const intptr_t apart = (intptr_t)j->reader.element_size * j->plan.kept_strides[0];
  kb_reduce_piece part = *piece;
  for (size_t left = piece->count; left > 0; left -= part.count, part.output += part.count) {
    part.count = left < SOME ? left : SOME;
    const char *x = j->reader.x + (intptr_t)part.output * apart;
    if (piece->begin == 0 && piece->end <= KB_REDUCE_BLOCK) {
      double folds[SOME]; // room for any compute type
      j->kernels->rows[j->fold](part.count, piece->end, x, j->plan.kept_strides[0], folds);
      start_totals(j, part.count, folds, totals);
    } else {
      for (size_t i = 0; i < part.count; i++, x += apart)
        set_total(j, totals, i, fold_dense_row(j, piece, x));
    }
    deliver_line(j, &part, totals);
  }
}

static void fill(const job *j, size_t n, const accumulator *start, char *sums) {
  if (j->type == KB_COMPUTE_FLOAT) {
    float *single = (float *)(void *)sums;
    const float value = (float)start->real[0];
    for (size_t i = 0; i < n; i++) single[i] = value;
    return;
  }
  const size_t size = kb_compute_size(j->type);
  for (size_t i = 0; i < n; i++) memcpy(sums + i * size, start, size);
}

static size_t column_bytes(const job *j) {
  return j->cut.tile * (9 * kb_compute_size(j->type) + total_size(j));
}

static void reduce_columns(const job *j, const kb_reduce_piece *piece, char *buffer) {
  const size_t n = piece->count, size = kb_compute_size(j->type);
  const kb_row_reader reader = kb_reader_at(&j->reader, piece->output);
  void *totals = buffer;
  char *sums = buffer + j->cut.tile * total_size(j), *rows_read = sums + j->cut.tile * size;
  const accumulator start = identity(j);
  // Lines at one distance are folded in one call.
  const intptr_t step = j->power == 0 ? 8 * kb_lines_distance(&reader) : 0;
  // Extremes lose nothing however long they stay in the compute type.
  const bool exact = j->fold != KB_FOLD_PROD && !sums_up(j->fold);
  const bool once = exact || piece->end - piece->begin <= COLUMN_ROWS;
  // What one block of rows gives may be the result.
  const bool direct =
      once && !j->partials && j->finish == FINISH_VALUE && kb_is_native(j->out, j->type);
  if (direct) sums = j->result + piece->output * size;
  for (size_t row = piece->begin; row < piece->end;) {
    const bool first = row == piece->begin;
    const size_t left = piece->end - row;
    const size_t stop = exact || left < COLUMN_ROWS ? piece->end : row + COLUMN_ROWS;
    fill(j, n, &start, sums);
    while (row < stop) {
      const size_t rows = stop - row < 8 ? stop - row : 8;
      const void *lines[8];
      kb_read_columns(&reader, row, rows, n, rows_read, lines);
      for (size_t r = 0; r < rows && j->power != 0; r++) {
        char *line = rows_read + r * n * size;
        if (lines[r] != line) lines[r] = memcpy(line, lines[r], n * size);
        raise_to_power(j, n, line);
      }
      const size_t folded = step != 0 ? stop - row : rows;
      fold_columns(j, folded, lines, step, n, sums);
      row += folded;
    }
    if (direct) return;
    if (first)
      start_totals(j, n, sums, totals);
    else
      into_totals(j, n, sums, totals);
  }
  deliver_line(j, piece, totals);
}

static void run_pieces(void *context, size_t begin, size_t end) {
  const job *j = context;
  // Elements have up to 16 bytes.
  const size_t line = j->plan.length < KB_REDUCE_BLOCK ? j->plan.length : KB_REDUCE_BLOCK;
  const bool dense = !j->plan.columns && rows_are_dense(j);
  const size_t bytes = dense ? 0 : j->plan.columns ? column_bytes(j) : line * 16;
  char *buffer = kb_scratch(bytes);
  for (size_t number = begin; number < end; number++) {
    const kb_reduce_piece piece = kb_reduction_piece(&j->plan, &j->cut, number);
    if (j->plan.columns) {
      reduce_columns(j, &piece, buffer);
    } else if (dense) {
      reduce_dense_rows(j, &piece);
    } else {
      for (size_t i = 0; i < piece.count; i++) reduce_row(j, piece.output + i, &piece, buffer);
    }
  }
  kb_scratch_free(buffer, bytes);
}

// Extremes are the same with vectors of any width. Processors that fetch across pages by themselves read arrays
// beyond the caches faster in halves of a line.
static const kb_fold_kernels *kernels_for(const job *j, kb_dtype in) {
#if defined(__x86_64__)
  enum { LAST_LEVEL = 32 << 20 };
  const size_t bytes = j->plan.outputs * j->plan.length * kb_dtype_size(in);
  const bool is_extreme = j->fold == KB_FOLD_MAX || j->fold == KB_FOLD_MIN;
  if (is_extreme && !j->plan.columns && bytes > LAST_LEVEL && kb_isa_level() == KB_ISA_AVX512 &&
      !kb_prefetches())
    return &kb_reduce_avx2.folds[j->type];
#endif
  return &kb_active_reduce()->folds[j->type];
}

void kb_run_reduction(job *j, kb_dtype in, kb_load_map map, const void *x,
                      const kb_reduce_source *source) {
  const kb_reduce_plan *plan = &j->plan;
  if (plan->outputs == 0) return;
  j->kernels = j->type == KB_COMPUTE_COMPLEX ? NULL : kernels_for(j, in);
  j->reader = kb_make_reader(plan, x, in, j->type, map);
  j->reader.source = source;
  j->bytes = map == KB_LOAD_NONZERO && kb_dtype_size(in) == 1 && !plan->columns &&
             plan->reduced_rank == 1 && plan->reduced_strides[0] == 1;
  j->store = kb_find_storer(j->type == KB_COMPUTE_FLOAT ? KB_COMPUTE_DOUBLE : j->type, j->out);
  if (plan->length == 0) {
    for (size_t output = 0; output < plan->outputs; output++) finish_one(j, output, identity(j));
    return;
  }
  j->cut = kb_cut_reduction(plan, COLUMN_TILE, KB_REDUCE_BLOCK, COLUMN_ROWS);
  const size_t line = plan->outputs * total_size(j), bytes = j->cut.segments * line;
  char *partials = j->cut.segments > 1 ? kb_scratch(bytes) : NULL;
  j->partials = partials;
  kb_parallel_for(j->cut.tiles * j->cut.segments, j->cut.grain, run_pieces, j);
  if (!partials) return;
  for (size_t s = 1; s < j->cut.segments; s++)
    join_totals(j, plan->outputs, partials + s * line, partials);
  j->partials = NULL;
  const kb_reduce_piece all = {.count = plan->outputs};
  deliver_line(j, &all, partials);
  kb_scratch_free(partials, bytes);
}

void kb_reduce_rows(kb_reduction op, kb_dtype dtype, size_t rows, size_t columns, const void *x,
                    void *result) {
  job j; // most of its plan is not read
  j.plan.outputs = rows, j.plan.length = columns;
  j.plan.kept_strides[0] = (intptr_t)columns;
  j.reader.x = x, j.reader.element_size = kb_dtype_size(dtype);
  j.type = kb_compute_of(dtype);
  j.fold = op == KB_REDUCE_MAX ? KB_FOLD_MAX : op == KB_REDUCE_MIN ? KB_FOLD_MIN : KB_FOLD_SUM;
  j.finish = op == KB_REDUCE_MEAN ? FINISH_MEAN : FINISH_VALUE;
  j.kernels = &kb_active_reduce()->folds[j.type];
  j.store = kb_find_storer(KB_COMPUTE_DOUBLE, dtype);
  j.out = dtype, j.result = result;
  j.partials = NULL;
  const kb_reduce_piece piece = {.count = rows, .end = columns};
  reduce_dense_rows(&j, &piece);
}
