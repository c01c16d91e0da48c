// Normalisation of rows (layer, group and RMS norm) and its gradients.
#include "kb_normalize.h"

#include <math.h>
#include <string.h>

#include "kb_alloc.h"
#include "kb_threads.h"
#include "normalize_internal.h"
#include "stream.h"

#pragma STDC FP_CONTRACT OFF

typedef struct job {
  kb_dtype dtype;
  kb_compute type;
  bool rms;
  size_t rows, columns, items, parameters; // parameters of one row
  kb_affine affine;
  const kb_fold_kernels *kernels;
  const char *x, *dy;
  const char *weight, *bias, *mean, *rstd; // in the compute type
  char *y, *mean_out, *rstd_out;
  double eps, share;   // share: 1 / columns
  bool streams;        // results
  size_t block_rows;   // rows of a block of the backward pass
  double *collected;   // [blocks][2][all parameters]: dweight, dbias; or NULL
} job;

static const void *line(const job *j, const char *array, size_t row, void *buffer) {
  return kb_line(j->dtype, j->type, array + row * j->columns * kb_dtype_size(j->dtype), j->columns,
                 buffer);
}

static double row_sum(const job *j, const void *x) {
  const size_t size = kb_compute_size(j->type);
  double sum = 0;
  for (size_t i = 0; i < j->columns; i += KB_REDUCE_BLOCK) {
    const size_t n = j->columns - i < KB_REDUCE_BLOCK ? j->columns - i : KB_REDUCE_BLOCK;
    double block;
    j->kernels->row[KB_FOLD_SUM](n, (const char *)x + i * size, &block);
    sum += kb_get(j->type, &block, 0);
  }
  return sum;
}

// From the mean of a row as its sum gives it, the mean and variance.
static void moments(const job *j, const void *x, double *mean, double *variance) {
  const size_t size = kb_compute_size(j->type);
  double shift[1], first = 0, second = 0, sums[2];
  kb_set(j->type, shift, 0, *mean);
  for (size_t i = 0; i < j->columns; i += KB_REDUCE_BLOCK) {
    const size_t some = j->columns - i < KB_REDUCE_BLOCK ? j->columns - i : KB_REDUCE_BLOCK;
    j->kernels->moments_row(some, (const char *)x + i * size, shift, sums);
    first += sums[0], second += sums[1];
  }
  first *= j->share, second *= j->share;
  if (j->rms) {
    *variance = second;
    return;
  }
  *mean = kb_get(j->type, shift, 0) + first;
  *variance = second - first * first;
  if (*variance < 0) *variance = 0;
}

static const char *parameters_at(const job *j, const char *array, size_t row) {
  if (!array) return NULL;
  return array + row % j->affine.rows_per_item * j->parameters * kb_compute_size(j->type);
}

static void normalize_line(const job *j, size_t row, const char *x, double mean, double rstd,
                           char *y) {
  const char *weight = parameters_at(j, j->weight, row), *bias = parameters_at(j, j->bias, row);
  if (j->affine.inner == 1 || (!weight && !bias)) {
    j->kernels->normalize_row(j->columns, x, mean, rstd, weight, bias, y);
    return;
  }
  const size_t bytes = j->affine.inner * kb_compute_size(j->type);
  for (size_t p = 0; p < j->parameters; p++) {
    const double scale = weight ? rstd * kb_get(j->type, weight, p) : rstd;
    j->kernels->scale_row(j->affine.inner, x + p * bytes, mean, scale,
                          bias ? kb_get(j->type, bias, p) : 0, y + p * bytes);
  }
}

// Takes a row of results to where it belongs, unless it was computed there.
static void finish_line(const job *j, kb_storer store, const char *result, char *y) {
  if (j->streams)
    kb_stream_row(y, result, j->columns * kb_dtype_size(j->dtype));
  else if (result != y)
    store(j->columns, result, y);
}

// A row's sum, moments, root and quotient wait for each other; those of other rows do not. So many rows take
// each step together, as long as they stay in the first level and do not come from memory.
enum { TOGETHER = 8, TOGETHER_BYTES = 16 << 10 };

static void forward_rows(const job *j, size_t first, size_t count, kb_storer store, char *buffer) {
  const size_t width = j->columns * kb_compute_size(j->type);
  const size_t row_bytes = j->columns * kb_dtype_size(j->dtype);
  const bool in_place = kb_is_native(j->dtype, j->type) && !j->streams;
  const void *x[TOGETHER];
  double mean[TOGETHER], variance[TOGETHER], rstd[TOGETHER];
  for (size_t i = 0; i < count; i++) {
    x[i] = line(j, j->x, first + i, buffer + i * width);
    mean[i] = j->rms ? 0 : row_sum(j, x[i]) * j->share;
  }
  for (size_t i = 0; i < count; i++) moments(j, x[i], &mean[i], &variance[i]);
  for (size_t i = 0; i < count; i++) rstd[i] = 1 / sqrt(variance[i] + j->eps);
  for (size_t i = 0; i < count; i++) {
    const size_t row = first + i;
    char *y = j->y + row * row_bytes, *result = in_place ? y : buffer + count * width;
    if (j->streams && row + count < j->rows) kb_fetch_row(j->x + (row + count) * row_bytes, row_bytes);
    normalize_line(j, row, x[i], mean[i], rstd[i], result);
    finish_line(j, store, result, y);
    if (j->mean_out) kb_set(j->type, j->mean_out, row, mean[i]);
    if (j->rstd_out) kb_set(j->type, j->rstd_out, row, rstd[i]);
  }
}

static void forward(void *context, size_t begin, size_t end) {
  const job *j = context;
  const size_t width = j->columns * kb_compute_size(j->type), fitting = TOGETHER_BYTES / (width + 1);
  const size_t together = fitting < 1 || j->streams ? 1 : fitting < TOGETHER ? fitting : TOGETHER;
  const size_t bytes = (together + 1) * width;
  const kb_storer store = kb_find_storer(j->type, j->dtype);
  char *buffer = kb_scratch(bytes);
  for (size_t row = begin; row < end; row += together)
    forward_rows(j, row, end - row < together ? end - row : together, store, buffer);
  kb_scratch_free(buffer, bytes);
  if (j->streams) kb_stream_fence();
}

static void prepare(job *j) {
  j->type = kb_compute_of(j->dtype);
  j->kernels = &kb_active_reduce()->folds[j->type];
  j->share = 1 / (double)j->columns;
  j->parameters = j->columns / j->affine.inner;
  j->items = j->parameters * j->affine.rows_per_item;
}

// Rows of halves are converted where they are stored.
static bool streams(const job *j, size_t inputs) {
  const size_t bytes = j->rows * j->columns * kb_dtype_size(j->dtype);
  return j->y && kb_is_native(j->dtype, j->type) && kb_streams(inputs * bytes, bytes);
}

void kb_normalize_rows(bool rms, kb_dtype dtype, size_t rows, size_t columns, kb_affine affine,
                       const void *x, const void *weight, const void *bias, double eps, void *y,
                       void *mean, void *rstd) {
  job j = {.dtype = dtype, .rms = rms, .rows = rows, .columns = columns, .affine = affine, .x = x,
           .y = y, .mean_out = rms ? NULL : mean, .rstd_out = rstd, .eps = eps};
  prepare(&j);
  j.streams = streams(&j, 1);
  j.weight = kb_widen_parameters(dtype, j.type, j.items, weight);
  j.bias = kb_widen_parameters(dtype, j.type, j.items, bias);
  kb_parallel_for(rows, 8192 / (columns + 1) + 1, forward, &j);
  kb_release_parameters(dtype, j.type, j.items, j.weight);
  kb_release_parameters(dtype, j.type, j.items, j.bias);
}

// Sums over one row for dx, and its share of dweight and dbias where these are sums over `inner`.
static void segment_sums(const job *j, size_t row, const char *dy, const char *x, double mean,
                         double rstd, double sums[2], double *collected) {
  const char *weight = parameters_at(j, j->weight, row);
  const size_t bytes = j->affine.inner * kb_compute_size(j->type);
  const size_t first = row % j->affine.rows_per_item * j->parameters;
  sums[0] = sums[1] = 0;
  for (size_t p = 0; p < j->parameters; p++) {
    double s[2];
    j->kernels->normalize_sums(j->affine.inner, dy + p * bytes, x + p * bytes, mean, rstd, NULL, s);
    const double w = weight ? kb_get(j->type, weight, p) : 1;
    sums[0] += w * s[0], sums[1] += w * s[1];
    if (!collected) continue;
    collected[first + p] += s[1];
    collected[j->items + first + p] += s[0];
  }
}

static void row_dx(const job *j, size_t row, const char *dy, const char *x, double mean,
                   double rstd, const double sums[2], char *dx) {
  const char *weight = parameters_at(j, j->weight, row);
  const double n = (double)j->columns, a = j->rms ? 0 : sums[0] / n, b = sums[1] / n;
  if (j->affine.inner == 1 || !weight) {
    j->kernels->normalize_dx(j->columns, dy, x, mean, rstd, weight, 1, rstd, a, b, dx);
    return;
  }
  const size_t bytes = j->affine.inner * kb_compute_size(j->type);
  for (size_t p = 0; p < j->parameters; p++)
    j->kernels->normalize_dx(j->affine.inner, dy + p * bytes, x + p * bytes, mean, rstd, NULL,
                             kb_get(j->type, weight, p), rstd, a, b, dx + p * bytes);
}

// Rows between two transfers of the parameters' sums into doubles, and of the smallest block.
enum { COLLECT_ROWS = 64, LEAST_BLOCK_ROWS = 32 };

static void backward_block(const job *j, size_t block, char *buffer, char *single) {
  const size_t size = kb_compute_size(j->type), width = j->columns * size;
  const size_t row_bytes = j->columns * kb_dtype_size(j->dtype);
  const kb_storer store = kb_find_storer(j->type, j->dtype);
  double *collected = j->collected ? j->collected + block * 2 * j->items : NULL;
  const size_t begin = block * j->block_rows;
  const size_t end = j->rows - begin < j->block_rows ? j->rows : begin + j->block_rows;
  const bool vectors = j->affine.inner == 1;
  if (collected) memset(collected, 0, 2 * j->items * sizeof(double));
  if (single) memset(single, 0, 2 * j->items * size);
  for (size_t row = begin; row < end; row++) {
    const char *x = line(j, j->x, row, buffer), *dy = line(j, j->dy, row, buffer + width);
    const double mean = j->rms ? 0 : kb_get(j->type, j->mean, row);
    const double rstd = kb_get(j->type, j->rstd, row);
    double sums[2] = {0, 0};
    if (!vectors)
      segment_sums(j, row, dy, x, mean, rstd, sums, collected);
    else if (j->y)
      j->kernels->normalize_sums(j->columns, dy, x, mean, rstd,
                                 parameters_at(j, j->weight, row), sums);
    if (single) {
      char *at = single + row % j->affine.rows_per_item * j->parameters * size;
      j->kernels->normalize_collect(j->columns, dy, x, mean, rstd, at, at + j->items * size);
      if ((row - begin) % COLLECT_ROWS == COLLECT_ROWS - 1)
        kb_move_sums(j->type, 2 * j->items, single, collected);
    }
    if (!j->y) continue;
    char *dx = j->y + row * row_bytes;
    char *result = kb_is_native(j->dtype, j->type) && !j->streams ? dx : buffer + 2 * width;
    row_dx(j, row, dy, x, mean, rstd, sums, result);
    finish_line(j, store, result, dx);
  }
  if (single) kb_move_sums(j->type, 2 * j->items, single, collected);
}

static void backward(void *context, size_t begin, size_t end) {
  const job *j = context;
  const size_t size = kb_compute_size(j->type), bytes = 3 * j->columns * size;
  const size_t single_bytes = 2 * j->items * size;
  char *buffer = kb_scratch(bytes);
  char *single = j->collected && j->affine.inner == 1 ? kb_scratch(single_bytes) : NULL;
  for (size_t block = begin; block < end; block++) backward_block(j, block, buffer, single);
  if (single) kb_scratch_free(single, single_bytes);
  kb_scratch_free(buffer, bytes);
  if (j->streams) kb_stream_fence();
}

void kb_normalize_rows_backward(bool rms, kb_dtype dtype, size_t rows, size_t columns,
                                kb_affine affine, const void *dy, const void *x, const void *mean,
                                const void *rstd, const void *weight, void *dx, void *dweight,
                                void *dbias) {
  job j = {.dtype = dtype, .rms = rms, .rows = rows, .columns = columns, .affine = affine, .x = x,
           .dy = dy, .mean = mean, .rstd = rstd, .y = dx};
  prepare(&j);
  const bool collects = dweight || dbias;
  // Beside sums of the parameters' gradients the stores are hidden.
  j.streams = !collects && streams(&j, 2);
  // 32 blocks; fewer when their partial sums would be larger than 32 MB, and when these would be most of the work.
  size_t blocks = j.items > 0 ? ((size_t)2 << 20) / j.items : 32;
  blocks = blocks > 32 ? 32 : blocks > 0 ? blocks : 1;
  if (!collects) blocks = rows / (8192 / (columns + 1) + 1) + 1;
  j.block_rows = rows > blocks ? (rows + blocks - 1) / blocks : 1;
  if (collects && j.block_rows < LEAST_BLOCK_ROWS) j.block_rows = LEAST_BLOCK_ROWS;
  blocks = rows > 0 ? (rows + j.block_rows - 1) / j.block_rows : 1; // one gives the zeros of no rows
  const size_t bytes = blocks * 2 * j.items * sizeof(double);
  if (collects) j.collected = kb_scratch(bytes);
  j.weight = kb_widen_parameters(dtype, j.type, j.items, weight);
  kb_parallel_for(blocks, 8192 / (j.block_rows * columns + 1) + 1, backward, &j);
  kb_release_parameters(dtype, j.type, j.items, j.weight);
  if (!collects) return;
  kb_sum_blocks(dtype, blocks, 2 * j.items, j.items, j.collected, dweight);
  kb_sum_blocks(dtype, blocks, 2 * j.items, j.items, j.collected + j.items, dbias);
  kb_scratch_free(j.collected, bytes);
}
