// Direct convolution: pixels of a block are turned to channels innermost in cache; each tap of a row
// of outputs is then a product of pixels, at a constant distance from each other, with the tap's
// weights. No patches are copied, whatever the stride, and what would read padding is not multiplied.
#include "conv_direct.h"

#include <string.h>

#include "conv_lanes.h"
#include "conv_slices.h"
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
  LEAST_DEEP_CHANNELS = 12, // of volumes, whose products skip much padding
  LEAST_COLUMNS = 4,
  WANTED_TASKS = 8,
};

bool kb_direct_serves(kb_dtype dtype, const kb_conv_gather *gather, intptr_t channels,
                      intptr_t rows) {
  const intptr_t taps = kb_conv_count(gather->kernel);
  const intptr_t least = gather->kernel[0] > 1 ? LEAST_DEEP_CHANNELS : LEAST_CHANNELS;
  return dtype == KB_FLOAT32 && channels >= least && rows >= least && taps > 1 &&
         taps <= KB_DIRECT_TAPS && gather->output[2] >= LEAST_COLUMNS;
}

typedef struct direct_job {
  const kb_direct_part *parts;
  intptr_t count, taps; // taps of the weights
  bool transposed;
  const float *w;
  const kb_lane_kernels *lanes;
  const kb_gemm_kernels *gemm;
  intptr_t panels, pitch;             // pitch: floats of a staged pixel
  intptr_t images, slices, band_rows; // of a block: images, or slices, or rows of the target
  intptr_t image_blocks, slabs, bands, panel_parts; // tasks share the panels of a block
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
  const size_t copied = (size_t)(LANES * taps + LANES) * sizeof(float);
  memset(copy, 0, copied);
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
    if (valid < LANES) memset(copy, 0, copied);
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

// How many slices (d = 0) or rows (d = 1) a part has before one of the target.
static intptr_t outputs_before(const kb_conv_tiling *part, int d, intptr_t place) {
  if (place <= part->start[d]) return 0;
  return smaller(divided_up(place - part->start[d], part->step[d]), part->gather.output[d]);
}

// Some rows of some slices of some images.
typedef struct direct_block {
  intptr_t image, images;
  conv_range slices, rows;
} direct_block;

static conv_range part_outputs(const kb_conv_tiling *part, int d, conv_range of) {
  return (conv_range){outputs_before(part, d, of.first), outputs_before(part, d, of.last)};
}

// The planes that the parts read for a block.
static conv_range planes_of(const direct_job *job, const direct_block *block) {
  conv_range all = {INTPTR_MAX, 0};
  for (intptr_t i = 0; i < job->count; i++) {
    const kb_conv_tiling *part = &job->parts[i].tiling;
    const conv_range slices = part_outputs(part, 0, block->slices);
    if (slices.last <= slices.first || part->gather.kernel[0] == 0) continue;
    const conv_range planes = planes_read(&part->gather, slices.first, slices.last);
    if (planes.last <= planes.first) continue;
    all = (conv_range){smaller(all.first, planes.first), larger(all.last, planes.last)};
  }
  return all.last == 0 ? (conv_range){0} : all;
}

// What all parts read of a plane for a block.
static kb_lane_stage stage_of(const direct_job *job, const direct_block *block) {
  const kb_conv_tiling *all = &job->parts->tiling;
  intptr_t first[2] = {INTPTR_MAX, INTPTR_MAX}, last[2] = {INTPTR_MIN, INTPTR_MIN};
  for (intptr_t i = 0; i < job->count; i++) {
    const kb_conv_tiling *part = &job->parts[i].tiling;
    const kb_conv_gather *gather = &part->gather;
    const conv_range rows = part_outputs(part, 1, block->rows);
    if (rows.last <= rows.first || gather->output[2] == 0 || kb_conv_count(gather->kernel) == 0)
      continue;
    const intptr_t start[2] = {rows.first * gather->stride[1] - gather->padding[1],
                               -gather->padding[2]};
    const intptr_t count[2] = {rows.last - rows.first, gather->output[2]};
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

// Outputs of a block in a slice, and in all slices of an image.
static intptr_t block_area(const direct_job *job, const direct_block *block) {
  return (block->rows.last - block->rows.first) * job->parts->tiling.target[2];
}

static intptr_t block_pixels(const direct_job *job, const direct_block *block) {
  return (block->slices.last - block->slices.first) * block_area(job, block);
}

// The staged planes of a block, `stride` floats apart, image by image.
typedef struct staged_planes {
  kb_lane_stage stage;
  conv_range planes;
  intptr_t stride;
  float *memory;
} staged_planes;

// Adds the products of a tap to the outputs of an image that do not read padding through it.
static void multiply_tap(const direct_job *job, const direct_block *block, const kb_conv_tiling *part,
                         intptr_t tap, const staged_planes *staged, intptr_t image,
                         intptr_t columns, const float *w, float *outputs) {
  const kb_conv_gather *gather = &part->gather;
  const kb_lane_stage *stage = &staged->stage;
  const intptr_t *kernel = gather->kernel, *stride = gather->stride, width = part->target[2];
  const intptr_t z = tap / (kernel[1] * kernel[2]), y = tap / kernel[2] % kernel[1];
  const conv_range own = part_outputs(part, 0, block->slices);
  const conv_range lines = part_outputs(part, 1, block->rows);
  const conv_range slices = outputs_inside(gather, 0, z, own.first, own.last);
  const conv_range rows = outputs_inside(gather, 1, y, lines.first, lines.last);
  const conv_range across = outputs_inside(gather, 2, tap % kernel[2], 0, gather->output[2]);
  const intptr_t count = across.last - across.first;
  const intptr_t x = across.first * stride[2] + tap_place(gather, 2, tap % kernel[2]);
  for (intptr_t slice = slices.first; slice < slices.last && count > 0; slice++) {
    const intptr_t planes = staged->planes.last - staged->planes.first;
    const intptr_t plane = slice * stride[0] + tap_place(gather, 0, z) - staged->planes.first;
    const float *from = staged->memory + (image * planes + plane) * staged->stride;
    const intptr_t slice_to = part->start[0] + slice * part->step[0] - block->slices.first;
    for (intptr_t row = rows.first; row < rows.last; row++) {
      const intptr_t line = row * stride[1] + tap_place(gather, 1, y) - stage->first_row;
      const intptr_t row_to = part->start[1] + row * part->step[1] - block->rows.first;
      const intptr_t to = slice_to * block_area(job, block) + row_to * width + part->start[2] +
                          across.first * part->step[2];
      kb_multiply_panel(job->gemm, count, columns, part->channels,
                        from + (line * stage->columns + x - stage->first_column) * job->pitch,
                        stride[2] * job->pitch, 1, w, PANEL, outputs + to * PANEL,
                        part->step[2] * PANEL, true);
    }
  }
}

// The outputs of a panel, [image][slice][pixel][PANEL].
static void multiply_panel(const direct_job *job, const direct_block *block, intptr_t group,
                           intptr_t panel, const staged_planes *staged, float *outputs) {
  const kb_conv_tiling *all = &job->parts->tiling;
  const intptr_t columns = smaller(PANEL, divided_up(all->rows - panel * PANEL, LANES) * LANES);
  const intptr_t pixels = block_pixels(job, block);
  float start[PANEL] = {0};
  if (all->bias)
    memcpy(start, (const float *)all->bias + group * all->rows + panel * PANEL,
           (size_t)smaller(PANEL, all->rows - panel * PANEL) * sizeof(float));
  for (intptr_t p = 0; p < block->images * pixels; p++)
    memcpy(outputs + p * PANEL, start, sizeof start);
  const float *weights =
      job->weights + (group * job->panels + panel) * job->taps * all->channels * PANEL;
  for (intptr_t i = 0; i < job->count; i++) {
    const kb_conv_tiling *part = &job->parts[i].tiling;
    for (intptr_t t = 0; t < kb_conv_count(part->gather.kernel); t++)
      for (intptr_t image = 0; image < block->images; image++)
        multiply_tap(job, block, part, t, staged, image, columns,
                     weights + job->parts[i].order[t] * all->channels * PANEL,
                     outputs + image * pixels * PANEL);
  }
}

static void write_panel(const direct_job *job, const direct_block *block, intptr_t group,
                        intptr_t panel, const float *outputs) {
  const kb_conv_tiling *all = &job->parts->tiling;
  const intptr_t width = all->target[2], volume = kb_conv_count(all->target);
  const intptr_t area = block_area(job, block);
  for (intptr_t half = 0; half < PANEL; half += LANES) {
    const intptr_t row = panel * PANEL + half;
    if (row >= all->rows) break;
    const float *from = outputs + half;
    for (intptr_t image = 0; image < block->images; image++) {
      const intptr_t index = ((block->image + image) * all->groups + group) * all->rows + row;
      const intptr_t rows = smaller(LANES, all->rows - row);
      for (intptr_t z = block->slices.first; z < block->slices.last; z++, from += area * PANEL) {
        const intptr_t first = (z * all->target[1] + block->rows.first) * width;
        job->lanes->scatter(from, PANEL, rows, area, (float *)all->y + index * volume + first, volume);
      }
      if (job->tail)
        job->tail->run(job->tail, (size_t)index, (size_t)rows,
                       (size_t)((block->slices.first * all->target[1] + block->rows.first) * width),
                       (size_t)block_pixels(job, block));
    }
  }
}

static void stage_planes(const direct_job *job, const direct_block *block, intptr_t group,
                         staged_planes *to) {
  const kb_conv_tiling *all = &job->parts->tiling;
  const intptr_t plane = to->stage.height * to->stage.width, depth = all->gather.input[0];
  float *memory = to->memory;
  for (intptr_t image = 0; image < block->images && to->stage.rows > 0; image++) {
    const float *x = (const float *)all->x +
                     ((block->image + image) * all->groups + group) * all->channels * depth * plane;
    for (intptr_t z = to->planes.first; z < to->planes.last; z++, memory += to->stride) {
      kb_lane_stage_plan(&to->stage, job->pitch, memory);
      for (intptr_t c = 0; c < all->channels; c += LANES)
        kb_lane_stage_fill(job->lanes, &to->stage, x + (c * depth + z) * plane, depth * plane,
                           smaller(LANES, all->channels - c), c);
    }
  }
}

static void run_blocks(void *context, size_t begin, size_t end) {
  const direct_job *job = context;
  const kb_conv_tiling *all = &job->parts->tiling;
  const size_t output_bytes =
      (size_t)(job->images * job->slices * job->band_rows * all->target[2] * PANEL) * sizeof(float);
  float *outputs = kb_scratch(output_bytes);
  for (intptr_t task = (intptr_t)begin; task < (intptr_t)end; task++) {
    const intptr_t part = task % job->panel_parts, item = task / job->panel_parts;
    const intptr_t slabs = item / job->bands, images = slabs / job->slabs;
    const intptr_t group = images / job->image_blocks;
    direct_block block = {.image = images % job->image_blocks * job->images};
    block.images = smaller(job->images, all->batch - block.image);
    block.slices.first = slabs % job->slabs * job->slices;
    block.slices.last = smaller(block.slices.first + job->slices, all->target[0]);
    block.rows.first = item % job->bands * job->band_rows;
    block.rows.last = smaller(block.rows.first + job->band_rows, all->target[1]);
    staged_planes staged = {.stage = stage_of(job, &block), .planes = planes_of(job, &block)};
    const size_t bytes = kb_lane_stage_bytes(staged.stage.rows, staged.stage.columns, job->pitch);
    staged.stride = (intptr_t)(divided_up((intptr_t)bytes, 64) * 16);
    const intptr_t planes = block.images * (staged.planes.last - staged.planes.first);
    const size_t staged_bytes = (size_t)(planes * staged.stride) * sizeof(float);
    staged.memory = kb_scratch(staged_bytes);
    stage_planes(job, &block, group, &staged);
    for (intptr_t panel = part * job->panels / job->panel_parts;
         panel < (part + 1) * job->panels / job->panel_parts; panel++) {
      multiply_panel(job, &block, group, panel, &staged, outputs);
      write_panel(job, &block, group, panel, outputs);
    }
    kb_scratch_free(staged.memory, staged_bytes);
  }
  kb_scratch_free(outputs, output_bytes);
}

void kb_direct_run(const kb_direct_part *parts, intptr_t count, const float *w, intptr_t taps,
                   bool transposed) {
  direct_job job = {.parts = parts, .count = count, .taps = taps, .transposed = transposed, .w = w};
  const kb_conv_tiling *all = &parts->tiling;
  const intptr_t plane = all->target[1] * all->target[2];
  const intptr_t volume = all->target[0] * plane;
  if (all->batch * volume == 0) return;
  job.lanes = kb_lanes_active();
  job.gemm = kb_gemm_active(KB_GEMM_F32);
  job.panels = divided_up(all->rows, PANEL);
  job.pitch = divided_up(all->channels, LANES) * LANES + SKEW;
  job.images = smaller(larger(BLOCK / volume, 1), all->batch);
  job.image_blocks = divided_up(all->batch, job.images);
  job.slices = smaller(larger(BLOCK / plane, 1), all->target[0]);
  job.slabs = divided_up(all->target[0], job.slices);
  job.slices = divided_up(all->target[0], job.slabs);
  job.slabs = divided_up(all->target[0], job.slices);
  job.band_rows = smaller(larger(BLOCK / all->target[2], 1), all->target[1]);
  job.bands = divided_up(all->target[1], job.band_rows);
  job.band_rows = divided_up(all->target[1], job.bands);
  job.bands = divided_up(all->target[1], job.band_rows);
  const intptr_t blocks = all->groups * job.image_blocks * job.slabs * job.bands;
  job.tail = job.slabs * job.bands == 1 ? all->tail : NULL;
  job.panel_parts = smaller(divided_up(WANTED_TASKS, blocks), job.panels);
  const size_t bytes =
      (size_t)(all->groups * job.panels * taps * all->channels * PANEL) * sizeof(float);
  job.weights = kb_scratch(bytes);
  kb_parallel_for((size_t)(all->groups * job.panels * divided_up(all->channels, LANES)),
                  (size_t)(1 + 16384 / (PANEL * LANES * taps)), run_weights, &job);
  kb_parallel_for((size_t)(blocks * job.panel_parts), 1, run_blocks, &job);
  kb_scratch_free(job.weights, bytes);
  kb_conv_finish(all, job.tail);
}
