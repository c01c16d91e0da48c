// Softmax and its logarithm along one dimension. Lines that lie along the dimension are computed
// one by one; otherwise tiles of neighbouring lines are, so that memory is read in order.
#include "kb_softmax.h"

#include <math.h>
#include <string.h>

#include "elementwise.h"
#include "half.h"
#include "kb_alloc.h"
#include "kb_threads.h"
#include "reduce_internal.h"
#include "stream.h"

#pragma STDC FP_CONTRACT OFF

// Columns of a tile: a tile is read twice or thrice and should stay in the second level; where it is low it may
// be wide, so that memory is read in long runs.
#define LEAST_TILE 128
#define MOST_TILE 1024
#define TILE_BYTES (256 * 1024)

typedef struct job {
  kb_reduce_plan plan, other_plan; // of x (or dy) and of y
  kb_row_reader reader, other;
  kb_reduce_cut cut;
  kb_compute type;
  kb_dtype dtype;
  bool logarithm;
  bool rounds; // the sum and its logarithm, to the result's dtype
  size_t inner; // the stride along the dimension in the result
  char *result;
  bool streams; // regular lines
  kb_storer store;
} job;

static char *result_at(const job *j, size_t output) {
  const size_t outer = output / j->inner, column = output % j->inner;
  return j->result + kb_dtype_size(j->dtype) * (outer * j->inner * j->plan.length + column);
}

// Whether a line of results can be computed in place.
static bool direct(const job *j) { return j->inner == 1 && kb_is_native(j->dtype, j->type); }

// A whole line, in place where it lies so.
static const void *read_line(const kb_row_reader *reader, void *buffer) {
  const kb_reduce_plan *plan = reader->plan;
  const intptr_t stride = plan->reduced_strides[0];
  if (reader->native && (stride == 1 || plan->length == 1)) return reader->x;
  reader->load(plan->length, reader->x, stride, buffer);
  return buffer;
}

static void write_line(const job *j, size_t output, const void *line, char *narrow) {
  const size_t n = j->plan.length, size = kb_dtype_size(j->dtype);
  char *y = result_at(j, output);
  if (line == y) return;
  if (j->inner == 1) {
    j->store(n, line, y);
    return;
  }
  j->store(n, line, narrow);
  for (size_t i = 0; i < n; i++) memcpy(y + i * j->inner * size, narrow + i * size, size);
}

// PyTorch's CPU kernel of log-softmax along the last dimension keeps the sum of a line and its
// logarithm in the input's own half type; these are the same bits.
static double rounded_log(kb_dtype dtype, double sum) {
  if (dtype == KB_FLOAT16)
    return kb_float16_to_float(kb_float_to_float16(
        logf(kb_float16_to_float(kb_float_to_float16((float)sum)))));
  return kb_bfloat16_to_float(kb_float_to_bfloat16(
      logf(kb_bfloat16_to_float(kb_float_to_bfloat16((float)sum)))));
}

static void forward_float(const job *j, const float *x, float *y) {
  const kb_reduce_set *set = kb_active_reduce();
  double largest, sum;
  set->softmax_row(j->plan.length, x, j->logarithm ? NULL : y, &largest, &sum);
  if (j->logarithm)
    set->folds[KB_COMPUTE_FLOAT].scale_row(
        j->plan.length, x, largest, 1, j->rounds ? -rounded_log(j->dtype, sum) : -log(sum), y);
}

// Sums, or doubles, whose functions are computed together.
enum { SOME = 64 };

static void forward_double(bool logarithm, size_t n, const double *x, double *y) {
  double largest, sum = 0, some[SOME];
  kb_active_reduce()->folds[KB_COMPUTE_DOUBLE].row[KB_FOLD_MAX](n, x, &largest);
  for (size_t i = 0; i < n; i += SOME) {
    const size_t m = n - i < SOME ? n - i : SOME;
    double *e = logarithm ? some : y + i;
    for (size_t k = 0; k < m; k++) e[k] = x[i + k] - largest;
    kb_map_doubles(KB_OP_exp, m, e, e);
    for (size_t k = 0; k < m; k++) sum += e[k];
  }
  const double log_sum = log(sum);
  for (size_t i = 0; i < n; i++) y[i] = logarithm ? x[i] - largest - log_sum : y[i] / sum;
}

// Whether lines of floats lie one after the other at one distance: then nothing is looked up per line.
static bool regular(const job *j, const kb_row_reader *reader) {
  return j->type == KB_COMPUTE_FLOAT && direct(j) && reader->native &&
         reader->plan->kept_rank == 1 && reader->plan->reduced_rank == 1 &&
         reader->plan->reduced_strides[0] == 1;
}

static const float *regular_line(const kb_row_reader *reader, size_t output) {
  return (const float *)(const void *)reader->x + (intptr_t)output * reader->plan->kept_strides[0];
}

// Where regular lines of results are computed: in place, or in cache to be streamed from there.
typedef struct regular_line_writer {
  const job *j;
  float *line;
} regular_line_writer;

static regular_line_writer open_writer(const job *j) {
  return (regular_line_writer){j, j->streams ? kb_scratch(j->plan.length * sizeof(float)) : NULL};
}

static float *next_line(const regular_line_writer *w, size_t output) {
  return w->line ? w->line : (float *)(void *)w->j->result + output * w->j->plan.length;
}

static void finish_line(const regular_line_writer *w, size_t output, const float *line) {
  const size_t bytes = w->j->plan.length * sizeof(float);
  if (w->line) kb_stream_row(w->j->result + output * bytes, line, bytes);
}

static void close_writer(const regular_line_writer *w) {
  if (!w->line) return;
  kb_stream_fence();
  kb_scratch_free(w->line, w->j->plan.length * sizeof(float));
}

// Logarithms of short lines: those of the sums are taken of many at once.
static void forward_logarithms(const job *j, size_t begin, size_t end) {
  const kb_reduce_set *set = kb_active_reduce();
  const size_t n = j->plan.length;
  for (size_t first = begin; first < end; first += SOME) {
    const size_t count = end - first < SOME ? end - first : SOME;
    double largest[SOME], sum[SOME];
    for (size_t k = 0; k < count; k++)
      set->softmax_row(n, regular_line(&j->reader, first + k), NULL, largest + k, sum + k);
    kb_map_doubles(KB_OP_log, count, sum, sum);
    for (size_t k = 0; k < count; k++)
      set->folds[KB_COMPUTE_FLOAT].scale_row(n, regular_line(&j->reader, first + k), largest[k], 1,
                                             -sum[k], (float *)(void *)j->result + (first + k) * n);
  }
}

static void forward_rows(void *context, size_t begin, size_t end) {
  enum { SHORT = 256 };
  const job *j = context;
  const bool many = j->logarithm && !j->rounds && !j->streams && j->plan.length <= SHORT;
  if (many && regular(j, &j->reader)) {
    forward_logarithms(j, begin, end);
    return;
  }
  if (regular(j, &j->reader)) {
    regular_line_writer w = open_writer(j);
    for (size_t output = begin; output < end; output++) {
      float *y = next_line(&w, output);
      forward_float(j, regular_line(&j->reader, output), y);
      finish_line(&w, output, y);
    }
    close_writer(&w);
    return;
  }
  const size_t n = j->plan.length, bytes = 3 * n * sizeof(double);
  char *buffer = kb_scratch(bytes);
  for (size_t output = begin; output < end; output++) {
    const kb_row_reader reader = kb_reader_at(&j->reader, output);
    const void *x = read_line(&reader, buffer);
    void *y = direct(j) ? result_at(j, output) : buffer + n * sizeof(double);
    if (j->type == KB_COMPUTE_FLOAT)
      forward_float(j, x, y);
    else
      forward_double(j->logarithm, n, x, y);
    write_line(j, output, y, buffer + 2 * n * sizeof(double));
  }
  kb_scratch_free(buffer, bytes);
}

// Scratch of a tile; as floats or doubles. The lines are room for 8, used where they do not lie in place.
typedef struct column_scratch {
  size_t tile;
  double *lines, *other, *largest, *sum, *block, *line;
} column_scratch;

static size_t scratch_bytes(size_t tile) { return (8 + 8 + 4) * tile * sizeof(double); }

static column_scratch make_scratch(size_t tile) {
  double *at = kb_scratch(scratch_bytes(tile));
  return (column_scratch){tile, at, at + 8 * tile, at + 16 * tile, at + 17 * tile, at + 18 * tile,
                          at + 19 * tile};
}

// The sums of exponentials, blocks of 64 rows added up in double. `y`, unless NULL, takes the
// exponentials: lines of floats that are j->inner apart.
static void column_sums(const job *j, const kb_row_reader *reader, size_t n, column_scratch *s,
                        float *y) {
  const kb_reduce_set *set = kb_active_reduce();
  const size_t length = j->plan.length;
  float *largest = (float *)(void *)s->largest, *block = (float *)(void *)s->block;
  const void *lines[8];
  const bool single = j->type == KB_COMPUTE_FLOAT;
  for (size_t i = 0; i < n; i++) {
    if (single) largest[i] = -INFINITY; else s->largest[i] = -INFINITY;
    s->sum[i] = 0;
  }
  for (size_t row = 0; row < length; row += 8) {
    const size_t rows = length - row < 8 ? length - row : 8;
    kb_read_columns(reader, row, rows, n, s->lines, lines);
    set->folds[j->type].columns[KB_FOLD_MAX](rows, lines, 0, n, s->largest);
  }
  memset(s->block, 0, n * sizeof *s->block);
  for (size_t row = 0; row < length; row += 8) {
    const size_t rows = length - row < 8 ? length - row : 8;
    kb_read_columns(reader, row, rows, n, s->lines, lines);
    for (size_t r = 0; r < rows; r++) {
      if (single) {
        set->exp_columns(n, lines[r], largest, y, block);
        if (y) y += j->inner;
        continue;
      }
      const double *x = lines[r];
      for (size_t i = 0; i < n; i++) s->line[i] = x[i] - s->largest[i];
      kb_map_doubles(KB_OP_exp, n, s->line, s->line);
      for (size_t i = 0; i < n; i++) s->sum[i] += s->line[i];
    }
    if (single && (row % 64 == 56 || row + 8 >= length)) {
      for (size_t i = 0; i < n; i++) s->sum[i] += (double)block[i], block[i] = 0;
    }
  }
}

static void finish_float(const job *j, size_t n, const float *x, const float *largest,
                         const float *scale, float *unused, float *y) {
  if (j->logarithm) {
    for (size_t i = 0; i < n; i++) y[i] = x[i] - largest[i] - scale[i];
  } else {
    kb_active_reduce()->exp_columns(n, x, largest, y, unused);
    for (size_t i = 0; i < n; i++) y[i] *= scale[i];
  }
}

static void scale_lines(const job *j, size_t n, const double *sum, float *y) {
  float scale[MOST_TILE];
  for (size_t i = 0; i < n; i++) scale[i] = (float)(1 / sum[i]);
  for (size_t row = 0; row < j->plan.length; row++, y += j->inner) {
    for (size_t i = 0; i < n; i++) y[i] *= scale[i];
  }
}

static void forward_tile(const job *j, size_t output, size_t n, column_scratch *s) {
  const kb_row_reader reader = kb_reader_at(&j->reader, output);
  if (!j->logarithm && j->dtype == KB_FLOAT32) {
    float *y = (float *)(void *)result_at(j, output);
    column_sums(j, &reader, n, s, y);
    scale_lines(j, n, s->sum, y);
    return;
  }
  column_sums(j, &reader, n, s, NULL);
  const size_t length = j->plan.length, size = kb_dtype_size(j->dtype);
  const bool single = j->type == KB_COMPUTE_FLOAT;
  float *scale = (float *)(void *)s->block;
  if (j->logarithm) kb_map_doubles(KB_OP_log, n, s->sum, s->sum);
  for (size_t i = 0; i < n; i++) {
    const double factor = j->logarithm ? s->sum[i] : 1 / s->sum[i];
    if (single) scale[i] = (float)factor; else s->block[i] = factor;
  }
  char *y = result_at(j, output);
  const bool in_place = kb_is_native(j->dtype, j->type);
  const void *lines[8];
  for (size_t row = 0; row < length; row += 8) {
    const size_t rows = length - row < 8 ? length - row : 8;
    kb_read_columns(&reader, row, rows, n, s->lines, lines);
    for (size_t r = 0; r < rows; r++, y += j->inner * size) {
      void *line = in_place ? (void *)y : s->line;
      if (single) {
        finish_float(j, n, lines[r], (const float *)(const void *)s->largest, scale,
                     (float *)(void *)s->other, line);
      } else {
        const double *x = lines[r];
        double *to = line;
        for (size_t i = 0; i < n; i++) to[i] = x[i] - s->largest[i];
        if (!j->logarithm) kb_map_doubles(KB_OP_exp, n, to, to);
        for (size_t i = 0; i < n; i++)
          to[i] = j->logarithm ? to[i] - s->block[i] : to[i] * s->block[i];
      }
      if (!in_place) j->store(n, line, y);
    }
  }
}

// dx of one line in the compute type.
static void backward_float(bool logarithm, size_t n, const float *dy, const float *y, float *dx) {
  const kb_reduce_set *set = kb_active_reduce();
  (logarithm ? set->log_softmax_back_row : set->softmax_back_row)(n, dy, y, dx);
}

static void backward_double(bool logarithm, size_t n, const double *dy, const double *y,
                            double *dx) {
  double sum = 0, some[SOME];
  for (size_t i = 0; i < n; i++) sum += logarithm ? dy[i] : dy[i] * y[i];
  for (size_t i = 0; i < n && !logarithm; i++) dx[i] = y[i] * (dy[i] - sum);
  for (size_t i = 0; i < n && logarithm; i += SOME) {
    const size_t m = n - i < SOME ? n - i : SOME;
    kb_map_doubles(KB_OP_exp, m, y + i, some);
    for (size_t k = 0; k < m; k++) dx[i + k] = dy[i + k] - some[k] * sum;
  }
}

static void backward_rows(void *context, size_t begin, size_t end) {
  const job *j = context;
  if (regular(j, &j->reader) && regular(j, &j->other)) {
    regular_line_writer w = open_writer(j);
    for (size_t output = begin; output < end; output++) {
      float *dx = next_line(&w, output);
      backward_float(j->logarithm, j->plan.length, regular_line(&j->reader, output),
                     regular_line(&j->other, output), dx);
      finish_line(&w, output, dx);
    }
    close_writer(&w);
    return;
  }
  const size_t n = j->plan.length, bytes = 4 * n * sizeof(double);
  char *buffer = kb_scratch(bytes);
  for (size_t output = begin; output < end; output++) {
    const kb_row_reader reader = kb_reader_at(&j->reader, output);
    const kb_row_reader other = kb_reader_at(&j->other, output);
    const void *dy = read_line(&reader, buffer);
    const void *y = read_line(&other, buffer + n * sizeof(double));
    void *dx = direct(j) ? result_at(j, output) : buffer + 2 * n * sizeof(double);
    if (j->type == KB_COMPUTE_FLOAT)
      backward_float(j->logarithm, n, dy, y, dx);
    else
      backward_double(j->logarithm, n, dy, y, dx);
    write_line(j, output, dx, buffer + 3 * n * sizeof(double));
  }
  kb_scratch_free(buffer, bytes);
}

static void backward_doubles(const job *j, size_t n, const double *dy, const double *y,
                             const double *sum, double *dx) {
  double some[SOME];
  for (size_t i = 0; i < n && !j->logarithm; i++) dx[i] = y[i] * (dy[i] - sum[i]);
  for (size_t i = 0; i < n && j->logarithm; i += SOME) {
    const size_t m = n - i < SOME ? n - i : SOME;
    kb_map_doubles(KB_OP_exp, m, y + i, some);
    for (size_t k = 0; k < m; k++) dx[i + k] = dy[i + k] - some[k] * sum[i + k];
  }
}

static void backward_sums(const job *j, size_t rows, const void *const *dy, const void *const *y,
                          size_t n, double *sum) {
  if (j->type == KB_COMPUTE_FLOAT) {
    kb_active_reduce()->dot_columns(rows, dy, j->logarithm ? NULL : y, n, sum);
    return;
  }
  for (size_t r = 0; r < rows; r++) {
    const double *g = dy[r], *f = y[r];
    for (size_t i = 0; i < n; i++) sum[i] += j->logarithm ? g[i] : g[i] * f[i];
  }
}

static void backward_tile(const job *j, size_t output, size_t n, column_scratch *s) {
  const kb_reduce_set *set = kb_active_reduce();
  const kb_row_reader reader = kb_reader_at(&j->reader, output);
  const kb_row_reader other = kb_reader_at(&j->other, output);
  const size_t length = j->plan.length, size = kb_dtype_size(j->dtype);
  const bool single = j->type == KB_COMPUTE_FLOAT, in_place = kb_is_native(j->dtype, j->type);
  const void *dy[8], *y[8];
  memset(s->sum, 0, n * sizeof *s->sum);
  for (size_t row = 0; row < length; row += 8) {
    const size_t rows = length - row < 8 ? length - row : 8;
    kb_read_columns(&reader, row, rows, n, s->lines, dy);
    kb_read_columns(&other, row, rows, n, s->other, y);
    backward_sums(j, rows, dy, y, n, s->sum);
  }
  float *sums = (float *)(void *)s->block;
  for (size_t i = 0; i < n && single; i++) sums[i] = (float)s->sum[i];
  char *dx = result_at(j, output);
  for (size_t row = 0; row < length; row += 8) {
    const size_t rows = length - row < 8 ? length - row : 8;
    kb_read_columns(&reader, row, rows, n, s->lines, dy);
    kb_read_columns(&other, row, rows, n, s->other, y);
    for (size_t r = 0; r < rows; r++, dx += j->inner * size) {
      void *line = in_place ? (void *)dx : s->line;
      if (single)
        (j->logarithm ? set->log_softmax_back_columns : set->softmax_back_columns)(n, dy[r], y[r],
                                                                                   sums, line);
      else
        backward_doubles(j, n, dy[r], y[r], s->sum, line);
      if (!in_place) j->store(n, line, dx);
    }
  }
}

// Neighbouring outputs within one dimension of each input and within `inner`.
static void run_tiles(const job *j, size_t begin, size_t end,
                      void (*tile)(const job *j, size_t output, size_t n, column_scratch *s)) {
  column_scratch scratch = make_scratch(j->cut.tile);
  for (size_t number = begin; number < end; number++) {
    kb_reduce_piece piece = kb_reduction_piece(&j->plan, &j->cut, number);
    while (piece.count > 0) {
      size_t n = piece.count, room = j->inner - piece.output % j->inner;
      n = room < n ? room : n;
      if (j->other.plan) {
        room = j->other_plan.inner - piece.output % j->other_plan.inner;
        n = room < n ? room : n;
      }
      tile(j, piece.output, n, &scratch);
      piece.output += n, piece.count -= n;
    }
  }
  kb_scratch_free(scratch.lines, scratch_bytes(scratch.tile));
}

static void forward_tiles(void *context, size_t begin, size_t end) {
  run_tiles(context, begin, end, forward_tile);
}

static void backward_tiles(void *context, size_t begin, size_t end) {
  run_tiles(context, begin, end, backward_tile);
}

typedef void (*body)(void *context, size_t begin, size_t end);

static void run(job *j, size_t rank, const intptr_t *dims, size_t dim, const void *x,
                const intptr_t *strides, const void *y, const intptr_t *y_strides, body rows,
                body tiles) {
  bool reduced[KB_MAX_RANK] = {false};
  j->inner = 1;
  if (rank > 0) reduced[dim] = true;
  for (size_t d = dim + 1; d < rank; d++) j->inner *= (size_t)dims[d];
  kb_plan_reduction(&j->plan, rank, dims, reduced, strides, true);
  if (j->plan.outputs == 0 || j->plan.length == 0) return;
  j->type = kb_compute_of(j->dtype);
  j->store = kb_find_storer(j->type, j->dtype);
  j->reader = kb_make_reader(&j->plan, x, j->dtype, j->type, KB_LOAD_VALUE);
  if (y) {
    kb_plan_reduction(&j->other_plan, rank, dims, reduced, y_strides, true);
    j->other = kb_make_reader(&j->other_plan, y, j->dtype, j->type, KB_LOAD_VALUE);
  }
  const size_t bytes = j->plan.outputs * j->plan.length * kb_dtype_size(j->dtype);
  j->streams = kb_streams(y ? 2 * bytes : bytes, bytes);
  const size_t column = sizeof(float) * j->plan.length * (y ? 2 : 1);
  const size_t fitting = TILE_BYTES / column / LEAST_TILE * LEAST_TILE;
  const size_t tile = fitting < LEAST_TILE ? LEAST_TILE : fitting < MOST_TILE ? fitting : MOST_TILE;
  j->cut = kb_cut_reduction(&j->plan, tile, 1, 1);
  // A softmax needs its whole line: there are no segments.
  j->cut.segments = 1, j->cut.segment = j->plan.length;
  if (j->plan.columns && !j->rounds) {
    kb_parallel_for(j->cut.tiles, 8192 / (j->cut.tile * j->plan.length) + 1, tiles, j);
  } else {
    kb_parallel_for(j->plan.outputs, 8192 / j->plan.length + 1, rows, j);
  }
}

void kb_softmax(bool logarithm, kb_dtype dtype, size_t rank, const intptr_t *dims, size_t dim,
                const void *x, const intptr_t *strides, void *y) {
  job j = {.dtype = dtype, .logarithm = logarithm, .result = y};
  j.rounds = logarithm && dim + 1 == rank && (dtype == KB_FLOAT16 || dtype == KB_BFLOAT16);
  run(&j, rank, dims, dim, x, strides, NULL, NULL, forward_rows, forward_tiles);
}

void kb_softmax_backward(bool logarithm, kb_dtype dtype, size_t rank, const intptr_t *dims,
                         size_t dim, const void *dy, const intptr_t *dy_strides, const void *y,
                         const intptr_t *y_strides, void *dx) {
  job j = {.dtype = dtype, .logarithm = logarithm, .result = dx};
  run(&j, rank, dims, dim, dy, dy_strides, y, y_strides, backward_rows, backward_tiles);
}
