// A convolution with ReLU and 2 × 2 max pooling. Winograd's and the shallow convolution pool what they
// have in the caches; for the others the result in between is written and read.
#include "kb_conv_pooled.h"

#include "conv_internal.h"
#include "conv_shallow.h"
#include "conv_tile.h"
#include "conv_weight.h"
#include "conv_winograd.h"
#include "kb_alloc.h"
#include "kb_pool.h"
#include "kb_threads.h"
#include "pool_rectified.h"

#pragma STDC FP_CONTRACT OFF

enum { IMAGE_PARTS = 16 };

typedef struct pool_job {
  const kb_rectified_kernels *kernels;
  intptr_t height, width; // of the larger planes
  const void *from;
  void *to;
  uint8_t *which;
} pool_job;

typedef struct bias_job {
  const kb_rectified_kernels *kernels;
  intptr_t batch, channels, plane, parts; // parts that the images are cut into
  const void *dy;
  const uint8_t *which;
  double *sums; // [parts, channels]
} bias_job;

static size_t plane_grain(intptr_t elements) {
  return elements >= 16384 || elements <= 0 ? 1 : (size_t)(16384 / elements);
}

#define T float
#define NAME(function) function##_float
#define POOL job->kernels->pool
#define SUM job->kernels->sum
#include "conv_pooled_planes.inc"

static inline bool wins(double x, double best) { return x > best || x != x; }

static void pool_doubles(intptr_t rows, intptr_t columns, const double *from, intptr_t pitch,
                         double *y, uint8_t *which) {
  for (intptr_t i = 0; i < rows * columns; i++) {
    const double *at = from + i / columns * 2 * pitch + i % columns * 2;
    const double window[4] = {at[0], at[1], at[pitch], at[pitch + 1]};
    int best = 0;
    for (int k = 1; k < 4; k++)
      if (wins(window[k], window[best])) best = k;
    const bool passes = wins(window[best], 0);
    y[i] = passes ? window[best] : 0;
    which[i] = (uint8_t)(passes ? best : KB_POOL_NONE);
  }
}

static double sum_doubles(intptr_t count, const double *dy, const uint8_t *which) {
  double sum = 0;
  for (intptr_t i = 0; i < count; i++) sum += which[i] < KB_POOL_NONE ? dy[i] : 0;
  return sum;
}

#define T double
#define NAME(function) function##_double
#define POOL pool_doubles
#define SUM sum_doubles
#include "conv_pooled_planes.inc"

// dz of the convolution's result from dy.
static void *spread(kb_dtype dtype, const kb_convolution *conv, const void *dy, const uint8_t *which) {
  const intptr_t *size = conv->window.output;
  const kb_window pairs = {.input = {1, size[1], size[2]}, .output = {1, size[1] / 2, size[2] / 2},
                           .kernel = {1, 2, 2}, .stride = {1, 2, 2}, .dilation = {1, 1, 1}};
  void *dz = kb_scratch(element_counts(conv).y * kb_dtype_size(dtype));
  kb_pool_spread(dtype, &pairs, (size_t)(conv->batch * conv->out_channels), dy, which, dz);
  return dz;
}

void kb_conv_pooled_forward(kb_dtype dtype, const kb_convolution *conv, const void *x,
                            const void *w, const void *bias, void *y, uint8_t *which) {
  kb_conv_tiling tiling = kb_conv_forward_tiling(dtype, conv, x, w, bias, y);
  tiling.y_which = which;
  if (kb_conv_pools_tiles(&tiling)) {
    kb_conv_run_tiles(&tiling);
    return;
  }
  const size_t bytes = element_counts(conv).y * kb_dtype_size(dtype);
  void *z = kb_scratch(bytes);
  kb_conv_forward(dtype, conv, x, w, bias, z, NULL);
  pool_job job = {kb_rectified_active(), conv->window.output[1], conv->window.output[2], z, y, which};
  kb_parallel_for((size_t)(conv->batch * conv->out_channels), plane_grain(job.height * job.width),
                  dtype == KB_FLOAT64 ? pool_planes_double : pool_planes_float, &job);
  kb_scratch_free(z, bytes);
}

void kb_conv_pooled_gradient(kb_dtype dtype, const kb_convolution *conv, const void *x,
                             const void *w, const void *dy, const uint8_t *which, void *dx,
                             void *dw, void *dbias) {
  const intptr_t height = conv->window.output[1], width = conv->window.output[2];
  const size_t bytes = element_counts(conv).y * kb_dtype_size(dtype);
  if (dbias) {
    const intptr_t parts = conv->batch < IMAGE_PARTS ? conv->batch : IMAGE_PARTS;
    bias_job job = {.kernels = kb_rectified_active(),
                    .batch = conv->batch,
                    .channels = conv->out_channels,
                    .plane = height / 2 * (width / 2),
                    .parts = parts < 1 ? 1 : parts,
                    .dy = dy,
                    .which = which};
    if (dtype == KB_FLOAT64)
      sum_all_double(&job, dbias);
    else
      sum_all_float(&job, dbias);
  }
  void *dz = NULL; // where it is needed
  if (dw) {
    kb_conv_weight_job job = kb_conv_gradient_job(dtype, conv, x, dy, dw);
    job.dy_which = which;
    if (!kb_conv_spreads_weight(&job)) {
      dz = spread(dtype, conv, dy, which);
      job.dy = dz, job.dy_which = NULL;
    }
    kb_conv_run_weight(&job);
  }
  if (dx && (dz || !kb_conv_spread_input_gradient(dtype, conv, dy, which, w, dx))) {
    if (!dz) dz = spread(dtype, conv, dy, which);
    kb_conv_input_gradient(dtype, conv, dz, w, NULL, dx, NULL);
  }
  if (dz) kb_scratch_free(dz, bytes);
}
