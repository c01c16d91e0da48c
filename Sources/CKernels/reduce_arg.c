// Positions of the largest or smallest elements.
#include "kb_reduce.h"

#include <math.h>
#include <string.h>

#include "kb_alloc.h"
#include "kb_threads.h"
#include "reduce_internal.h"

#pragma STDC FP_CONTRACT OFF

typedef struct best {
  union {
    float single;
    double real;
    int64_t integer;
  } value;
  int64_t index;
} best;

typedef struct job {
  kb_reduce_plan plan;
  kb_reduce_cut cut;
  kb_row_reader reader;
  bool largest;
  kb_dtype dtype;
  kb_storer store;
  char *values;
  int64_t *indices;
  best *partials; // [segments][outputs], NULL when there is one segment
} job;

// For a type: `better` (strictly, and no better than a NaN) and the search for the first occurrence.
#define DEFINE_TYPE(name, T, field, NAN_TEST)                                                      \
  static bool name##_better(bool largest, T a, T b) {                                              \
    return NAN_TEST(b) ? false : NAN_TEST(a) ? true : largest ? a > b : a < b;                     \
  }                                                                                                \
  static void name##_row(bool largest, size_t n, const T *x, int64_t first, best *total) {         \
    const kb_fold_kernels *kernels = &kb_active_reduce()->folds[name];                             \
    T value;                                                                                       \
    kernels->row[largest ? KB_FOLD_MAX : KB_FOLD_MIN](n, x, &value);                               \
    if (total->index >= 0 && !name##_better(largest, value, total->value.field)) return;           \
    const size_t i = kernels->find(n, x, &value);                                                  \
    total->value.field = x[i];                                                                     \
    total->index = first + (int64_t)i;                                                             \
  }

#define IS_NAN(v) ((v) != (v))
#define NEVER(v) 0
enum { real32 = KB_COMPUTE_FLOAT, real64 = KB_COMPUTE_DOUBLE, integer = KB_COMPUTE_INT64 };
DEFINE_TYPE(real32, float, single, IS_NAN)
DEFINE_TYPE(real64, double, real, IS_NAN)
DEFINE_TYPE(integer, int64_t, integer, NEVER)

static bool better(const job *j, const best *a, const best *b) {
  switch (j->reader.type) {
    case KB_COMPUTE_FLOAT: return real32_better(j->largest, a->value.single, b->value.single);
    case KB_COMPUTE_DOUBLE: return real64_better(j->largest, a->value.real, b->value.real);
    default: return integer_better(j->largest, a->value.integer, b->value.integer);
  }
}

static void finish(const job *j, size_t output, const best *b) {
  j->indices[output] = b->index;
  if (j->values) j->store(1, &b->value, j->values + output * kb_dtype_size(j->dtype));
}

static void deliver(const job *j, size_t segment, size_t output, const best *b) {
  if (j->partials)
    j->partials[segment * j->plan.outputs + output] = *b;
  else
    finish(j, output, b);
}

static void reduce_row(const job *j, size_t output, const kb_reduce_piece *piece, void *buffer) {
  const kb_row_reader reader = kb_reader_at(&j->reader, output);
  best total = {.index = -1};
  for (size_t position = piece->begin; position < piece->end;) {
    const size_t left = piece->end - position;
    const size_t limit = left < KB_REDUCE_BLOCK ? left : KB_REDUCE_BLOCK;
    size_t n;
    const void *x = kb_read_block(&reader, position, limit, buffer, &n);
    if (reader.type == KB_COMPUTE_FLOAT)
      real32_row(j->largest, n, x, (int64_t)position, &total);
    else if (reader.type == KB_COMPUTE_DOUBLE)
      real64_row(j->largest, n, x, (int64_t)position, &total);
    else
      integer_row(j->largest, n, x, (int64_t)position, &total);
    position += n;
  }
  deliver(j, piece->segment, output, &total);
}

// Rows are numbered from 0 again so often that integers of the smallest type's size count them.
enum { COLUMN_TILE = 1024, STRETCH = 1 << 16 };

typedef struct column_scratch {
  double value[COLUMN_TILE], lines[8 * COLUMN_TILE];
  int64_t index[COLUMN_TILE];
  best totals[COLUMN_TILE];
} column_scratch;

// The best of rows begin ..< end, and their numbers from `begin` on.
static void walk(const job *j, const kb_row_reader *reader, size_t begin, size_t end, size_t n,
                 column_scratch *scratch) {
  const kb_fold_kernels *kernels = &kb_active_reduce()->folds[reader->type];
  // Lines at one distance are searched in one call.
  const intptr_t step = 8 * kb_lines_distance(reader);
  for (size_t row = begin; row < end;) {
    const size_t some = end - row < 8 ? end - row : 8, rows = step != 0 ? end - row : some;
    const void *lines[8];
    kb_read_columns(reader, row, some, n, scratch->lines, lines);
    if (row == begin) {
      memcpy(scratch->value, lines[0], n * kb_compute_size(reader->type));
      memset(scratch->index, 0, sizeof scratch->index);
    }
    kernels->arg_columns[j->largest ? 0 : 1](rows, lines, step, n, row - begin, scratch->value,
                                             scratch->index);
    row += rows;
  }
}

static best found(kb_compute type, int64_t begin, const column_scratch *scratch, size_t i) {
  best b;
  if (type == KB_COMPUTE_FLOAT) {
    b.value.single = ((const float *)(const void *)scratch->value)[i];
    b.index = begin + ((const int32_t *)(const void *)scratch->index)[i];
  } else {
    memcpy(&b.value, scratch->value + i, sizeof b.value);
    b.index = begin + scratch->index[i];
  }
  return b;
}

static void reduce_columns(const job *j, const kb_reduce_piece *piece, column_scratch *scratch) {
  const kb_row_reader reader = kb_reader_at(&j->reader, piece->output);
  const size_t n = piece->count;
  for (size_t begin = piece->begin; begin < piece->end; begin += STRETCH) {
    walk(j, &reader, begin, piece->end - begin < STRETCH ? piece->end : begin + STRETCH, n, scratch);
    for (size_t i = 0; i < n; i++) {
      const best b = found(reader.type, (int64_t)begin, scratch, i);
      if (begin == piece->begin || better(j, &b, &scratch->totals[i])) scratch->totals[i] = b;
    }
  }
  for (size_t i = 0; i < n; i++) deliver(j, piece->segment, piece->output + i, &scratch->totals[i]);
}

static void run_pieces(void *context, size_t begin, size_t end) {
  const job *j = context;
  const size_t line = j->plan.length < KB_REDUCE_BLOCK ? j->plan.length : KB_REDUCE_BLOCK;
  const size_t bytes = j->plan.columns ? sizeof(column_scratch) : line * 8;
  void *buffer = kb_scratch(bytes);
  for (size_t number = begin; number < end; number++) {
    const kb_reduce_piece piece = kb_reduction_piece(&j->plan, &j->cut, number);
    if (j->plan.columns) {
      reduce_columns(j, &piece, buffer);
    } else {
      for (size_t i = 0; i < piece.count; i++) reduce_row(j, piece.output + i, &piece, buffer);
    }
  }
  kb_scratch_free(buffer, bytes);
}

void kb_arg_reduce(bool largest, kb_dtype dtype, size_t rank, const intptr_t *dims,
                   const bool *reduced, const void *x, const intptr_t *strides, void *values,
                   int64_t *indices) {
  job j = {.largest = largest, .dtype = dtype, .values = values, .indices = indices};
  kb_plan_reduction(&j.plan, rank, dims, reduced, strides, true);
  const size_t outputs = j.plan.outputs;
  if (outputs == 0 || j.plan.length == 0) return;
  const kb_compute type = kb_compute_of(dtype);
  j.reader = kb_make_reader(&j.plan, x, dtype, type, KB_LOAD_VALUE);
  j.store = kb_find_storer(type, dtype);
  j.cut = kb_cut_reduction(&j.plan, COLUMN_TILE, KB_REDUCE_BLOCK, 8);
  const size_t bytes = j.cut.segments * outputs * sizeof(best);
  if (j.cut.segments > 1) j.partials = kb_scratch(bytes);
  kb_parallel_for(j.cut.tiles * j.cut.segments, j.cut.grain, run_pieces, &j);
  if (!j.partials) return;
  for (size_t output = 0; output < outputs; output++) {
    best total = j.partials[output];
    for (size_t s = 1; s < j.cut.segments; s++) {
      const best *other = &j.partials[s * outputs + output];
      if (better(&j, other, &total)) total = *other;
    }
    finish(&j, output, &total);
  }
  kb_scratch_free(j.partials, bytes);
}
