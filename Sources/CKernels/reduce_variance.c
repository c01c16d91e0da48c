// Variance by shifted sums: blocks around the running mean, merged as in Chan, Golub & LeVeque
// (1983). The first block is read twice, to begin with its own mean.
#include "kb_reduce.h"

#include <math.h>
#include <string.h>

#include "kb_alloc.h"
#include "kb_threads.h"
#include "reduce_internal.h"

#pragma STDC FP_CONTRACT OFF

typedef struct moments {
  double count, mean, imaginary_mean, squares; // Σ |x - mean|²
} moments;

typedef struct job {
  kb_reduce_plan plan;
  kb_reduce_cut cut;
  kb_row_reader reader;
  kb_dtype dtype;
  double correction;
  bool deviation;
  char *variance, *mean;
  moments *partials; // [segments][outputs], NULL when there is one segment
} job;

static void merge(moments *a, const moments *b) {
  if (b->count == 0) return;
  const double n = a->count + b->count, re = b->mean - a->mean,
               im = b->imaginary_mean - a->imaginary_mean;
  if (a->count == 0) {
    *a = *b;
    return;
  }
  a->squares += b->squares + (re * re + im * im) * (a->count * b->count / n);
  // Not mean + delta · weight: that makes NaN of a mean that is infinite.
  a->mean = (a->mean * a->count + b->mean * b->count) / n;
  a->imaginary_mean = (a->imaginary_mean * a->count + b->imaginary_mean * b->count) / n;
  a->count = n;
}

// The moments of `n` elements from their sums around `shift`.
static moments from_sums(double n, double shift, double first, double second) {
  const double mean = shift + first / n;
  const double squares = second - first * (first / n);
  // Rounding must not make it negative; the comparison keeps NaN.
  return (moments){n, mean, 0, squares < 0 ? 0 : squares};
}

static moments complex_block(size_t n, const double *z) {
  moments m = {.count = (double)n};
  for (size_t i = 0; i < n; i++) m.mean += z[2 * i], m.imaginary_mean += z[2 * i + 1];
  m.mean /= (double)n, m.imaginary_mean /= (double)n;
  for (size_t i = 0; i < n; i++) {
    const double re = z[2 * i] - m.mean, im = z[2 * i + 1] - m.imaginary_mean;
    m.squares += re * re + im * im;
  }
  return m;
}

static moments row_block(kb_compute type, size_t n, const void *x, const moments *so_far) {
  if (type == KB_COMPUTE_COMPLEX) return complex_block(n, x);
  const kb_fold_kernels *kernels = &kb_active_reduce()->folds[type];
  double shift = so_far->mean, sums[2];
  if (so_far->count == 0) {
    if (type == KB_COMPUTE_FLOAT) {
      float sum;
      kernels->row[KB_FOLD_SUM](n, x, &sum);
      shift = (double)sum / (double)n;
    } else {
      kernels->row[KB_FOLD_SUM](n, x, &shift);
      shift /= (double)n;
    }
  }
  if (!isfinite(shift)) shift = 0;
  const float narrow = (float)shift;
  if (type == KB_COMPUTE_FLOAT) {
    shift = (double)narrow;
    if (!isfinite(narrow)) return (moments){(double)n, shift, 0, NAN};
    kernels->moments_row(n, x, &narrow, sums);
  } else {
    kernels->moments_row(n, x, &shift, sums);
  }
  return from_sums((double)n, shift, sums[0], sums[1]);
}

static void finish(const job *j, size_t output, const moments *m) {
  const double n = (double)j->plan.length, spread = n - j->correction;
  double value[2] = {m->squares / (spread > 0 ? spread : 0), 0};
  if (n == 0) value[0] = NAN;
  if (j->deviation) value[0] = sqrt(value[0]);
  const bool is_complex = j->reader.type == KB_COMPUTE_COMPLEX;
  const kb_dtype real = j->dtype == KB_COMPLEX64    ? KB_FLOAT32
                        : j->dtype == KB_COMPLEX128 ? KB_FLOAT64
                                                    : j->dtype;
  kb_find_storer(KB_COMPUTE_DOUBLE, real)(1, value, j->variance + output * kb_dtype_size(real));
  if (!j->mean) return;
  value[0] = n == 0 ? NAN : m->mean, value[1] = n == 0 ? NAN : m->imaginary_mean;
  kb_find_storer(is_complex ? KB_COMPUTE_COMPLEX : KB_COMPUTE_DOUBLE, j->dtype)(
      1, value, j->mean + output * kb_dtype_size(j->dtype));
}

static void deliver(const job *j, size_t segment, size_t output, const moments *m) {
  if (j->partials)
    j->partials[segment * j->plan.outputs + output] = *m;
  else
    finish(j, output, m);
}

static void reduce_row(const job *j, size_t output, const kb_reduce_piece *piece, void *buffer) {
  const kb_row_reader reader = kb_reader_at(&j->reader, output);
  moments total = {0};
  for (size_t position = piece->begin; position < piece->end;) {
    const size_t left = piece->end - position;
    const size_t limit = left < KB_REDUCE_BLOCK ? left : KB_REDUCE_BLOCK;
    size_t n;
    const void *x = kb_read_block(&reader, position, limit, buffer, &n);
    const moments block = row_block(reader.type, n, x, &total);
    merge(&total, &block);
    position += n;
  }
  deliver(j, piece->segment, output, &total);
}

#define COLUMN_ROWS 64
#define COLUMN_TILE 256

static double element(kb_compute type, const void *x, size_t i) {
  return type == KB_COMPUTE_FLOAT ? (double)((const float *)x)[i] : ((const double *)x)[i];
}

static void set_element(kb_compute type, void *x, size_t i, double value) {
  if (type == KB_COMPUTE_FLOAT)
    ((float *)x)[i] = (float)value;
  else
    ((double *)x)[i] = value;
}

typedef struct column_scratch {
  double shift[COLUMN_TILE], first[COLUMN_TILE], second[COLUMN_TILE], lines[8 * COLUMN_TILE];
  moments totals[COLUMN_TILE];
} column_scratch;

static void column_block(const kb_row_reader *reader, size_t begin, size_t end, size_t n,
                         column_scratch *scratch) {
  const kb_fold_kernels *kernels = &kb_active_reduce()->folds[reader->type];
  const size_t bytes = n * kb_compute_size(reader->type);
  const void *lines[8];
  if (scratch->totals[0].count == 0) {
    memset(scratch->first, 0, bytes);
    for (size_t row = begin; row < end; row += 8) {
      const size_t rows = end - row < 8 ? end - row : 8;
      kb_read_columns(reader, row, rows, n, scratch->lines, lines);
      kernels->columns[KB_FOLD_SUM](rows, lines, 0, n, scratch->first);
    }
    for (size_t i = 0; i < n; i++)
      scratch->totals[i].mean = element(reader->type, scratch->first, i) / (double)(end - begin);
  }
  for (size_t i = 0; i < n; i++) {
    const double mean = scratch->totals[i].mean;
    set_element(reader->type, scratch->shift, i, isfinite(mean) ? mean : 0);
  }
  memset(scratch->first, 0, bytes);
  memset(scratch->second, 0, bytes);
  for (size_t row = begin; row < end; row += 8) {
    const size_t rows = end - row < 8 ? end - row : 8;
    kb_read_columns(reader, row, rows, n, scratch->lines, lines);
    kernels->moments_columns(rows, lines, n, scratch->shift, scratch->first, scratch->second);
  }
  for (size_t i = 0; i < n; i++) {
    const moments block =
        from_sums((double)(end - begin), element(reader->type, scratch->shift, i),
                  element(reader->type, scratch->first, i),
                  element(reader->type, scratch->second, i));
    merge(&scratch->totals[i], &block);
  }
}

static void reduce_columns(const job *j, const kb_reduce_piece *piece, column_scratch *scratch) {
  const kb_row_reader reader = kb_reader_at(&j->reader, piece->output);
  memset(scratch->totals, 0, sizeof scratch->totals);
  for (size_t row = piece->begin; row < piece->end; row += COLUMN_ROWS) {
    const size_t stop = row + COLUMN_ROWS < piece->end ? row + COLUMN_ROWS : piece->end;
    column_block(&reader, row, stop, piece->count, scratch);
  }
  for (size_t i = 0; i < piece->count; i++)
    deliver(j, piece->segment, piece->output + i, &scratch->totals[i]);
}

static void run_pieces(void *context, size_t begin, size_t end) {
  const job *j = context;
  const size_t line = j->plan.length < KB_REDUCE_BLOCK ? j->plan.length : KB_REDUCE_BLOCK;
  const size_t bytes = j->plan.columns ? sizeof(column_scratch) : line * 16;
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

void kb_variance(kb_dtype dtype, size_t rank, const intptr_t *dims, const bool *reduced,
                 const void *x, const intptr_t *strides, double correction, bool deviation,
                 void *variance, void *mean) {
  kb_variance_into(dtype, dtype, rank, dims, reduced, x, strides, correction, deviation, variance,
                   mean);
}

void kb_variance_into(kb_dtype dtype, kb_dtype out, size_t rank, const intptr_t *dims,
                      const bool *reduced, const void *x, const intptr_t *strides,
                      double correction, bool deviation, void *variance, void *mean) {
  job j = {.dtype = out, .correction = correction, .deviation = deviation,
           .variance = variance, .mean = mean};
  kb_plan_reduction(&j.plan, rank, dims, reduced, strides, false);
  const kb_compute type = kb_compute_of(dtype);
  if (type == KB_COMPUTE_COMPLEX) j.plan.columns = false;
  const size_t outputs = j.plan.outputs;
  if (outputs == 0) return;
  j.reader = kb_make_reader(&j.plan, x, dtype, type, KB_LOAD_VALUE);
  if (j.plan.length == 0) {
    const moments none = {0};
    for (size_t output = 0; output < outputs; output++) finish(&j, output, &none);
    return;
  }
  j.cut = kb_cut_reduction(&j.plan, COLUMN_TILE, KB_REDUCE_BLOCK, COLUMN_ROWS);
  const size_t bytes = j.cut.segments * outputs * sizeof(moments);
  if (j.cut.segments > 1) j.partials = kb_scratch(bytes);
  kb_parallel_for(j.cut.tiles * j.cut.segments, j.cut.grain, run_pieces, &j);
  if (!j.partials) return;
  for (size_t output = 0; output < outputs; output++) {
    moments total = j.partials[output];
    for (size_t s = 1; s < j.cut.segments; s++) merge(&total, &j.partials[s * outputs + output]);
    finish(&j, output, &total);
  }
  kb_scratch_free(j.partials, bytes);
}
