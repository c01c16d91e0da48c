// Normalisation by channel over [batch, channels, inner]. With inner = 1 rows of channels are
// vectors; otherwise each (batch, channel) has a run of `inner` elements.
#include "kb_normalize.h"

#include <math.h>
#include <string.h>

#include "kb_reduce.h"
#include "kb_threads.h"
#include "normalize_internal.h"
#include "normalize_planes.h"
#include "stream.h"

#pragma STDC FP_CONTRACT OFF

typedef struct job {
  kb_dtype dtype;
  kb_compute type;
  size_t batch, channels, inner;
  const kb_fold_kernels *kernels;
  bool rectifies;
  const char *x, *dy, *shortcut;       // shortcut: NULL, or added before y is rectified
  const char *mean, *rstd;             // [channels], compute type
  const char *scale, *shift;           // [channels], compute type
  const char *mean_share, *size_share; // Σdy / n and Σdy X / n, or zeros
  char *y;
  size_t block_rows;
  double *collected; // [blocks][2][channels]: dweight, dbias
} job;

// Rows of a task: whole rows of channels, or runs.
static size_t rows_of(const job *j) { return j->inner == 1 ? j->batch : j->batch * j->channels; }
static size_t width_of(const job *j) { return j->inner == 1 ? j->channels : j->inner; }

static void normalize_line(const job *j, size_t row, const void *x, void *y) {
  const size_t width = width_of(j), c = row % j->channels;
  if (j->inner == 1)
    j->kernels->channel_row(width, x, j->mean, j->scale, j->shift, y);
  else
    j->kernels->scale_row(width, x, kb_get(j->type, j->mean, c), kb_get(j->type, j->scale, c),
                          kb_get(j->type, j->shift, c), y);
}

// Of lines in the compute type: y = ReLU(y + shortcut), which may be NULL; and dy, or 0 where y <= 0, in the
// place of y.
#define LINES(T, type)                                                                             \
  static void type##_rectify(size_t n, const T *shortcut, T *y) {                                  \
    if (shortcut)                                                                                  \
      for (size_t i = 0; i < n; i++) y[i] += shortcut[i];                                          \
    for (size_t i = 0; i < n; i++) y[i] = y[i] <= 0 ? 0 : y[i];                                    \
  }                                                                                                \
  static void type##_mask(size_t n, const T *dy, T *y) {                                           \
    for (size_t i = 0; i < n; i++) y[i] = y[i] <= 0 ? 0 : dy[i];                                   \
  }
LINES(float, single)
LINES(double, real)

static void forward(void *context, size_t begin, size_t end) {
  const job *j = context;
  const size_t width = width_of(j), size = kb_dtype_size(j->dtype);
  const size_t line = width * kb_compute_size(j->type), bytes = 3 * line;
  const kb_storer store = kb_find_storer(j->type, j->dtype);
  char *buffer = kb_scratch(bytes);
  for (size_t row = begin; row < end; row++) {
    const size_t at = row * width * size;
    const void *x = kb_line(j->dtype, j->type, j->x + at, width, buffer), *shortcut = NULL;
    char *y = j->y + at, *result = kb_is_native(j->dtype, j->type) ? y : buffer + line;
    normalize_line(j, row, x, result);
    if (j->shortcut)
      shortcut = kb_line(j->dtype, j->type, j->shortcut + at, width, buffer + 2 * line);
    if (j->rectifies && j->type == KB_COMPUTE_FLOAT)
      single_rectify(width, shortcut, (float *)result);
    else if (j->rectifies)
      real_rectify(width, shortcut, (double *)result);
    if (result != y) store(width, result, y);
  }
  kb_scratch_free(buffer, bytes);
}

static size_t grain(const job *j) { return 16384 / (width_of(j) + 1) + 1; }

// Parameters of the channels as arrays of the compute type: rstd[c] · weight[c], bias[c] and others.
static char *channel_array(const job *j) {
  return kb_scratch(j->channels * kb_compute_size(j->type));
}

static void release(const job *j, const char *array) {
  kb_scratch_free((void *)(uintptr_t)array, j->channels * kb_compute_size(j->type));
}

static char *scales(const job *j, const void *weight) {
  char *scale = channel_array(j);
  const char *wide = kb_widen_parameters(j->dtype, j->type, j->channels, weight);
  for (size_t c = 0; c < j->channels; c++) {
    const double rstd = kb_get(j->type, j->rstd, c);
    kb_set(j->type, scale, c, wide ? rstd * kb_get(j->type, wide, c) : rstd);
  }
  kb_release_parameters(j->dtype, j->type, j->channels, wide);
  return scale;
}

static char *shifts(const job *j, const void *bias) {
  char *shift = channel_array(j);
  const char *wide = kb_widen_parameters(j->dtype, j->type, j->channels, bias);
  for (size_t c = 0; c < j->channels; c++)
    kb_set(j->type, shift, c, wide ? kb_get(j->type, wide, c) : 0);
  kb_release_parameters(j->dtype, j->type, j->channels, wide);
  return shift;
}

static job make_job(kb_dtype dtype, size_t batch, size_t channels, size_t inner, const void *x,
                    const void *mean, const void *rstd) {
  job j = {.dtype = dtype, .batch = batch, .channels = channels, .inner = inner, .x = x,
           .mean = mean, .rstd = rstd, .type = kb_compute_of(dtype)};
  j.kernels = &kb_active_reduce()->folds[j.type];
  return j;
}

// --- Float channels of several runs: a task owns channels, whose elements it reads again from cache.

enum { LEAST_CHANNELS = 8, LEAST_RUN = 8 };

typedef struct planes_job {
  kb_planes planes;
  size_t channels, group; // channels of a task
  const kb_planes_kernels *kernels;
  bool training, rectifies;
  double count;
  const float *x, *dy, *shortcut, *mean, *rstd, *scale, *shift;
  float *y, *dweight, *dbias, *variance;
} planes_job;

static bool takes_planes(const job *j) {
  return j->dtype == KB_FLOAT32 && j->channels >= LEAST_CHANNELS && j->inner >= LEAST_RUN;
}

static planes_job make_planes(const job *j) {
  const size_t bytes = j->batch * j->channels * j->inner * sizeof(float);
  const int streams = j->inner % 16 == 0 && (uintptr_t)j->y % 64 == 0 &&
                      kb_streams(j->dy || j->shortcut ? 2 * bytes : bytes, bytes);
  return (planes_job){.planes = {j->batch, j->inner, j->channels * j->inner, streams},
                      .channels = j->channels,
                      .kernels = kb_planes_active(),
                      .rectifies = j->rectifies,
                      .count = (double)j->batch * (double)j->inner,
                      .x = (const float *)j->x,
                      .dy = (const float *)j->dy,
                      .shortcut = (const float *)j->shortcut,
                      .mean = (const float *)j->mean,
                      .rstd = (const float *)j->rstd,
                      .scale = (const float *)j->scale,
                      .shift = (const float *)j->shift,
                      .y = (float *)j->y};
}

// A task takes the runs of its channels image after image: together they are long enough to be read as
// fast as memory goes, and what it reads again stays in the last cache level. Short runs fit the second.
enum { SHORT_RUN = 4 << 10, LONG_RUN = 512 << 10, LARGEST_AGAIN = 8 << 20, WANTED_TASKS = 8 };

static size_t channels_of_task(const planes_job *j, bool reads_again) {
  const size_t run = j->planes.inner * sizeof(float);
  if (run < SHORT_RUN) return 1;
  size_t group = LONG_RUN / run;
  const size_t all = 2 * run * j->planes.batch;
  if (reads_again && group * all > LARGEST_AGAIN) group = LARGEST_AGAIN / all;
  if (group > j->channels / WANTED_TASKS) group = j->channels / WANTED_TASKS;
  if (group <= 1) return 1;
  // Whether a channel's runs are summed one by one does not depend on the threads; how many channels go together may.
  const size_t share = j->channels / (2 * (size_t)kb_thread_count());
  return share >= group ? group : share > 2 ? share : 2;
}

static void run_planes(void (*body)(void *context, size_t begin, size_t end), planes_job *j,
                       bool reads_again) {
  j->group = channels_of_task(j, reads_again);
  kb_parallel_for((j->channels + j->group - 1) / j->group,
                  16384 / (j->planes.batch * j->planes.inner * j->group + 1) + 1, body, j);
}

// Runs a statement for all runs of channel c at once, or for each run, at `at`, of several in turn.
#define EACH_PART(planes_of_part, ...)                                                             \
  do {                                                                                             \
    kb_planes planes_of_part = j->planes;                                                          \
    const size_t parts = j->group > 1 ? j->planes.batch : 1;                                       \
    if (parts > 1) planes_of_part.batch = 1;                                                       \
    for (size_t part = 0; part < parts; part++) {                                                  \
      for (size_t c = first; c < last; c++) {                                                      \
        const size_t at = part * j->planes.stride + c * j->planes.inner;                           \
        __VA_ARGS__                                                                                \
      }                                                                                            \
    }                                                                                              \
  } while (0)

// Runs a statement for the channels first ..< last of each task.
#define EACH_TASK(...)                                                                             \
  for (size_t task = begin; task < end; task++) {                                                  \
    const size_t first = task * j->group;                                                          \
    const size_t last = first + j->group < j->channels ? first + j->group : j->channels;           \
    __VA_ARGS__                                                                                    \
  }

static void normalize_planes(void *context, size_t begin, size_t end) {
  const planes_job *j = context;
  EACH_TASK({
    EACH_PART(planes, {
      if (j->rectifies)
        j->kernels->rectify(&planes, j->x + at, j->mean[c], j->scale[c], j->shift[c],
                            j->shortcut ? j->shortcut + at : NULL, j->y + at);
      else
        j->kernels->normalize(&planes, j->x + at, j->mean[c], j->scale[c], j->shift[c], j->y + at);
    });
  })
  if (j->planes.streams) kb_stream_fence();
}

// Mean and variance from the distances to the mean of a channel's first run: their squares' sum has no
// more digits to lose than the variance between the runs.
static void find_statistics(void *context, size_t begin, size_t end) {
  const planes_job *j = context;
  double (*totals)[2] = kb_scratch(j->group * sizeof *totals);
  EACH_TASK({
    kb_planes run = j->planes;
    run.batch = 1;
    for (size_t c = first; c < last; c++) {
      double sums[2];
      j->kernels->moments(&run, j->x + c * j->planes.inner, 0, sums);
      const double mean = sums[0] / (double)run.inner;
      j->y[c] = isfinite(mean) ? (float)mean : 0;
      totals[c - first][0] = totals[c - first][1] = 0;
    }
    EACH_PART(planes, {
      double sums[2];
      j->kernels->moments(&planes, j->x + at, j->y[c], sums);
      totals[c - first][0] += sums[0], totals[c - first][1] += sums[1];
    });
    for (size_t c = first; c < last; c++) {
      const double distance = totals[c - first][0] / j->count;
      const double variance = totals[c - first][1] / j->count - distance * distance;
      j->y[c] = (float)((double)j->y[c] + distance);
      j->variance[c] = (float)(variance < 0 ? 0 : variance);
    }
  })
  kb_scratch_free(totals, j->group * sizeof *totals);
}

static void differentiate_planes(void *context, size_t begin, size_t end) {
  const planes_job *j = context;
  double (*totals)[2] = kb_scratch(j->group * sizeof *totals);
  EACH_TASK({
    memset(totals, 0, j->group * sizeof *totals);
    if (j->training || j->dweight || j->dbias) {
      EACH_PART(planes, {
        double sums[2];
        if (j->rectifies)
          j->kernels->rectified_sums(&planes, j->dy + at, j->x + at, j->mean[c], j->rstd[c],
                                     j->scale[c], j->shift[c], sums);
        else
          j->kernels->sums(&planes, j->dy + at, j->x + at, j->mean[c], j->rstd[c], sums);
        totals[c - first][0] += sums[0], totals[c - first][1] += sums[1];
      });
    }
    for (size_t c = first; c < last; c++) {
      if (j->dweight) j->dweight[c] = (float)totals[c - first][1];
      if (j->dbias) j->dbias[c] = (float)totals[c - first][0];
    }
    if (j->y) {
      EACH_PART(planes, {
        const double *sums = totals[c - first];
        const float mean_share = j->training ? (float)(sums[0] / j->count) : 0;
        const float size_share = j->training ? (float)(sums[1] / j->count) : 0;
        if (j->rectifies)
          j->kernels->rectified_gradient(&planes, j->dy + at, j->x + at, j->mean[c], j->rstd[c],
                                         j->scale[c], j->shift[c], mean_share, size_share,
                                         j->y + at);
        else
          j->kernels->gradient(&planes, j->dy + at, j->x + at, j->mean[c], j->rstd[c], j->scale[c],
                               mean_share, size_share, j->y + at);
      });
    }
  })
  kb_scratch_free(totals, j->group * sizeof *totals);
  if (j->planes.streams) kb_stream_fence();
}

void kb_channel_statistics(kb_dtype dtype, size_t batch, size_t channels, size_t inner,
                           const void *x, void *mean, void *variance) {
  const job j = {.dtype = dtype, .batch = batch, .channels = channels, .inner = inner, .x = x};
  if (takes_planes(&j) && batch > 0) {
    planes_job planes = make_planes(&j);
    planes.y = mean, planes.variance = variance;
    run_planes(find_statistics, &planes, false);
    return;
  }
  const intptr_t dims[3] = {(intptr_t)batch, (intptr_t)channels, (intptr_t)inner};
  const bool reduced[3] = {true, false, true};
  const kb_dtype out = dtype == KB_FLOAT64 ? KB_FLOAT64 : KB_FLOAT32;
  kb_variance_into(dtype, out, 3, dims, reduced, x, NULL, 0, false, variance, mean);
}

static void normalize(job *j, const void *weight, const void *bias, void *y) {
  if (j->channels == 0) return;
  char *scale = scales(j, weight), *shift = shifts(j, bias);
  j->scale = scale, j->shift = shift, j->y = y;
  if (takes_planes(j)) {
    planes_job planes = make_planes(j);
    run_planes(normalize_planes, &planes, false);
  } else {
    kb_parallel_for(rows_of(j), grain(j), forward, j);
  }
  release(j, shift);
  release(j, scale);
}

void kb_channel_normalize(kb_dtype dtype, size_t batch, size_t channels, size_t inner,
                          const void *x, const void *mean, const void *rstd, const void *weight,
                          const void *bias, void *y) {
  job j = make_job(dtype, batch, channels, inner, x, mean, rstd);
  normalize(&j, weight, bias, y);
}

void kb_channel_rectify(kb_dtype dtype, size_t batch, size_t channels, size_t inner, const void *x,
                        const void *mean, const void *rstd, const void *weight, const void *bias,
                        const void *shortcut, void *y) {
  job j = make_job(dtype, batch, channels, inner, x, mean, rstd);
  j.rectifies = true, j.shortcut = shortcut;
  normalize(&j, weight, bias, y);
}

// The line of dy, zeros where ReLU made them; `buffer` has room for two.
static const void *gradient_line(const job *j, size_t row, const void *x, char *buffer) {
  const size_t width = width_of(j), at = row * width * kb_dtype_size(j->dtype);
  const void *dy = kb_line(j->dtype, j->type, j->dy + at, width, buffer);
  if (!j->rectifies) return dy;
  char *y = buffer + width * kb_compute_size(j->type);
  normalize_line(j, row, x, y);
  if (j->type == KB_COMPUTE_FLOAT)
    single_mask(width, dy, (float *)y);
  else
    real_mask(width, dy, (double *)y);
  return y;
}

// Rows between two transfers of the sums into doubles.
#define COLLECT_ROWS 64

static void collect(void *context, size_t begin, size_t end) {
  const job *j = context;
  const size_t width = width_of(j), size = kb_dtype_size(j->dtype);
  const size_t element = kb_compute_size(j->type);
  const size_t bytes = 3 * width * element, single_bytes = 2 * j->channels * element;
  char *buffer = kb_scratch(bytes), *single = kb_scratch(single_bytes);
  const size_t rows = rows_of(j);
  memset(single, 0, single_bytes);
  for (size_t block = begin; block < end; block++) {
    double *collected = j->collected + block * 2 * j->channels;
    memset(collected, 0, 2 * j->channels * sizeof(double));
    const size_t first = block * j->block_rows;
    const size_t last = rows - first < j->block_rows ? rows : first + j->block_rows;
    for (size_t row = first; row < last; row++) {
      const size_t at = row * width * size, c = row % j->channels;
      const void *x = kb_line(j->dtype, j->type, j->x + at, width, buffer);
      const void *dy = gradient_line(j, row, x, buffer + width * element);
      if (j->inner > 1) {
        double sums[2];
        j->kernels->normalize_sums(width, dy, x, kb_get(j->type, j->mean, c),
                                   kb_get(j->type, j->rstd, c), NULL, sums);
        collected[c] += sums[1], collected[j->channels + c] += sums[0];
        continue;
      }
      j->kernels->channel_collect(width, dy, x, j->mean, j->rstd, single,
                                  single + j->channels * element);
      if ((row - first) % COLLECT_ROWS == COLLECT_ROWS - 1)
        kb_move_sums(j->type, 2 * j->channels, single, collected);
    }
    if (j->inner == 1) kb_move_sums(j->type, 2 * j->channels, single, collected);
  }
  kb_scratch_free(single, single_bytes);
  kb_scratch_free(buffer, bytes);
}

static void backward(void *context, size_t begin, size_t end) {
  const job *j = context;
  const size_t width = width_of(j), size = kb_dtype_size(j->dtype);
  const size_t line = width * kb_compute_size(j->type), bytes = 4 * line;
  const kb_storer store = kb_find_storer(j->type, j->dtype);
  char *buffer = kb_scratch(bytes);
  for (size_t row = begin; row < end; row++) {
    const size_t at = row * width * size, c = row % j->channels;
    const void *x = kb_line(j->dtype, j->type, j->x + at, width, buffer);
    const void *dy = gradient_line(j, row, x, buffer + line);
    char *dx = j->y + at, *result = kb_is_native(j->dtype, j->type) ? dx : buffer + 3 * line;
    if (j->inner == 1)
      j->kernels->channel_dx(width, dy, x, j->mean, j->rstd, j->scale, j->mean_share, j->size_share,
                             result);
    else
      j->kernels->normalize_dx(width, dy, x, kb_get(j->type, j->mean, c),
                               kb_get(j->type, j->rstd, c), NULL, 1, kb_get(j->type, j->scale, c),
                               kb_get(j->type, j->mean_share, c), kb_get(j->type, j->size_share, c),
                               result);
    if (result != dx) store(width, result, dx);
  }
  kb_scratch_free(buffer, bytes);
}

static void differentiate(job *j, bool training, void *dweight, void *dbias) {
  if (takes_planes(j)) {
    planes_job planes = make_planes(j);
    planes.training = training, planes.dweight = dweight, planes.dbias = dbias;
    return run_planes(differentiate_planes, &planes, true);
  }
  const size_t channels = j->channels;
  char *mean_share = channel_array(j), *size_share = channel_array(j);
  for (size_t c = 0; c < channels; c++) {
    kb_set(j->type, mean_share, c, 0);
    kb_set(j->type, size_share, c, 0);
  }
  if (training || dweight || dbias) {
    const size_t rows = rows_of(j);
    // At most 32 blocks, and none of few elements.
    j->block_rows = rows > 32 ? (rows + 31) / 32 : 1;
    const size_t least_rows = 8192 / (width_of(j) + 1) + 1;
    if (j->block_rows < least_rows) j->block_rows = least_rows;
    const size_t blocks = rows > 0 ? (rows + j->block_rows - 1) / j->block_rows : 1;
    const size_t bytes = blocks * 2 * channels * sizeof(double);
    j->collected = kb_scratch(bytes);
    kb_parallel_for(blocks, 8192 / (j->block_rows * width_of(j) + 1) + 1, collect, j);
    kb_sum_blocks(j->dtype, blocks, 2 * channels, channels, j->collected, dweight);
    kb_sum_blocks(j->dtype, blocks, 2 * channels, channels, j->collected + channels, dbias);
    const double n = (double)j->batch * (double)j->inner;
    for (size_t c = 0; c < channels && training; c++) {
      kb_set(j->type, mean_share, c, j->collected[channels + c] / n);
      kb_set(j->type, size_share, c, j->collected[c] / n);
    }
    kb_scratch_free(j->collected, bytes);
  }
  if (j->y) {
    j->mean_share = mean_share, j->size_share = size_share;
    kb_parallel_for(rows_of(j), grain(j), backward, j);
  }
  release(j, size_share);
  release(j, mean_share);
}

void kb_channel_normalize_backward(bool training, kb_dtype dtype, size_t batch, size_t channels,
                                   size_t inner, const void *dy, const void *x, const void *mean,
                                   const void *rstd, const void *weight, void *dx, void *dweight,
                                   void *dbias) {
  if (channels == 0) return;
  job j = make_job(dtype, batch, channels, inner, x, mean, rstd);
  char *scale = scales(&j, weight);
  j.dy = dy, j.y = dx, j.scale = scale;
  differentiate(&j, training, dweight, dbias);
  release(&j, scale);
}

void kb_channel_rectify_backward(bool training, kb_dtype dtype, size_t batch, size_t channels,
                                 size_t inner, const void *dy, const void *x, const void *mean,
                                 const void *rstd, const void *weight, const void *bias, void *dx,
                                 void *dweight, void *dbias) {
  if (channels == 0) return;
  job j = make_job(dtype, batch, channels, inner, x, mean, rstd);
  char *scale = scales(&j, weight), *shift = shifts(&j, bias);
  j.dy = dy, j.y = dx, j.scale = scale, j.shift = shift, j.rectifies = true;
  differentiate(&j, training, dweight, dbias);
  release(&j, shift);
  release(&j, scale);
}
