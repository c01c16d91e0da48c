// Direct convolution: pixels of a block are turned to channels innermost in cache; each tap of a row
// of outputs is then a product of pixels, at a constant distance from each other, with the tap's
// weights. No patches are copied, whatever the stride.
#include "conv_direct.h"
#include "conv_sizes.h"

#include <string.h>

#include "conv_lanes.h"
#include "gemm.h"
#include "kb_alloc.h"
#include "kb_threads.h"

#pragma STDC FP_CONTRACT OFF

enum {
  LANES = KB_LANES,
  PANEL = 2 * LANES, // output channels multiplied together
  SKEW = 16,         // floats between pixels, which may all begin in one cache set
  BLOCK = 64,        // outputs of a task
  LEAST_CHANNELS = 16,
  LEAST_COLUMNS = 4,
  WANTED_TASKS = 8,
};

bool kb_direct_serves(kb_dtype dtype, const kb_conv_gather *gather, intptr_t channels,
                      intptr_t rows) {
  return dtype == KB_FLOAT32 && channels >= LEAST_CHANNELS && rows >= LEAST_CHANNELS &&
         gather->kernel[0] == 1 && gather->input[0] == 1 && gather->output[0] == 1 &&
         gather->padding[0] == 0 && gather->kernel[1] * gather->kernel[2] > 1 &&
         gather->kernel[1] * gather->kernel[2] <= KB_DIRECT_TAPS &&
         gather->output[2] >= LEAST_COLUMNS;
}

typedef struct direct_job {
  const kb_direct_part *parts;
  intptr_t count, taps; // taps of the weights
  bool transposed;
  const float *w;
  const kb_lane_kernels *lanes;
  const kb_gemm_kernels *gemm;
  intptr_t panels, pitch;             // pitch: floats of a staged pixel
  intptr_t images, bands, band_rows;  // of a block: images, or rows of the target
  intptr_t image_blocks, panel_parts; // tasks share the panels of a block
  float *weights;                     // [groups, panels, taps, channels, PANEL]
  const kb_tail *tail;                // what gets whole planes
} direct_job;

// The weights of sixteen channels for a panel: to[tap][channel][PANEL].
static void turn_weights(const direct_job *job, intptr_t group, intptr_t panel, intptr_t channel) {
  const kb_conv_tiling *all = &job->parts->tiling;
  const intptr_t channels = all->channels, rows = all->rows, taps = job->taps;
  const intptr_t some = smaller(LANES, channels - channel);
  const float *w = job->w + group * rows * channels * taps;
  // Sixteen rows that lie side by side, each of the taps of a channel or of all of them.
  float copy[LANES * KB_DIRECT_TAPS + LANES], turned[LANES * LANES];
  memset(copy, 0, sizeof copy);
  for (intptr_t half = 0; half < PANEL; half += LANES) {
    const intptr_t row = panel * PANEL + half, valid = smaller(LANES, larger(rows - row, 0));
    float *to = job->weights + (group * job->panels + panel) * taps * channels * PANEL + half;
    if (!job->transposed && valid == LANES && some == LANES) {
      const float *from = w + (row * channels + channel) * taps;
      for (intptr_t first = 0; first < LANES * taps; first += LANES) {
        job->lanes->transpose(from + first, channels * taps, turned);
        for (intptr_t i = first; i < first + LANES; i++)
          memcpy(to + (i % taps * channels + channel + i / taps) * PANEL,
                 turned + (i - first) * LANES, LANES * sizeof(float));
      }
      continue;
    }
    if (valid < LANES) memset(copy, 0, sizeof copy);
    for (intptr_t c = channel; c < channel + some; c++) {
      if (job->transposed)
        memcpy(copy, w + (c * rows + row) * taps, (size_t)(valid * taps) * sizeof(float));
      else
        for (intptr_t r = 0; r < valid; r++)
          memcpy(copy + r * taps, w + ((row + r) * channels + c) * taps,
                 (size_t)taps * sizeof(float));
      for (intptr_t first = 0; first < taps; first += LANES) {
        job->lanes->transpose(copy + first, taps, turned);
        for (intptr_t t = first; t < smaller(first + LANES, taps); t++)
          memcpy(to + (t * channels + c) * PANEL, turned + (t - first) * LANES,
                 LANES * sizeof(float));
      }
    }
  }
}

static void run_weights(void *context, size_t begin, size_t end) {
  const direct_job *job = context;
  const intptr_t lane_groups = divided_up(job->parts->tiling.channels, LANES);
  for (intptr_t task = (intptr_t)begin; task < (intptr_t)end; task++) {
    const intptr_t panel = task / lane_groups;
    turn_weights(job, panel / job->panels, panel % job->panels, task % lane_groups * LANES);
  }
}

// Outputs of a part in rows first ..< last of the target.
static intptr_t rows_before(const kb_conv_tiling *part, intptr_t row) {
  if (row <= part->start[1]) return 0;
  return smaller(divided_up(row - part->start[1], part->step[1]), part->gather.output[1]);
}

// Some rows of some images.
typedef struct direct_block {
  intptr_t image, images, first, last;
} direct_block;

// What all parts read of a plane for a block.
static kb_lane_stage stage_of(const direct_job *job, const direct_block *block) {
  const kb_conv_tiling *all = &job->parts->tiling;
  intptr_t first[2] = {INTPTR_MAX, INTPTR_MAX}, last[2] = {INTPTR_MIN, INTPTR_MIN};
  for (intptr_t i = 0; i < job->count; i++) {
    const kb_conv_tiling *part = &job->parts[i].tiling;
    const kb_conv_gather *gather = &part->gather;
    const intptr_t begin = rows_before(part, block->first), end = rows_before(part, block->last);
    if (end <= begin || gather->output[2] == 0 || kb_conv_count(gather->kernel) == 0) continue;
    const intptr_t start[2] = {begin * gather->stride[1] - gather->padding[1], -gather->padding[2]};
    const intptr_t count[2] = {end - begin, gather->output[2]};
    for (int d = 0; d < 2; d++) {
      first[d] = smaller(first[d], start[d]);
      last[d] = larger(last[d], start[d] + (count[d] - 1) * gather->stride[d + 1] +
                                    (gather->kernel[d + 1] - 1) * gather->dilation[d + 1]);
    }
  }
  if (first[0] > last[0]) return (kb_lane_stage){0};
  return (kb_lane_stage){.height = all->gather.input[1],
                         .width = all->gather.input[2],
                         .first_row = first[0],
                         .first_column = first[1],
                         .rows = last[0] - first[0] + 1,
                         .columns = last[1] - first[1] + 1};
}

// The outputs of a panel, [image][pixel][PANEL].
static void multiply_panel(const direct_job *job, const direct_block *block, intptr_t group,
                           intptr_t panel, const kb_lane_stage *stage, const float *staged,
                           intptr_t staged_stride, float *outputs) {
  const kb_conv_tiling *all = &job->parts->tiling;
  const intptr_t width = all->target[2], channels = all->channels;
  const intptr_t columns = smaller(PANEL, divided_up(all->rows - panel * PANEL, LANES) * LANES);
  const intptr_t pixels = (block->last - block->first) * width;
  float start[PANEL] = {0};
  if (all->bias)
    memcpy(start, (const float *)all->bias + group * all->rows + panel * PANEL,
           (size_t)smaller(PANEL, all->rows - panel * PANEL) * sizeof(float));
  for (intptr_t p = 0; p < block->images * pixels; p++)
    memcpy(outputs + p * PANEL, start, sizeof start);
  const float *weights =
      job->weights + (group * job->panels + panel) * job->taps * job->parts->tiling.channels * PANEL;
  for (intptr_t i = 0; i < job->count; i++) {
    const kb_conv_tiling *part = &job->parts[i].tiling;
    const kb_conv_gather *gather = &part->gather;
    const intptr_t begin = rows_before(part, block->first), end = rows_before(part, block->last);
    for (intptr_t t = 0; t < kb_conv_count(gather->kernel); t++) {
      const intptr_t y = t / gather->kernel[2] * gather->dilation[1] - gather->padding[1];
      const intptr_t x = t % gather->kernel[2] * gather->dilation[2] - gather->padding[2];
      const float *w = weights + job->parts[i].order[t] * channels * PANEL;
      for (intptr_t image = 0; image < block->images; image++) {
        for (intptr_t row = begin; row < end; row++) {
          const intptr_t from = (row * gather->stride[1] + y - stage->first_row) * stage->columns +
                                x - stage->first_column;
          const intptr_t to = (part->start[1] + row * part->step[1] - block->first) * width +
                              part->start[2];
          kb_multiply_panel(job->gemm, gather->output[2], columns, channels,
                            staged + image * staged_stride + from * job->pitch,
                            gather->stride[2] * job->pitch, 1, w, PANEL,
                            outputs + (image * pixels + to) * PANEL, part->step[2] * PANEL, true);
        }
      }
    }
  }
}

static void write_panel(const direct_job *job, const direct_block *block, intptr_t group,
                        intptr_t panel, const float *outputs) {
  const kb_conv_tiling *all = &job->parts->tiling;
  const intptr_t width = all->target[2], plane = all->target[1] * width;
  const intptr_t pixels = (block->last - block->first) * width;
  for (intptr_t half = 0; half < PANEL; half += LANES) {
    const intptr_t row = panel * PANEL + half;
    if (row >= all->rows) break;
    for (intptr_t image = 0; image < block->images; image++) {
      const intptr_t index = ((block->image + image) * all->groups + group) * all->rows + row;
      job->lanes->scatter(outputs + image * pixels * PANEL + half, PANEL,
                          smaller(LANES, all->rows - row), pixels,
                          (float *)all->y + index * plane + block->first * width, plane);
      if (job->tail)
        job->tail->run(job->tail, (size_t)index, (size_t)smaller(LANES, all->rows - row),
                       (size_t)(block->first * width), (size_t)pixels);
    }
  }
}

static void run_blocks(void *context, size_t begin, size_t end) {
  const direct_job *job = context;
  const kb_conv_tiling *all = &job->parts->tiling;
  const size_t output_bytes =
      (size_t)(job->images * job->band_rows * all->target[2] * PANEL) * sizeof(float);
  float *outputs = kb_alloc(output_bytes);
  for (intptr_t task = (intptr_t)begin; task < (intptr_t)end; task++) {
    const intptr_t part = task % job->panel_parts, item = task / job->panel_parts;
    const intptr_t band = item % job->bands, images = item / job->bands % job->image_blocks;
    const intptr_t group = item / (job->bands * job->image_blocks);
    direct_block block = {.image = images * job->images, .first = band * job->band_rows};
    block.images = smaller(job->images, all->batch - block.image);
    block.last = smaller(block.first + job->band_rows, all->target[1]);
    kb_lane_stage stage = stage_of(job, &block);
    const size_t bytes = kb_lane_stage_bytes(stage.rows, stage.columns, job->pitch);
    const intptr_t stride = (intptr_t)(divided_up((intptr_t)bytes, 64) * 16);
    float *memory = kb_alloc((size_t)(block.images * stride) * sizeof(float));
    for (intptr_t image = 0; image < block.images && stage.rows > 0; image++) {
      kb_lane_stage_plan(&stage, job->pitch, memory + image * stride);
      const intptr_t plane = stage.height * stage.width;
      const float *x = (const float *)all->x +
                       ((block.image + image) * all->groups + group) * all->channels * plane;
      for (intptr_t c = 0; c < all->channels; c += LANES)
        kb_lane_stage_fill(job->lanes, &stage, x + c * plane, smaller(LANES, all->channels - c), c);
    }
    for (intptr_t panel = part * job->panels / job->panel_parts;
         panel < (part + 1) * job->panels / job->panel_parts; panel++) {
      multiply_panel(job, &block, group, panel, &stage, memory, stride, outputs);
      write_panel(job, &block, group, panel, outputs);
    }
    kb_free(memory, (size_t)(block.images * stride) * sizeof(float));
  }
  kb_free(outputs, output_bytes);
}

void kb_direct_run(const kb_direct_part *parts, intptr_t count, const float *w, intptr_t taps,
                   bool transposed) {
  direct_job job = {.parts = parts, .count = count, .taps = taps, .transposed = transposed, .w = w};
  const kb_conv_tiling *all = &parts->tiling;
  const intptr_t plane = all->target[1] * all->target[2];
  if (all->batch * plane == 0) return;
  job.lanes = kb_lanes_active();
  job.gemm = kb_gemm_active(KB_GEMM_F32);
  job.panels = divided_up(all->rows, PANEL);
  job.pitch = divided_up(all->channels, LANES) * LANES + SKEW;
  job.images = smaller(larger(BLOCK / plane, 1), all->batch);
  job.image_blocks = divided_up(all->batch, job.images);
  job.band_rows = smaller(larger(BLOCK / all->target[2], 1), all->target[1]);
  job.bands = divided_up(all->target[1], job.band_rows);
  job.band_rows = divided_up(all->target[1], job.bands);
  job.bands = divided_up(all->target[1], job.band_rows);
  const intptr_t blocks = all->groups * job.image_blocks * job.bands;
  job.tail = job.bands == 1 ? all->tail : NULL;
  job.panel_parts = smaller(divided_up(WANTED_TASKS, blocks), job.panels);
  const size_t bytes =
      (size_t)(all->groups * job.panels * taps * all->channels * PANEL) * sizeof(float);
  job.weights = kb_alloc(bytes);
  kb_parallel_for((size_t)(all->groups * job.panels * divided_up(all->channels, LANES)),
                  (size_t)(1 + 16384 / (PANEL * LANES * taps)), run_weights, &job);
  kb_parallel_for((size_t)(blocks * job.panel_parts), 1, run_blocks, &job);
  kb_free(job.weights, bytes);
  kb_conv_finish(all, job.tail);
}
