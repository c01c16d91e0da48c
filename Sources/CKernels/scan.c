// Running reductions. Every dtype is carried in its widest kind: double, int64 or a pair of
// doubles.
#include "kb_scan.h"

#include <math.h>
#include <string.h>

#include "kb_alloc.h"
#include "kb_threads.h"
#include "reduce_internal.h"

#pragma STDC FP_CONTRACT OFF

#define COLUMN_TILE 128

typedef struct { double re, im; } pair;

typedef struct job {
  kb_reduce_plan plan;
  kb_row_reader reader;
  kb_reduce_cut cut;
  kb_scan_operation op;
  bool reverse;
  size_t inner; // the stride along the dimension in the results
  kb_dtype out;
  kb_storer store;
  char *result;
  int64_t *indices;
} job;

static double log_add_exp(double a, double b) {
  const double largest = a > b ? a : b, least = a > b ? b : a;
  if (a != a || b != b) return a + b;
  return isinf(largest) ? largest : largest + log1p(exp(least - largest));
}

static int64_t add(int64_t a, int64_t b) { return (int64_t)((uint64_t)a + (uint64_t)b); }
static int64_t multiply(int64_t a, int64_t b) { return (int64_t)((uint64_t)a * (uint64_t)b); }
static pair add_pair(pair a, pair b) { return (pair){a.re + b.re, a.im + b.im}; }
static pair multiply_pair(pair a, pair b) {
  return (pair){a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
}

// Elements i of `n` lines (step 1: one of each; step 0: all of one line, from the last one when
// `backwards`), in place.
#define ACCUMULATE(T, EXPRESSION)                                                                  \
  do {                                                                                             \
    T *v = values, *state = states;                                                                \
    if (step == 0) {                                                                               \
      T a = state[0]; /* a register: through memory each step would cost a store and a load */     \
      for (size_t k = 0; k < n; k++) {                                                             \
        const size_t i = backwards ? n - 1 - k : k;                                                \
        const T x = v[i];                                                                          \
        v[i] = a = EXPRESSION;                                                                     \
      }                                                                                            \
      state[0] = a;                                                                                \
    } else {                                                                                       \
      for (size_t i = 0; i < n; i++) {                                                             \
        const T a = state[i], x = v[i];                                                            \
        v[i] = state[i] = EXPRESSION;                                                              \
      }                                                                                            \
    }                                                                                              \
  } while (0)

// `positions[i]` is set to the index of the element that is the running extreme.
#define EXTREME(T, WINS)                                                                           \
  do {                                                                                             \
    T *v = values, *state = states;                                                                \
    if (step == 0) {                                                                               \
      T a = first ? v[backwards ? n - 1 : 0] : state[0];                                           \
      int64_t at = first ? position : where[0];                                                    \
      for (size_t k = 0; k < n; k++, position += advance) {                                        \
        const size_t i = backwards ? n - 1 - k : k;                                                \
        const T x = v[i];                                                                          \
        /* A branch: the longer a line the fewer win, and none waits for the one before. */         \
        if (__builtin_expect_with_probability(WINS, 0, 0.99)) a = x, at = position;                \
        v[i] = a, positions[i] = at;                                                               \
      }                                                                                            \
      state[0] = a, where[0] = at;                                                                 \
    } else {                                                                                       \
      for (size_t i = 0; i < n; i++) {                                                             \
        const T a = state[i], x = v[i];                                                            \
        const bool wins = first || (WINS);                                                         \
        v[i] = state[i] = wins ? x : a;                                                            \
        positions[i] = where[i] = wins ? position : where[i];                                      \
      }                                                                                            \
    }                                                                                              \
  } while (0)

static void advance_states(const job *j, size_t n, size_t step, bool backwards, void *values,
                           void *states, int64_t *where, int64_t *positions, int64_t position, bool first) {
  const kb_compute type = j->reader.type;
  const int64_t advance = j->reverse ? -1 : 1;
  switch (j->op) {
    case KB_SCAN_SUM:
      if (type == KB_COMPUTE_DOUBLE) ACCUMULATE(double, a + x);
      else if (type == KB_COMPUTE_INT64) ACCUMULATE(int64_t, add(a, x));
      else ACCUMULATE(pair, add_pair(a, x));
      break;
    case KB_SCAN_PROD:
      if (type == KB_COMPUTE_DOUBLE) ACCUMULATE(double, a * x);
      else if (type == KB_COMPUTE_INT64) ACCUMULATE(int64_t, multiply(a, x));
      else ACCUMULATE(pair, multiply_pair(a, x));
      break;
    case KB_SCAN_LOGSUMEXP:
      ACCUMULATE(double, log_add_exp(a, x));
      break;
    case KB_SCAN_MAX:
      if (type == KB_COMPUTE_DOUBLE) EXTREME(double, x != x || x >= a);
      else EXTREME(int64_t, x >= a);
      break;
    case KB_SCAN_MIN:
      if (type == KB_COMPUTE_DOUBLE) EXTREME(double, x != x || x <= a);
      else EXTREME(int64_t, x <= a);
      break;
  }
}

static void start_states(const job *j, size_t n, void *states) {
  double *real = states;
  int64_t *integer = states;
  const double one = j->op == KB_SCAN_PROD ? 1 : j->op == KB_SCAN_LOGSUMEXP ? -INFINITY : 0;
  for (size_t i = 0; i < n; i++) {
    if (j->reader.type == KB_COMPUTE_INT64) {
      integer[i] = (int64_t)one;
    } else if (j->reader.type == KB_COMPUTE_DOUBLE) {
      real[i] = one;
    } else {
      real[2 * i] = one, real[2 * i + 1] = 0;
    }
  }
}

// A line in blocks, each in the order of memory, whatever the direction of the scan.
static void scan_line(const job *j, size_t output, char *buffer) {
  const kb_row_reader reader = kb_reader_at(&j->reader, output);
  const size_t length = j->plan.length, size = kb_dtype_size(j->out);
  const intptr_t stride = j->plan.reduced_strides[0], element = (intptr_t)reader.element_size;
  char *values = buffer, *narrow = buffer + KB_REDUCE_BLOCK * 16;
  int64_t *positions = (int64_t *)(void *)(narrow + KB_REDUCE_BLOCK * 16), where;
  pair state;
  start_states(j, 1, &state);
  const size_t base = output / j->inner * j->inner * length + output % j->inner;
  for (size_t done = 0; done < length; done += KB_REDUCE_BLOCK) {
    const size_t n = length - done < KB_REDUCE_BLOCK ? length - done : KB_REDUCE_BLOCK;
    const size_t least = j->reverse ? length - done - n : done;
    const size_t first = j->reverse ? length - 1 - done : done;
    reader.load(n, reader.x + (intptr_t)least * stride * element, stride, values);
    advance_states(j, n, 0, j->reverse, values, &state, &where, positions, (int64_t)first,
                   done == 0);
    const size_t place = base + least * j->inner;
    if (j->inner == 1) {
      j->store(n, values, j->result + place * size);
      if (j->indices) memcpy(j->indices + place, positions, n * sizeof(int64_t));
      continue;
    }
    j->store(n, values, narrow);
    for (size_t i = 0; i < n; i++) {
      memcpy(j->result + (place + i * j->inner) * size, narrow + i * size, size);
      if (j->indices) j->indices[place + i * j->inner] = positions[i];
    }
  }
}

static void scan_lines(void *context, size_t begin, size_t end) {
  const job *j = context;
  const size_t bytes = KB_REDUCE_BLOCK * (16 + 16 + 8);
  char *buffer = kb_alloc(bytes);
  for (size_t output = begin; output < end; output++) scan_line(j, output, buffer);
  kb_free(buffer, bytes);
}

static void scan_columns(const job *j, size_t output, size_t n) {
  const kb_row_reader reader = kb_reader_at(&j->reader, output);
  const size_t length = j->plan.length, size = kb_dtype_size(j->out);
  const intptr_t across = j->plan.kept_strides[j->plan.kept_rank - 1];
  const intptr_t along = j->plan.reduced_strides[0], element = (intptr_t)reader.element_size;
  const size_t base = output / j->inner * j->inner * length + output % j->inner;
  pair values[COLUMN_TILE], states[COLUMN_TILE];
  int64_t where[COLUMN_TILE], positions[COLUMN_TILE];
  start_states(j, n, states);
  for (size_t done = 0; done < length; done++) {
    const size_t row = j->reverse ? length - 1 - done : done;
    reader.load(n, reader.x + (intptr_t)row * along * element, across, values);
    advance_states(j, n, 1, false, values, states, where, positions, (int64_t)row, done == 0);
    const size_t place = base + row * j->inner;
    j->store(n, values, j->result + place * size);
    if (j->indices) memcpy(j->indices + place, positions, n * sizeof(int64_t));
  }
}

static void scan_tiles(void *context, size_t begin, size_t end) {
  const job *j = context;
  for (size_t number = begin; number < end; number++) {
    kb_reduce_piece piece = kb_reduction_piece(&j->plan, &j->cut, number);
    while (piece.count > 0) {
      const size_t room = j->inner - piece.output % j->inner;
      const size_t n = room < piece.count ? room : piece.count;
      scan_columns(j, piece.output, n);
      piece.output += n, piece.count -= n;
    }
  }
}

void kb_scan(kb_scan_operation op, kb_dtype in, kb_dtype out, size_t rank, const intptr_t *dims,
             size_t dim, bool reverse, const void *x, const intptr_t *strides, void *result,
             int64_t *indices) {
  const bool extreme = op == KB_SCAN_MAX || op == KB_SCAN_MIN;
  job j = {.op = op, .reverse = reverse, .inner = 1, .out = out, .result = result,
           .indices = extreme ? indices : NULL};
  bool reduced[KB_MAX_RANK] = {false};
  if (rank > 0) reduced[dim] = true;
  for (size_t d = dim + 1; d < rank; d++) j.inner *= (size_t)dims[d];
  kb_plan_reduction(&j.plan, rank, dims, reduced, strides, true);
  if (j.plan.outputs == 0 || j.plan.length == 0) return;
  kb_compute type = kb_compute_of(out);
  if (type == KB_COMPUTE_FLOAT) type = KB_COMPUTE_DOUBLE;
  j.reader = kb_make_reader(&j.plan, x, in, type, KB_LOAD_VALUE);
  j.store = kb_find_storer(type, out);
  j.cut = kb_cut_reduction(&j.plan, COLUMN_TILE, 1, 1);
  j.cut.segments = 1, j.cut.segment = j.plan.length;
  if (j.plan.columns)
    kb_parallel_for(j.cut.tiles, 8192 / (j.cut.tile * j.plan.length) + 1, scan_tiles, &j);
  else
    kb_parallel_for(j.plan.outputs, 8192 / j.plan.length + 1, scan_lines, &j);
}
