// Running reductions. Every dtype is carried in its widest kind: double, int64 or a pair of
// doubles.
#include "kb_scan.h"

#include <math.h>
#include <string.h>

#include "kb_alloc.h"
#include "kb_threads.h"
#include "reduce_internal.h"
#include "scan_kernels.h"

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
  const kb_scan_kernels *kernels;    // sums and products of doubles and integers
  const kb_extreme_kernels *extreme; // largest and smallest ones
  bool converts;                     // results are of another type than they are computed in
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

// One line. `y` may be `x`.
#define ACCUMULATE(T, EXPRESSION)                                                                  \
  do {                                                                                             \
    const T *const from = lines->x[0];                                                             \
    T *const to = lines->y[0], *const state = states;                                              \
    T a = state[0]; /* a register: through memory each step would cost a store and a load */       \
    for (size_t k = 0; k < n; k++) {                                                               \
      const size_t i = lines->backwards ? n - 1 - k : k;                                           \
      const T x = from[i];                                                                         \
      to[i] = a = EXPRESSION;                                                                      \
    }                                                                                              \
    state[0] = a;                                                                                  \
  } while (0)

#define EXTREME(T, WINS)                                                                           \
  do {                                                                                             \
    const T *const from = lines->x[0];                                                             \
    T *const to = lines->y[0], *const state = states;                                              \
    T a = state[0];                                                                                \
    int64_t *const positions = lines->positions[0];                                                \
    int64_t at = where[0];                                                                         \
    for (size_t k = 0; k < n; k++, position += advance) {                                          \
      const size_t i = lines->backwards ? n - 1 - k : k;                                           \
      const T x = from[i];                                                                         \
      /* A branch: the longer a line the fewer win, and none waits for the one before. */          \
      if (__builtin_expect_with_probability(WINS, 0, 0.99)) a = x, at = position;                  \
      to[i] = a, positions[i] = at;                                                                \
    }                                                                                              \
    state[0] = a, where[0] = at;                                                                   \
  } while (0)

static void advance_line(const job *j, const kb_scan_lines *lines, void *states, int64_t *where,
                         int64_t position) {
  const kb_compute type = j->reader.type;
  const size_t n = lines->n;
  const int64_t advance = lines->backwards ? -1 : 1;
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

// One element of each of n columns, for what has no kernel.
static void advance_columns(const job *j, size_t n, const void *x, void *states, void *y) {
  if (j->op == KB_SCAN_LOGSUMEXP) {
    const double *const from = x;
    double *const to = y, *const state = states;
    for (size_t i = 0; i < n; i++) to[i] = state[i] = log_add_exp(state[i], from[i]);
    return;
  }
  const pair *const from = x;
  pair *const to = y, *const state = states;
  for (size_t i = 0; i < n; i++)
    to[i] = state[i] =
        j->op == KB_SCAN_SUM ? add_pair(state[i], from[i]) : multiply_pair(state[i], from[i]);
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

enum { BLOCK = 512 };

typedef struct buffers {
  char values[KB_SCAN_LINES][BLOCK * sizeof(pair)], narrow[BLOCK * sizeof(pair)];
  int64_t positions[KB_SCAN_LINES][BLOCK];
} buffers;

// n results of a line from `place` on, where they are not written by themselves.
static void store_block(const job *j, size_t place, size_t n, const void *values,
                        const int64_t *positions, char *narrow) {
  const size_t size = kb_dtype_size(j->out);
  if (j->inner == 1) {
    j->store(n, values, j->result + place * size);
    return;
  }
  j->store(n, values, narrow);
  for (size_t i = 0; i < n; i++) {
    memcpy(j->result + (place + i * j->inner) * size, narrow + i * size, size);
    if (j->indices) j->indices[place + i * j->inner] = positions[i];
  }
}

// An extreme begins with the first element itself.
static void start_extremes(const kb_scan_lines *lines, size_t count, int64_t first, void *states,
                           int64_t *where) {
  const size_t size = sizeof(double), at = lines->backwards ? lines->n - 1 : 0;
  for (size_t l = 0; l < count; l++) {
    memcpy((char *)states + l * size, (const char *)lines->x[l] + at * size, size);
    where[l] = first;
  }
}

// KB_SCAN_LINES lines or one, in blocks, each in the order of memory, whatever the direction of the scan.
static void scan_group(const job *j, size_t output, size_t count, buffers *own) {
  const size_t length = j->plan.length, size = kb_dtype_size(j->out);
  const intptr_t stride = j->plan.reduced_strides[0], element = (intptr_t)j->reader.element_size;
  const bool loads = !j->reader.native || stride != 1, stores = j->converts || j->inner > 1;
  const char *x[KB_SCAN_LINES];
  size_t places[KB_SCAN_LINES];
  pair states[KB_SCAN_LINES];
  int64_t where[KB_SCAN_LINES];
  for (size_t l = 0; l < count; l++) {
    x[l] = kb_reader_at(&j->reader, output + l).x;
    places[l] = (output + l) / j->inner * j->inner * length + (output + l) % j->inner;
  }
  start_states(j, count, states);
  for (size_t done = 0; done < length; done += BLOCK) {
    const size_t n = length - done < BLOCK ? length - done : BLOCK;
    const size_t least = j->reverse ? length - done - n : done;
    const int64_t first = (int64_t)(j->reverse ? length - 1 - done : done);
    kb_scan_lines lines = {.n = n, .backwards = j->reverse};
    for (size_t l = 0; l < count; l++) {
      const char *const from = x[l] + (intptr_t)least * stride * element;
      const size_t place = places[l] + least * j->inner;
      if (loads) j->reader.load(n, from, stride, own->values[l]);
      lines.x[l] = loads ? own->values[l] : from;
      lines.y[l] = stores ? own->values[l] : j->result + place * size;
      lines.positions[l] = j->indices && j->inner == 1 ? j->indices + place : own->positions[l];
    }
    if (j->extreme && done == 0) start_extremes(&lines, count, first, states, where);
    if (count == 1) advance_line(j, &lines, states, where, first);
    else if (j->extreme) j->extreme->lines(&lines, first, states, where);
    else j->kernels->lines(&lines, states);
    for (size_t l = 0; stores && l < count; l++)
      store_block(j, places[l] + least * j->inner, n, lines.y[l], lines.positions[l], own->narrow);
  }
}

static void scan_lines(void *context, size_t begin, size_t end) {
  const job *j = context;
  const bool together = j->kernels || j->extreme;
  buffers *const own = kb_scratch(sizeof *own);
  for (size_t output = begin, count; output < end; output += count) {
    count = together && end - output >= KB_SCAN_LINES ? KB_SCAN_LINES : 1;
    scan_group(j, output, count, own);
  }
  kb_scratch_free(own, sizeof *own);
}

static void scan_columns(const job *j, size_t output, size_t n) {
  const kb_row_reader reader = kb_reader_at(&j->reader, output);
  const size_t length = j->plan.length, size = kb_dtype_size(j->out);
  const intptr_t across = j->plan.kept_strides[j->plan.kept_rank - 1];
  const intptr_t along = j->plan.reduced_strides[0], element = (intptr_t)reader.element_size;
  const bool loads = !reader.native || across != 1;
  const size_t base = output / j->inner * j->inner * length + output % j->inner;
  pair values[COLUMN_TILE], results[COLUMN_TILE], states[COLUMN_TILE];
  int64_t where[COLUMN_TILE], unused[COLUMN_TILE];
  start_states(j, n, states);
  for (size_t done = 0; done < length; done++) {
    const size_t row = j->reverse ? length - 1 - done : done, place = base + row * j->inner;
    const char *const from = reader.x + (intptr_t)row * along * element;
    if (loads) reader.load(n, from, across, values);
    const void *const x = loads ? (const void *)values : from;
    void *const y = j->converts ? (void *)results : j->result + place * size;
    if (j->extreme) {
      if (done == 0) memcpy(states, x, n * sizeof(double));
      j->extreme->columns(n, x, (int64_t)row, states, where, y,
                          j->indices ? j->indices + place : unused);
    } else if (j->kernels) {
      j->kernels->columns(n, x, states, y);
    } else {
      advance_columns(j, n, x, states, y);
    }
    if (j->converts) j->store(n, results, j->result + place * size);
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

static void find_kernels(job *j) {
  if (j->reader.type == KB_COMPUTE_COMPLEX) return;
  const kb_scan_set *const set =
      j->reader.type == KB_COMPUTE_DOUBLE ? kb_scan_doubles() : kb_scan_integers();
  switch (j->op) {
    case KB_SCAN_SUM: j->kernels = &set->sum; break;
    case KB_SCAN_PROD: j->kernels = &set->prod; break;
    case KB_SCAN_MAX: j->extreme = &set->max; break;
    case KB_SCAN_MIN: j->extreme = &set->min; break;
    default: break;
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
  j.store = kb_find_storer(type, out), j.converts = !kb_is_native(out, type);
  find_kernels(&j);
  j.cut = kb_cut_reduction(&j.plan, COLUMN_TILE, 1, 1);
  j.cut.segments = 1, j.cut.segment = j.plan.length;
  if (j.plan.columns)
    kb_parallel_for(j.cut.tiles, 8192 / (j.cut.tile * j.plan.length) + 1, scan_tiles, &j);
  else
    kb_parallel_for(j.plan.outputs, 8192 / j.plan.length + 1, scan_lines, &j);
}
