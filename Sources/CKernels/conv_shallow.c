// Convolution of few channels: a part of the planes is staged in the first cache levels, then the
// products with it are summed for some output channels at a time. Gathering patches would take
// longer than multiplying them.
#include "conv_shallow.h"

#include <string.h>

#include "conv_part.h"
#include "kb_alloc.h"
#include "kb_threads.h"
#include "pool_rectified.h"

#pragma STDC FP_CONTRACT OFF

enum {
  // Taps of all channels: more than MOST_DEPTH only where a product would have few rows, or in volumes, of
  // whose patches there are many, if the vectors are filled well.
  MOST_DEPTH = 160,
  LIMIT_DEPTH = 640,
  FEW_ROWS = 16,
  // The weight gradient's sums, and its taps for more output channels. One tap has no patches to gather.
  MOST_SUMS = 2048,
  WEIGHT_ROWS = 32,
  MOST_WEIGHT_DEPTH = 32,
  LEAST_COLUMNS = 8,
  MOST_SEGMENTS = KB_CONV_PART / LEAST_COLUMNS + KB_CONV_PART_COLUMNS / 16,
  IMAGE_PARTS = 16, // that the images of a weight gradient are cut into
  SLICES = 4,       // of a part, which share the planes that they read
  POOLED_ROWS = 12, // output channels summed before they are pooled
};

bool kb_shallow_serves(kb_dtype dtype, const kb_conv_gather *gather, intptr_t channels,
                       intptr_t rows) {
  const intptr_t depth = channels * kb_conv_count(gather->kernel), columns = gather->output[2];
  const bool deep = gather->kernel[0] > 1 && divided_up(columns, 16) * 16 * 7 <= columns * 8;
  return dtype == KB_FLOAT32 && depth > 0 &&
         depth <= (rows < FEW_ROWS || deep ? LIMIT_DEPTH : MOST_DEPTH) && columns >= LEAST_COLUMNS;
}

bool kb_shallow_serves_weight(kb_dtype dtype, const kb_conv_gather *gather, intptr_t channels,
                              intptr_t rows) {
  const intptr_t taps = kb_conv_count(gather->kernel);
  const intptr_t depth = channels * taps;
  return kb_shallow_serves(dtype, gather, channels, rows) && taps > 1 && depth <= MOST_DEPTH &&
         (rows <= WEIGHT_ROWS ? depth * rows <= MOST_SUMS : depth <= MOST_WEIGHT_DEPTH);
}

typedef struct shallow_part {
  kb_shallow_part kernel;
  size_t offsets[LIMIT_DEPTH];
  kb_shallow_segment segments[MOST_SEGMENTS];
} shallow_part;

static void plan_part(const kb_conv_gather *gather, const plane_part *part, intptr_t channels,
                      const float *x, char *staged, shallow_part *to) {
  size_t slice_step;
  const size_t row_step = stage_part(gather, part, channels, x, staged, to->offsets, &slice_step);
  const intptr_t *output = gather->output;
  intptr_t count = 0;
  for (intptr_t slice = 0; slice < part->slices; slice++) {
    for (intptr_t row = 0; row < part->rows; row++) {
      for (intptr_t column = 0; column < part->columns; column += 16)
        to->segments[count++] = (kb_shallow_segment){
            (size_t)slice * slice_step + (size_t)row * row_step + (size_t)column * sizeof(float),
            ((part->z + slice) * output[1] + part->y + row) * output[2] + part->x + column,
            smaller(16, part->columns - column)};
    }
  }
  to->kernel = (kb_shallow_part){staged,
                                 to->offsets,
                                 channels * kb_conv_count(gather->kernel),
                                 channels * kb_conv_count(gather->kernel),
                                 count,
                                 kb_conv_count(output),
                                 to->segments};
}

typedef struct sum_job {
  const kb_conv_tiling *tiling;
  const kb_shallow_kernels *kernels;
  plane_cut cut;
  const kb_tail *tail; // what gets parts of y
} sum_job;

// Some rows of planes that hold no more than a part.
static size_t dense_bytes(const plane_cut *cut, intptr_t rows) {
  return (size_t)(rows * cut->rows * cut->gather->output[2]) * sizeof(float);
}

// Has the part's outputs lie in such planes.
static void make_dense(const plane_part *part, intptr_t width, shallow_part *planned) {
  planned->kernel.plane = part->rows * width;
  for (intptr_t i = 0; i < planned->kernel.segment_count; i++)
    planned->segments[i].to -= part->y * width;
}

// The sums of a part of planes plane ..< plane + rows, pooled while they are in the first cache level.
static void sum_pooled(const sum_job *job, const plane_part *part, intptr_t plane, const float *w,
                       const float *bias, shallow_part *planned, float *dense) {
  const kb_conv_tiling *tiling = job->tiling;
  const kb_rectified_kernels *rectified = kb_rectified_active();
  const intptr_t width = tiling->gather.output[2], height = tiling->gather.output[1];
  const intptr_t columns = smaller(part->columns, width / 2 * 2 - part->x) / 2;
  make_dense(part, width, planned);
  for (intptr_t first = 0; first < tiling->rows; first += POOLED_ROWS) {
    const intptr_t rows = smaller(POOLED_ROWS, tiling->rows - first);
    job->kernels->sum(&planned->kernel, rows, w + first * planned->kernel.depth,
                      bias ? bias + first : NULL, dense);
    for (intptr_t r = 0; r < rows; r++) {
      const float *from = dense + r * planned->kernel.plane + part->x;
      intptr_t to = ((plane + first + r) * (height / 2) + part->y / 2) * (width / 2) + part->x / 2;
      // Outputs follow one another if the part has whole rows.
      const intptr_t together = 2 * columns + 1 < width ? 1 : part->rows / 2;
      for (intptr_t y = 0; y < part->rows / 2; y += together)
        rectified->pool(together, columns, from + 2 * y * width, width,
                        (float *)tiling->y + to + y * (width / 2),
                        tiling->y_which + to + y * (width / 2));
    }
  }
}

// A part of the planes of a group, in one piece if it has whole rows or whole slices.
static void hand_over(const sum_job *job, const plane_part *part, intptr_t item) {
  const kb_conv_tiling *tiling = job->tiling;
  const intptr_t *output = tiling->gather.output;
  const intptr_t first = (part->z * output[1] + part->y) * output[2] + part->x;
  const intptr_t rows = part->slices * part->rows;
  const intptr_t together = part->columns == output[2] ? rows : 1;
  for (intptr_t row = 0; row < rows; row += together)
    job->tail->run(job->tail, (size_t)(item * tiling->rows), (size_t)tiling->rows,
                      (size_t)(first + row * output[2]), (size_t)(together * part->columns));
}

static void sum_parts(void *context, size_t begin, size_t end) {
  const sum_job *job = context;
  const kb_conv_tiling *tiling = job->tiling;
  const intptr_t input = kb_conv_count(tiling->gather.input);
  const intptr_t output = kb_conv_count(tiling->gather.output);
  const size_t sums = tiling->y_which ? dense_bytes(&job->cut, POOLED_ROWS) : 0;
  const size_t bytes = sizeof(shallow_part) + sums + job->cut.staged_bytes;
  shallow_part *planned = kb_scratch(bytes);
  float *dense = (float *)(planned + 1);
  for (intptr_t task = (intptr_t)begin; task < (intptr_t)end; task++) {
    const plane_part part = part_at(&job->cut, task % job->cut.parts);
    const intptr_t item = task / job->cut.parts, group = item % tiling->groups;
    plan_part(&tiling->gather, &part, tiling->channels,
              (const float *)tiling->x + item * tiling->channels * input, (char *)dense + sums,
              planned);
    const intptr_t depth = planned->kernel.depth, row = group * tiling->rows;
    const float *w = (const float *)tiling->w + row * depth;
    const float *bias = tiling->bias ? (const float *)tiling->bias + row : NULL;
    if (tiling->y_which)
      sum_pooled(job, &part, item * tiling->rows, w, bias, planned, dense);
    else
      job->kernels->sum(&planned->kernel, tiling->rows, w, bias,
                        (float *)tiling->y + item * tiling->rows * output);
    if (job->tail) hand_over(job, &part, item);
  }
  kb_scratch_free(planned, bytes);
}

void kb_shallow_run(const kb_conv_tiling *tiling) {
  const plane_cut cut =
      cut_plane(&tiling->gather, tiling->channels, SLICES, tiling->y_which ? 2 : 1);
  const sum_job job = {tiling, kb_shallow_active(), cut,
                       kb_tail_of_parts(tiling->tail, cut.parts == 1)};
  const intptr_t work = job.cut.rows * job.cut.columns * tiling->rows;
  kb_parallel_for((size_t)(tiling->batch * tiling->groups * job.cut.parts),
                  (size_t)(work >= 8192 ? 1 : 8192 / work), sum_parts, (void *)&job);
  kb_conv_finish(tiling, job.tail);
}

typedef struct weight_job {
  const kb_conv_weight_job *conv;
  const kb_shallow_kernels *kernels;
  plane_cut cut;
  intptr_t image_parts;
  float *sums; // [image_parts, groups, rows, depth, 16]
} weight_job;

// A part of the gradient of planes plane ..< plane + rows from their pooled one.
static void spread_part(const kb_conv_weight_job *conv, const plane_part *part, intptr_t plane,
                        shallow_part *planned, float *dense) {
  const kb_rectified_kernels *rectified = kb_rectified_active();
  const intptr_t width = conv->gather.output[2], height = conv->gather.output[1];
  const intptr_t columns = smaller(part->columns, width / 2 * 2 - part->x) / 2;
  make_dense(part, width, planned);
  const bool ragged = 2 * columns < part->columns;
  for (intptr_t r = 0; r < conv->rows; r++) {
    float *to = dense + r * planned->kernel.plane + part->x;
    intptr_t from = ((plane + r) * (height / 2) + part->y / 2) * (width / 2) + part->x / 2;
    const intptr_t together = 2 * columns + 1 < width ? 1 : part->rows / 2;
    for (intptr_t y = 0; y < part->rows / 2; y += together)
      rectified->spread(together, columns, (const float *)conv->dy + from + y * (width / 2),
                        conv->dy_which + from + y * (width / 2), to + 2 * y * width, width);
    for (intptr_t y = 0; ragged && y < part->rows; y++) to[y * width + 2 * columns] = 0;
    if (part->rows % 2)
      memset(to + (part->rows - 1) * width, 0, (size_t)part->columns * sizeof(float));
  }
}

static void dot_images(void *context, size_t begin, size_t end) {
  const weight_job *job = context;
  const kb_conv_weight_job *conv = job->conv;
  const kb_conv_gather *gather = &conv->gather;
  const intptr_t input = kb_conv_count(gather->input), output = kb_conv_count(gather->output);
  const intptr_t count = conv->rows * conv->channels * kb_conv_count(gather->kernel) * 16;
  const size_t gradients = conv->dy_which ? dense_bytes(&job->cut, conv->rows) : 0;
  const size_t bytes = sizeof(shallow_part) + gradients + job->cut.staged_bytes;
  shallow_part *planned = kb_scratch(bytes);
  float *dense = (float *)(planned + 1);
  for (intptr_t task = (intptr_t)begin; task < (intptr_t)end; task++) {
    const intptr_t group = task % conv->groups, images = task / conv->groups;
    float *sums = job->sums + task * count;
    memset(sums, 0, (size_t)count * sizeof(float));
    const intptr_t last = (images + 1) * conv->batch / job->image_parts;
    for (intptr_t image = images * conv->batch / job->image_parts; image < last; image++) {
      const intptr_t item = image * conv->groups + group;
      for (intptr_t i = 0; i < job->cut.parts; i++) {
        const plane_part part = part_at(&job->cut, i);
        plan_part(gather, &part, conv->channels, (const float *)conv->x + item * conv->channels * input,
                  (char *)dense + gradients, planned);
        if (conv->dy_which) {
          spread_part(conv, &part, item * conv->rows, planned, dense);
          job->kernels->dot(&planned->kernel, conv->rows, dense, sums);
          continue;
        }
        job->kernels->dot(&planned->kernel, conv->rows,
                          (const float *)conv->dy + item * conv->rows * output, sums);
      }
    }
  }
  kb_scratch_free(planned, bytes);
}

void kb_shallow_run_weight(const kb_conv_weight_job *conv) {
  const intptr_t count =
      conv->groups * conv->rows * conv->channels * kb_conv_count(conv->gather.kernel);
  weight_job job = {conv, kb_shallow_active(),
                    cut_plane(&conv->gather, conv->channels, SLICES, conv->dy_which ? 2 : 1),
                    smaller(IMAGE_PARTS, conv->batch), NULL};
  const size_t bytes = (size_t)(job.image_parts * count * 16) * sizeof(float);
  job.sums = kb_scratch(bytes);
  kb_parallel_for((size_t)(job.image_parts * conv->groups), 1, dot_images, &job);
  job.kernels->collect(job.image_parts, count, job.sums, conv->dw);
  kb_scratch_free(job.sums, bytes);
}
