// Depthwise convolution of sixteen channels at once: their planes are turned to channels innermost,
// so that rows of any length fill the vectors.
#include "conv_lanewise.h"
#include "conv_sizes.h"

#include "conv_lanes.h"
#include "kb_alloc.h"
#include "kb_threads.h"

#pragma STDC FP_CONTRACT OFF

enum {
  LANES = KB_LANES,
  MOST_TAPS = 64,
  LEAST_GROUPS = 8,
  BAND_BYTES = 256 << 10, // staged pixels of a task
  DOT_PIXELS = 1024,      // summed in float, before they are added in double
  IMAGE_PARTS = 8,        // that the images of a weight gradient are cut into, at most
  WANTED_TASKS = 16,
};

bool kb_lanewise_serves(kb_dtype dtype, const kb_conv_gather *gather, intptr_t groups,
                        intptr_t channels, intptr_t rows) {
  const intptr_t taps = kb_conv_count(gather->kernel);
  return dtype == KB_FLOAT32 && channels == 1 && rows == 1 && groups >= LEAST_GROUPS && taps > 0 &&
         taps <= MOST_TAPS && gather->kernel[0] == 1 && gather->input[0] == 1 &&
         gather->output[0] == 1 && gather->padding[0] == 0;
}

// The input that `rows` outputs from `row` on read, all columns, joined with what the box holds.
typedef struct input_box {
  intptr_t first[2], last[2]; // row, column; inclusive
} input_box;

static void join_box(const kb_conv_gather *gather, intptr_t row, intptr_t rows, input_box *box) {
  const intptr_t first[2] = {row * gather->stride[1] - gather->padding[1], -gather->padding[2]};
  const intptr_t count[2] = {rows, gather->output[2]};
  for (int d = 0; d < 2; d++) {
    box->first[d] = smaller(box->first[d], first[d]);
    box->last[d] = larger(box->last[d], first[d] + (count[d] - 1) * gather->stride[d + 1] +
                                            (gather->kernel[d + 1] - 1) * gather->dilation[d + 1]);
  }
}

static kb_lane_stage stage_of(const input_box *box, const intptr_t plane[3]) {
  return (kb_lane_stage){.height = plane[1],
                         .width = plane[2],
                         .first_row = box->first[0],
                         .first_column = box->first[1],
                         .rows = box->last[0] - box->first[0] + 1,
                         .columns = box->last[1] - box->first[1] + 1};
}

// What outputs from `row` on read of a stage.
static kb_lanewise_view view_of(const kb_conv_gather *gather, const kb_lane_stage *stage,
                                intptr_t row, intptr_t rows, int32_t *offsets) {
  const intptr_t y = row * gather->stride[1] - gather->padding[1] - stage->first_row;
  const intptr_t x = -gather->padding[2] - stage->first_column;
  const intptr_t width = gather->kernel[2], taps = kb_conv_count(gather->kernel);
  for (intptr_t t = 0; t < taps; t++)
    offsets[t] = (int32_t)((t / width * gather->dilation[1] * stage->columns +
                            t % width * gather->dilation[2]) * LANES);
  return (kb_lanewise_view){stage->pixels + (y * stage->columns + x) * LANES,
                            gather->stride[1] * stage->columns * LANES,
                            gather->stride[2] * LANES,
                            rows,
                            gather->output[2],
                            taps,
                            offsets};
}

typedef struct sum_job {
  const kb_conv_tiling *parts;
  intptr_t count, lane_groups, bands, band_rows; // rows of the target that a task writes
  const kb_lanewise_kernels *kernels;
  const kb_lane_kernels *lanes;
  float *weights; // [parts][lane groups][MOST_TAPS][16]
} sum_job;

// The outputs of a part that lie in rows first ..< last of the target.
static intptr_t rows_before(const kb_conv_tiling *part, intptr_t row) {
  if (row <= part->start[1]) return 0;
  return smaller(divided_up(row - part->start[1], part->step[1]), part->gather.output[1]);
}

static void sum_band(const sum_job *job, intptr_t task, float *pixels) {
  const kb_conv_tiling *all = job->parts;
  const intptr_t band = task % job->bands, lane_group = task / job->bands % job->lane_groups;
  const intptr_t image = task / (job->bands * job->lane_groups), channel = lane_group * LANES;
  const intptr_t width = all->target[2], first = band * job->band_rows;
  const intptr_t last = smaller(first + job->band_rows, all->target[1]);
  const intptr_t channels = smaller(LANES, all->groups - channel);
  const intptr_t plane = image * all->groups + channel;
  input_box box = {{INTPTR_MAX, INTPTR_MAX}, {INTPTR_MIN, INTPTR_MIN}};
  for (intptr_t i = 0; i < job->count; i++) {
    const intptr_t begin = rows_before(&all[i], first), end = rows_before(&all[i], last);
    if (end > begin && all[i].gather.output[2] > 0 && all[i].channels > 0)
      join_box(&all[i].gather, begin, end - begin, &box);
  }
  float bias[LANES] = {0};
  if (all->bias)
    memcpy(bias, (const float *)all->bias + channel, (size_t)channels * sizeof(float));
  void *memory = NULL;
  size_t bytes = 0;
  kb_lane_stage stage;
  if (box.first[0] <= box.last[0]) {
    stage = stage_of(&box, all->gather.input);
    bytes = kb_lane_stage_bytes(stage.rows, stage.columns, LANES);
    memory = kb_scratch(bytes);
    kb_lane_stage_plan(&stage, LANES, memory);
    const intptr_t size = stage.height * stage.width;
    kb_lane_stage_fill(job->lanes, &stage, (const float *)all->x + plane * size, size, channels, 0);
  }
  for (intptr_t i = 0; i < job->count; i++) {
    const kb_conv_tiling *part = &all[i];
    const intptr_t begin = rows_before(part, first), end = rows_before(part, last);
    float *to = pixels + ((part->start[1] + begin * part->step[1] - first) * width +
                          part->start[2]) * LANES;
    const intptr_t y_row = part->step[1] * width * LANES, y_step = part->step[2] * LANES;
    int32_t offsets[MOST_TAPS];
    kb_lanewise_view view = {.rows = end - begin, .columns = part->gather.output[2]};
    if (memory && part->channels > 0)
      view = view_of(&part->gather, &stage, begin, end - begin, offsets);
    job->kernels->sum(&view, job->weights + (i * job->lane_groups + lane_group) * MOST_TAPS * LANES,
                      bias, to, y_row, y_step);
  }
  if (memory) kb_scratch_free(memory, bytes);
  float *y = (float *)all->y + plane * all->target[1] * width + first * width;
  job->lanes->scatter(pixels, LANES, channels, (last - first) * width, y, all->target[1] * width);
}

static void sum_bands(void *context, size_t begin, size_t end) {
  const sum_job *job = context;
  const size_t bytes = (size_t)(job->band_rows * job->parts->target[2] * LANES) * sizeof(float);
  float *pixels = kb_scratch(bytes);
  for (size_t task = begin; task < end; task++) sum_band(job, (intptr_t)task, pixels);
  kb_scratch_free(pixels, bytes);
}

// Weights [groups][taps] as [lane groups][taps][16].
static void turn_weights(const float *w, intptr_t groups, intptr_t taps, float *to) {
  for (intptr_t group = 0; group < groups; group++) {
    float *lane = to + group / LANES * MOST_TAPS * LANES + group % LANES;
    for (intptr_t t = 0; t < taps; t++) lane[t * LANES] = w[group * taps + t];
  }
}

void kb_lanewise_run(const kb_conv_tiling *parts, intptr_t count) {
  sum_job job = {.parts = parts, .count = count};
  const intptr_t groups = parts->groups, height = parts->target[1], width = parts->target[2];
  if (parts->batch * height * width == 0) return;
  job.kernels = kb_lanewise_active();
  job.lanes = kb_lanes_active();
  job.lane_groups = divided_up(groups, LANES);
  const intptr_t row_bytes = larger(width * parts->step[2], parts->gather.input[2] + 1) *
                             parts->gather.stride[1] * LANES * (intptr_t)sizeof(float);
  job.bands = smaller(divided_up(height * row_bytes, BAND_BYTES), height);
  job.band_rows = divided_up(height, job.bands);
  job.bands = divided_up(height, job.band_rows);
  const size_t bytes = (size_t)(count * job.lane_groups * MOST_TAPS * LANES) * sizeof(float);
  job.weights = kb_scratch(bytes);
  memset(job.weights, 0, bytes);
  for (intptr_t i = 0; i < count; i++)
    turn_weights(parts[i].w, groups, parts[i].channels * kb_conv_count(parts[i].gather.kernel),
                 job.weights + i * job.lane_groups * MOST_TAPS * LANES);
  const intptr_t work = job.band_rows * width * LANES;
  kb_parallel_for((size_t)(parts->batch * job.lane_groups * job.bands),
                  (size_t)(work >= 8192 ? 1 : 8192 / work), sum_bands, &job);
  kb_scratch_free(job.weights, bytes);
}

typedef struct dot_job {
  const kb_conv_weight_job *conv;
  const kb_lanewise_kernels *kernels;
  const kb_lane_kernels *lanes;
  intptr_t lane_groups, image_parts, bands, band_rows, taps;
  double *sums; // [image_parts][lane_groups][taps][16]
} dot_job;

static void dot_band(const dot_job *job, intptr_t image, intptr_t lane_group, intptr_t band,
                     double *sums) {
  const kb_conv_weight_job *conv = job->conv;
  const kb_conv_gather *gather = &conv->gather;
  const intptr_t channel = lane_group * LANES, channels = smaller(LANES, conv->groups - channel);
  const intptr_t plane = image * conv->groups + channel, width = gather->output[2];
  const intptr_t first = band * job->band_rows;
  const intptr_t rows = smaller(job->band_rows, gather->output[1] - first);
  input_box box = {{INTPTR_MAX, INTPTR_MAX}, {INTPTR_MIN, INTPTR_MIN}};
  join_box(gather, first, rows, &box);
  kb_lane_stage x = stage_of(&box, gather->input);
  kb_lane_stage dy = {.height = gather->output[1], .width = width, .first_row = first,
                      .rows = rows, .columns = width};
  const size_t x_bytes = kb_lane_stage_bytes(x.rows, x.columns, LANES);
  const size_t dy_bytes = kb_lane_stage_bytes(rows, width, LANES);
  void *x_memory = kb_scratch(x_bytes), *dy_memory = kb_scratch(dy_bytes);
  kb_lane_stage_plan(&x, LANES, x_memory);
  kb_lane_stage_plan(&dy, LANES, dy_memory);
  const intptr_t x_size = x.height * x.width, dy_size = dy.height * width;
  kb_lane_stage_fill(job->lanes, &x, (const float *)conv->x + plane * x_size, x_size, channels, 0);
  kb_lane_stage_fill(job->lanes, &dy, (const float *)conv->dy + plane * dy_size, dy_size, channels, 0);
  int32_t offsets[MOST_TAPS];
  const intptr_t together = larger(DOT_PIXELS / width, 1);
  for (intptr_t row = 0; row < rows; row += together) {
    const kb_lanewise_view view =
        view_of(gather, &x, first + row, smaller(together, rows - row), offsets);
    job->kernels->dot(&view, dy.pixels + row * width * LANES, sums);
  }
  kb_scratch_free(dy_memory, dy_bytes);
  kb_scratch_free(x_memory, x_bytes);
}

static void dot_images(void *context, size_t begin, size_t end) {
  const dot_job *job = context;
  const intptr_t batch = job->conv->batch, count = job->taps * LANES;
  for (size_t task = begin; task < end; task++) {
    const intptr_t lane_group = (intptr_t)task % job->lane_groups;
    const intptr_t part = (intptr_t)task / job->lane_groups;
    double *sums = job->sums + (intptr_t)task * count;
    memset(sums, 0, (size_t)count * sizeof(double));
    const intptr_t last = (part + 1) * batch / job->image_parts;
    for (intptr_t image = part * batch / job->image_parts; image < last; image++)
      for (intptr_t band = 0; band < job->bands; band++)
        dot_band(job, image, lane_group, band, sums);
  }
}

void kb_lanewise_run_weight(const kb_conv_weight_job *conv) {
  dot_job job = {.conv = conv, .kernels = kb_lanewise_active(), .lanes = kb_lanes_active()};
  const kb_conv_gather *gather = &conv->gather;
  job.lane_groups = divided_up(conv->groups, LANES);
  job.taps = kb_conv_count(gather->kernel);
  job.image_parts = smaller(conv->batch, smaller(divided_up(WANTED_TASKS, job.lane_groups),
                                                 IMAGE_PARTS));
  const intptr_t height = gather->output[1];
  const intptr_t row_bytes = (gather->output[2] + gather->input[2] * gather->stride[1]) * LANES *
                             (intptr_t)sizeof(float);
  job.bands = smaller(divided_up(height * row_bytes, BAND_BYTES), height);
  job.band_rows = divided_up(height, job.bands);
  job.bands = divided_up(height, job.band_rows);
  const intptr_t count = job.lane_groups * job.taps * LANES;
  const size_t bytes = (size_t)(job.image_parts * count) * sizeof(double);
  job.sums = kb_scratch(bytes);
  kb_parallel_for((size_t)(job.image_parts * job.lane_groups), 1, dot_images, &job);
  float *dw = conv->dw;
  for (intptr_t group = 0; group < conv->groups; group++) {
    for (intptr_t t = 0; t < job.taps; t++) {
      const double *from = job.sums + (group / LANES * job.taps + t) * LANES + group % LANES;
      double sum = 0;
      for (intptr_t part = 0; part < job.image_parts; part++) sum += from[part * count];
      dw[group * job.taps + t] = (float)sum;
    }
  }
  kb_scratch_free(job.sums, bytes);
}
