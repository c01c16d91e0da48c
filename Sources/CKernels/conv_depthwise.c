// Depthwise convolution: a part of a plane is staged in the first-level cache, then each filter's
// products with it are summed. A task takes parts of planes; for the weight gradient it owns a group,
// or with few groups a fixed number of its images, whose sums are added in order.
#include "conv_depthwise.h"

#include <string.h>

#include "conv_part.h"
#include "kb_alloc.h"
#include "kb_threads.h"

#pragma STDC FP_CONTRACT OFF

enum {
  MOST_ROWS = 4, // filters of a group: with more, a matrix product over patches is faster
  MOST_TAPS = 64,
  WANTED_TASKS = 8,
};

bool kb_depthwise_serves(kb_dtype dtype, const kb_conv_gather *gather, intptr_t channels,
                         intptr_t rows) {
  const intptr_t taps = kb_conv_count(gather->kernel);
  return dtype == KB_FLOAT32 && channels == 1 && taps > 0 && taps <= MOST_TAPS &&
         rows <= MOST_ROWS;
}

static kb_depthwise_rows stage_rows(const kb_conv_gather *gather, const plane_part *part,
                                    const float *channel, char *staged, size_t *offsets) {
  const size_t row_step = stage_part(gather, part, 1, channel, staged, offsets, NULL);
  return (kb_depthwise_rows){staged, row_step, part->rows, part->columns,
                             kb_conv_count(gather->kernel), offsets};
}

typedef struct sum_job {
  const kb_conv_tiling *tiling;
  const kb_depthwise_kernels *kernels;
  plane_cut cut;
} sum_job;

// Outputs that are not next to each other in the target are summed elsewhere first.
static void scatter_part(const kb_conv_tiling *tiling, const plane_part *part, const float *from,
                         float *plane) {
  const intptr_t *target = tiling->target, *start = tiling->start, *step = tiling->step;
  for (intptr_t r = 0; r < part->rows; r++) {
    const intptr_t row = (start[0] + part->z * step[0]) * target[1] + start[1] +
                         (part->y + r) * step[1];
    float *to = plane + row * target[2] + start[2] + part->x * step[2];
    for (intptr_t c = 0; c < part->columns; c++)
      to[c * step[2]] = from[r * part->columns + c];
  }
}

static void sum_part(const sum_job *job, intptr_t image, intptr_t group, const plane_part *part,
                     char *staged, float *apart) {
  const kb_conv_tiling *tiling = job->tiling;
  const kb_conv_gather *gather = &tiling->gather;
  const intptr_t channel = image * tiling->groups + group, plane = kb_conv_count(tiling->target);
  size_t offsets[MOST_TAPS];
  const kb_depthwise_rows rows =
      stage_rows(gather, part, (const float *)tiling->x + channel * kb_conv_count(gather->input),
                 staged, offsets);
  for (intptr_t filter = 0; filter < tiling->rows; filter++) {
    const intptr_t number = group * tiling->rows + filter;
    const float *w = (const float *)tiling->w + number * rows.taps;
    const float bias = tiling->bias ? ((const float *)tiling->bias)[number] : 0;
    float *y = (float *)tiling->y + (channel * tiling->rows + filter) * plane;
    if (apart) {
      job->kernels->sum(&rows, w, bias, apart, part->columns);
      scatter_part(tiling, part, apart, y);
      continue;
    }
    const intptr_t width = gather->output[2];
    job->kernels->sum(&rows, w, bias,
                      y + (part->z * gather->output[1] + part->y) * width + part->x, width);
  }
}

static void sum_parts(void *context, size_t begin, size_t end) {
  const sum_job *job = context;
  const kb_conv_tiling *tiling = job->tiling;
  const bool dense = tiling->step[0] == 1 && tiling->step[1] == 1 && tiling->step[2] == 1;
  const size_t apart_bytes = dense ? 0 : KB_CONV_PART * sizeof(float);
  const size_t bytes = job->cut.staged_bytes + apart_bytes;
  char *scratch = kb_scratch(bytes);
  for (intptr_t task = (intptr_t)begin; task < (intptr_t)end; task++) {
    const intptr_t channel = task / job->cut.parts;
    const plane_part part = part_at(&job->cut, task % job->cut.parts);
    sum_part(job, channel / tiling->groups, channel % tiling->groups, &part,
             scratch + apart_bytes, dense ? NULL : (float *)scratch);
  }
  kb_scratch_free(scratch, bytes);
}

void kb_depthwise_run(const kb_conv_tiling *tiling) {
  const sum_job job = {tiling, kb_depthwise_active(), cut_plane(&tiling->gather, 1, 1, 1)};
  const intptr_t work = job.cut.rows * job.cut.columns * tiling->rows;
  kb_parallel_for((size_t)(tiling->batch * tiling->groups * job.cut.parts),
                  (size_t)(work >= 8192 ? 1 : 8192 / work), sum_parts, (void *)&job);
}

typedef struct weight_job {
  const kb_conv_weight_job *conv;
  const kb_depthwise_kernels *kernels;
  plane_cut cut;
  intptr_t image_parts; // how many the images are cut into
  double *sums;         // [image_parts, groups, rows, taps]
} weight_job;

static void dot_images(void *context, size_t begin, size_t end) {
  const weight_job *job = context;
  const kb_conv_weight_job *conv = job->conv;
  const kb_conv_gather *gather = &conv->gather;
  const intptr_t taps = kb_conv_count(gather->kernel), width = gather->output[2];
  const intptr_t input = kb_conv_count(gather->input), output = kb_conv_count(gather->output);
  char *staged = kb_scratch(job->cut.staged_bytes);
  size_t offsets[MOST_TAPS];
  for (intptr_t task = (intptr_t)begin; task < (intptr_t)end; task++) {
    const intptr_t group = task % conv->groups, images = task / conv->groups;
    double *sums = job->sums + task * conv->rows * taps;
    memset(sums, 0, (size_t)(conv->rows * taps) * sizeof(double));
    const intptr_t last = (images + 1) * conv->batch / job->image_parts;
    for (intptr_t image = images * conv->batch / job->image_parts; image < last; image++) {
      const intptr_t channel = image * conv->groups + group;
      const float *dy = (const float *)conv->dy + channel * conv->rows * output;
      for (intptr_t i = 0; i < job->cut.parts; i++) {
        const plane_part part = part_at(&job->cut, i);
        const kb_depthwise_rows rows = stage_rows(
            gather, &part, (const float *)conv->x + channel * input, staged, offsets);
        const intptr_t first = (part.z * gather->output[1] + part.y) * width + part.x;
        for (intptr_t filter = 0; filter < conv->rows; filter++)
          job->kernels->dot(&rows, dy + filter * output + first, width, sums + filter * taps);
      }
    }
  }
  kb_scratch_free(staged, job->cut.staged_bytes);
}

void kb_depthwise_run_weight(const kb_conv_weight_job *conv) {
  const intptr_t count = conv->groups * conv->rows * kb_conv_count(conv->gather.kernel);
  weight_job job = {conv, kb_depthwise_active(), cut_plane(&conv->gather, 1, 1, 1), 1, NULL};
  if (conv->groups < WANTED_TASKS)
    job.image_parts = smaller(divided_up(WANTED_TASKS, conv->groups), conv->batch);
  const size_t bytes = (size_t)(job.image_parts * count) * sizeof(double);
  job.sums = kb_scratch(bytes);
  const intptr_t outputs = kb_conv_count(conv->gather.output) * conv->batch * conv->rows;
  const intptr_t work = divided_up(outputs, job.image_parts);
  kb_parallel_for((size_t)(job.image_parts * conv->groups),
                  (size_t)(work >= 8192 ? 1 : 8192 / work), dot_images, &job);
  float *dw = conv->dw;
  for (intptr_t i = 0; i < count; i++) {
    double sum = job.sums[i];
    for (intptr_t part = 1; part < job.image_parts; part++) sum += job.sums[part * count + i];
    dw[i] = (float)sum;
  }
  kb_scratch_free(job.sums, bytes);
}
