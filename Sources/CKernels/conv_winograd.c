// Winograd's convolution: y = Aᵀ [ (G g Gᵀ) ⊙ (Bᵀ d B) ] A over 4 × 4 tiles of the output, the sums
// over channels being 36 matrix products. Errors are two to three times those of the direct
// product. In volumes the points of a plane are products with the weights of each tap of the depth, and
// planes are transformed once for all slices of a block that read them.
//
// The images have channels outermost; a block of tiles is turned to channels innermost and back
// within the first cache levels, so that all transforms are vectors of channels. A block stays in
// the second level from its input transform to its output.
#include "conv_winograd.h"

#include <stdlib.h>
#include <string.h>

#include "conv_winograd_tiles.h"
#include "kb_alloc.h"
#include "kb_conv.h"
#include "kb_threads.h"
#include "pool_rectified.h"

#pragma STDC FP_CONTRACT OFF

enum {
  BLOCK_TILES = 32,
  FEW_TILES = 96,    // of these, the work is cut by output channels
  DEPTH = 64,        // channels by taps of the depth whose weights are transformed together in that case
  LEAST_TILES = 8,
  LEAST_CHANNELS = 16,
  MOST_DEEP = 3,     // taps of the depth
  // Of volumes, whose points are transformed once for several taps: products of a point, and channels of
  // the weight gradient.
  LEAST_DEEP_PRODUCTS = 192,
  LEAST_WEIGHT_CHANNELS = 8,
};

// −1 until the environment was asked.
static _Atomic int precise_setting = -1;
static _Thread_local int precise_scopes;

void kb_conv_set_precise(bool on) { precise_setting = on; }
void kb_conv_enter_precise(void) { precise_scopes++; }
void kb_conv_leave_precise(void) { precise_scopes--; }

bool kb_conv_precise(void) {
  if (precise_setting < 0) {
    const char *text = getenv("KOBAI_PRECISE");
    precise_setting = text != NULL && strcmp(text, "") != 0 && strcmp(text, "0") != 0;
  }
  return precise_scopes > 0 || precise_setting > 0;
}

bool kb_winograd_serves(kb_dtype dtype, const kb_conv_gather *gather, intptr_t batch,
                        intptr_t channels, intptr_t rows) {
  const intptr_t products = channels * rows * gather->kernel[0];
  const bool many = gather->kernel[0] > 1 ? channels > 1 && products >= LEAST_DEEP_PRODUCTS
                                          : channels >= LEAST_CHANNELS && rows >= LEAST_CHANNELS;
  if (dtype != KB_FLOAT32 || kb_conv_precise() || !many) return false;
  if (gather->kernel[0] > MOST_DEEP || gather->stride[0] != 1 || !all_slices_read(gather)) return false;
  for (int d = 1; d < 3; d++) {
    if (gather->kernel[d] != 3 || gather->stride[d] != 1 || gather->dilation[d] != 1 ||
        gather->padding[d] < 0)
      return false;
  }
  // Ragged maps waste the gain, and few tiles do not repay the transform of the weights.
  const intptr_t height = divided_up(gather->output[1], 4), width = divided_up(gather->output[2], 4);
  return batch * gather->output[0] * height * width >= LEAST_TILES &&
         height * width * 16 * 5 <= gather->output[1] * gather->output[2] * 9;
}

bool kb_winograd_serves_weight(kb_dtype dtype, const kb_conv_gather *gather, intptr_t batch,
                               intptr_t channels, intptr_t rows) {
  return smaller(channels, rows) >= LEAST_WEIGHT_CHANNELS &&
         kb_winograd_serves(dtype, gather, batch, channels, rows);
}

typedef struct winograd_job {
  const kb_conv_tiling *tiling;
  const kb_winograd_kernels *kernels;
  const kb_lane_kernels *lanes;
  const kb_gemm_kernels *gemm;
  tile_grid grid;
  bool transposed;
  intptr_t panels, lane_groups; // of output channels, of input channels
  intptr_t tile_pitch, input_stride, product_stride;
  float *weights; // [groups, panels, POINTS, taps of the depth, channels, PANEL]
  float *inputs;  // few tiles: [blocks, groups][POINTS, tiles, channels]
  const kb_tail *tail; // what gets parts of y
} winograd_job;

static intptr_t panel_columns(const winograd_job *job, intptr_t panel) {
  return smaller(PANEL, lanes_up(job->tiling->rows - panel * PANEL));
}

static tile_block job_block(const winograd_job *job, intptr_t index) {
  return block_at(&job->tiling->gather, &job->grid, index);
}

// The points of sixteen input channels of a block: to[point][tile][channel].
static void transform_inputs(const winograd_job *job, const tile_block *block,
                             const kb_lane_stage *stage, intptr_t group, intptr_t lane_group,
                             float *to) {
  const kb_conv_tiling *tiling = job->tiling;
  const intptr_t channel = lane_group * LANES;
  const intptr_t channels = smaller(LANES, tiling->channels - channel);
  to += channel;
  for (intptr_t plane = block->planes.first; plane < block->planes.last; plane++) {
    for (intptr_t i = 0; i < block->images; i++) {
      const intptr_t index =
          ((block->image + i) * tiling->groups + group) * tiling->channels + channel;
      fill_stage(job->lanes, stage, tiling->x, tiling->x_which, index, tiling->gather.input[0], plane,
                 channels);
      transform_stage(stage, block, job->kernels->input, to, job->tile_pitch, job->input_stride);
      to += block->rows * block->columns * job->tile_pitch;
    }
  }
}

static kb_lane_stage input_stage(const winograd_job *job, const tile_block *block, void *memory) {
  const kb_conv_gather *gather = &job->tiling->gather;
  return make_stage(block, gather->input, gather->padding[1], gather->padding[2], 6, memory);
}

// The points of a panel's weights for `count` channels (a multiple of sixteen but for the last):
// to[point · stride + tap of the depth · tap_stride + channel · PANEL + output channel].
static void transform_weights(const winograd_job *job, intptr_t group, intptr_t panel,
                              intptr_t channel, intptr_t count, float *to, intptr_t stride,
                              intptr_t tap_stride) {
  const kb_conv_tiling *tiling = job->tiling;
  const intptr_t rows = tiling->rows, channels = tiling->channels;
  const intptr_t deep = tiling->gather.kernel[0], all = 9 * deep;
  const float *w = (const float *)tiling->w + group * rows * channels * all;
  // Sixteen channels of sixteen outputs, [channel][tap][output channel], and what is written beyond.
  enum { MOST = 9 * MOST_DEEP };
  float taps[LANES * MOST * LANES + 7 * LANES], rest[LANES * LANES * MOST + 7];
  for (intptr_t half = 0; half < panel_columns(job, panel); half += LANES) {
    const intptr_t row = panel * PANEL + half, valid = smaller(LANES, rows - row);
    for (intptr_t first = 0; first < count; first += LANES) {
      const intptr_t c = channel + first, some = smaller(LANES, count - first);
      if (job->transposed) {
        for (intptr_t i = 0; i < some; i++) {
          const float *from = w + ((c + i) * rows + row) * all;
          // Sixteen rows of nine taps, read in vectors that end in the next row, if there is one.
          if (valid < LANES || (c + i == channels - 1 && row + LANES == rows)) {
            memcpy(rest, from, (size_t)(valid * all) * sizeof(float));
            memset(rest + valid * all, 0, (size_t)((LANES - valid) * all + 7) * sizeof(float));
            from = rest;
          }
          for (intptr_t tap = 0; tap < all; tap += 9)
            job->lanes->transpose(from + tap, all, taps + (i * all + tap) * LANES);
        }
      } else {
        const float *from = w + (row * channels + c) * all;
        intptr_t row_stride = channels * all;
        if (valid < LANES || some < LANES) {
          memset(rest, 0, (size_t)(LANES * LANES * all) * sizeof(float));
          for (intptr_t r = 0; r < valid; r++)
            memcpy(rest + r * LANES * all, from + r * row_stride,
                   (size_t)(some * all) * sizeof(float));
          from = rest;
          row_stride = LANES * all;
        }
        for (intptr_t i = 0; i < all; i++)
          job->lanes->transpose(from + i * LANES, row_stride, taps + i * LANES * LANES);
      }
      for (intptr_t i = 0; i < some; i++) {
        for (intptr_t tap = 0; tap < deep; tap++) {
          const float *own = taps + (i * deep + tap) * 9 * LANES;
          float *points = to + (first + i) * PANEL + half;
          if (job->transposed)
            job->kernels->weight(own + 8 * LANES, -LANES, points + (deep - 1 - tap) * tap_stride,
                                 stride);
          else
            job->kernels->weight(own, LANES, points + tap * tap_stride, stride);
        }
      }
    }
  }
}

static void run_weights(void *context, size_t begin, size_t end) {
  const winograd_job *job = context;
  const intptr_t channels = job->tiling->channels, depth = channels * job->tiling->gather.kernel[0];
  for (size_t task = begin; task < end; task++) {
    const intptr_t lane_group = (intptr_t)task % job->lane_groups;
    const intptr_t panel = (intptr_t)task / job->lane_groups, channel = lane_group * LANES;
    transform_weights(job, panel / job->panels, panel % job->panels, channel,
                      smaller(LANES, channels - channel),
                      job->weights + (panel * POINTS * depth + channel) * PANEL, depth * PANEL,
                      channels * PANEL);
  }
}

// Slices of a block that read planes inside of the input through a tap of the depth.
typedef struct depth_run {
  intptr_t tap, tiles;
  intptr_t slice, plane; // the first, counted from the block's
  bool adds;             // a tap before has written the slices
} depth_run;

typedef struct depth_runs {
  depth_run all[2 * MOST_DEEP];
  int count;
} depth_runs;

// Tap by tap, but for planes in the padding. `add`: the slices have been written.
static depth_runs runs_of(const winograd_job *job, const tile_block *block, bool add) {
  const kb_conv_gather *gather = &job->tiling->gather;
  const intptr_t end = block->slice + block->slices;
  depth_runs runs = {.count = 0};
  intptr_t known = end; // the first slice that a tap before has written
  for (intptr_t tap = 0; tap < gather->kernel[0]; tap++) {
    const conv_range inside = outputs_inside(gather, 0, tap, block->slice, end);
    const intptr_t middle = add ? inside.first : smaller(larger(known, inside.first), inside.last);
    const intptr_t bounds[3] = {inside.first, middle, inside.last};
    for (int part = 0; part < 2; part++) {
      const intptr_t slice = bounds[part], tiles = (bounds[part + 1] - slice) * block->area;
      if (tiles > 0)
        runs.all[runs.count++] = (depth_run){tap, tiles, slice - block->slice,
                                             slice + tap_place(gather, 0, tap) - block->planes.first,
                                             part == 1};
    }
    known = smaller(known, inside.first);
  }
  return runs;
}

// The products of a point of a block with a panel's weights for `count` channels.
static void multiply_point(const winograd_job *job, const tile_block *block, const depth_runs *runs,
                           intptr_t columns, intptr_t count, const float *input, const float *weights,
                           intptr_t tap_stride, float *product) {
  for (int i = 0; i < runs->count; i++) {
    const depth_run *run = &runs->all[i];
    kb_multiply_panel(job->gemm, run->tiles, columns, count,
                      input + run->plane * block->area * job->tile_pitch, job->tile_pitch, 1,
                      weights + run->tap * tap_stride, PANEL, product + run->slice * block->area * PANEL,
                      PANEL, run->adds);
  }
}

// Some lines of a slice of sixteen channels to their planes, pooled in place if they are to be.
static void write_pixels(const winograd_job *job, const tile_block *block, intptr_t channel,
                         intptr_t slice, intptr_t channels, float *pixels) {
  const kb_conv_tiling *tiling = job->tiling;
  intptr_t height = tiling->gather.output[1], width = tiling->gather.output[2];
  intptr_t top = 4 * block->row, left = 4 * block->column;
  intptr_t lines = smaller(4 * block->rows, height - top);
  intptr_t columns = smaller(4 * block->columns, width - left);
  int32_t *codes = (int32_t *)(pixels + lines * columns * LANES);
  if (tiling->y_which) {
    const kb_rectified_kernels *rectified = kb_rectified_active();
    const intptr_t pitch = columns * LANES;
    height /= 2, width /= 2, top /= 2, left /= 2, lines /= 2, columns /= 2;
    for (intptr_t line = 0; line < lines; line++) {
      const float *upper = pixels + 2 * line * pitch;
      rectified->pool_lanes(columns, upper, upper + pitch, pixels + line * columns * LANES,
                            codes + line * columns * LANES);
    }
  }
  const intptr_t joined = columns == width, run = joined ? lines * columns : columns;
  const intptr_t size = job->grid.depth * height * width;
  for (intptr_t i = 0; i < (joined ? 1 : lines); i++) {
    const intptr_t pixel = (slice * height + top + i) * width + left, to = channel * size + pixel;
    job->lanes->scatter(pixels + i * run * LANES, LANES, channels, run, (float *)tiling->y + to, size);
    if (tiling->y_which)
      job->lanes->scatter_bytes(codes + i * run * LANES, channels, run, tiling->y_which + to, size);
    if (job->tail)
      job->tail->run(job->tail, (size_t)channel, (size_t)channels, (size_t)pixel, (size_t)run);
  }
}

// The outputs of a panel of channels from its products [POINTS][tile][PANEL].
static void write_outputs(const winograd_job *job, const tile_block *block, intptr_t group,
                          intptr_t panel, const float *products, float *pixels) {
  const kb_conv_tiling *tiling = job->tiling;
  const intptr_t height = tiling->gather.output[1], width = tiling->gather.output[2];
  const intptr_t top = 4 * block->row, left = 4 * block->column;
  const intptr_t lines = smaller(4 * block->rows, height - top);
  const intptr_t columns = smaller(4 * block->columns, width - left);
  for (intptr_t half = 0; half < panel_columns(job, panel); half += LANES) {
    const intptr_t row = panel * PANEL + half, valid = smaller(LANES, tiling->rows - row);
    float bias[LANES] = {0};
    if (tiling->bias)
      memcpy(bias, (const float *)tiling->bias + group * tiling->rows + row,
             (size_t)valid * sizeof(float));
    const float *from = products + half;
    for (intptr_t i = 0; i < block->slices * block->images; i++) {
      for (intptr_t y = 0; y < block->rows; y++) {
        for (intptr_t x = 0; x < block->columns; x++, from += PANEL)
          job->kernels->output(from, job->product_stride, bias, smaller(4, lines - 4 * y),
                               smaller(4, columns - 4 * x),
                               pixels + (4 * y * columns + 4 * x) * LANES, columns * LANES);
      }
      const intptr_t image = block->image + i % block->images;
      write_pixels(job, block, (image * tiling->groups + group) * tiling->rows + row,
                   block->slice + i / block->images, valid, pixels);
    }
  }
}

// Of an image's part of a block, and a quarter more for where pooled ones come from.
static size_t pixel_floats(const winograd_job *job) {
  return (size_t)(20 * job->grid.rows * job->grid.columns * LANES);
}

// One task per block: inputs, products, outputs.
static void run_blocks(void *context, size_t begin, size_t end) {
  const winograd_job *job = context;
  const kb_conv_tiling *tiling = job->tiling;
  const intptr_t depth = tiling->gather.kernel[0] * tiling->channels;
  const size_t inputs = (size_t)(POINTS * job->input_stride);
  const size_t products = (size_t)(POINTS * job->product_stride);
  const size_t bytes = (inputs + products + pixel_floats(job)) * sizeof(float);
  const size_t staged = stage_bytes(&job->grid, 6);
  float *input = kb_scratch(bytes), *product = input + inputs, *pixels = product + products;
  void *memory = kb_scratch(staged);
  for (size_t task = begin; task < end; task++) {
    const intptr_t group = (intptr_t)task / job->grid.blocks;
    const tile_block block = job_block(job, (intptr_t)task % job->grid.blocks);
    const kb_lane_stage stage = input_stage(job, &block, memory);
    const depth_runs runs = runs_of(job, &block, false);
    for (intptr_t lane_group = 0; lane_group < job->lane_groups; lane_group++)
      transform_inputs(job, &block, &stage, group, lane_group, input);
    for (intptr_t panel = 0; panel < job->panels; panel++) {
      const float *weights = job->weights + (group * job->panels + panel) * POINTS * depth * PANEL;
      for (intptr_t point = 0; point < POINTS; point++)
        multiply_point(job, &block, &runs, panel_columns(job, panel), tiling->channels,
                       input + point * job->input_stride, weights + point * depth * PANEL,
                       tiling->channels * PANEL, product + point * job->product_stride);
      write_outputs(job, &block, group, panel, product, pixels);
    }
  }
  kb_scratch_free(memory, staged);
  kb_scratch_free(input, bytes);
}

// Of few tiles, first the inputs of all of them …
static void run_inputs(void *context, size_t begin, size_t end) {
  const winograd_job *job = context;
  const size_t staged = stage_bytes(&job->grid, 6);
  void *memory = kb_scratch(staged);
  for (size_t task = begin; task < end; task++) {
    const intptr_t item = (intptr_t)task / job->lane_groups;
    const tile_block block = job_block(job, item % job->grid.blocks);
    const kb_lane_stage stage = input_stage(job, &block, memory);
    transform_inputs(job, &block, &stage, item / job->grid.blocks,
                     (intptr_t)task % job->lane_groups, job->inputs + item * POINTS * job->input_stride);
  }
  kb_scratch_free(memory, staged);
}

// … then the products, a task for each panel of outputs, which transforms its own weights: written to
// memory they would take longer than the products.
static void run_panels(void *context, size_t begin, size_t end) {
  const winograd_job *job = context;
  const kb_conv_tiling *tiling = job->tiling;
  const intptr_t deep = tiling->gather.kernel[0];
  const intptr_t depth = smaller(lanes_up(DEPTH / deep), tiling->channels);
  const intptr_t stride = deep * depth * PANEL + SKEW;
  const size_t weights = (size_t)(POINTS * stride);
  const size_t products = (size_t)(POINTS * job->product_stride);
  const size_t bytes = (weights + products + pixel_floats(job)) * sizeof(float);
  float *weight = kb_scratch(bytes), *product = weight + weights, *pixels = product + products;
  for (size_t task = begin; task < end; task++) {
    const intptr_t panel = (intptr_t)task / job->grid.blocks;
    const intptr_t group = panel / job->panels, index = (intptr_t)task % job->grid.blocks;
    const tile_block block = job_block(job, index);
    const float *input =
        job->inputs + (group * job->grid.blocks + index) * POINTS * job->input_stride;
    for (intptr_t channel = 0; channel < tiling->channels; channel += depth) {
      const intptr_t count = smaller(depth, tiling->channels - channel);
      transform_weights(job, group, panel % job->panels, channel, count, weight, stride,
                        depth * PANEL);
      const depth_runs runs = runs_of(job, &block, channel > 0);
      for (intptr_t point = 0; point < POINTS; point++)
        multiply_point(job, &block, &runs, panel_columns(job, panel % job->panels), count,
                       input + point * job->input_stride + channel, weight + point * stride,
                       depth * PANEL, product + point * job->product_stride);
    }
    write_outputs(job, &block, group, panel % job->panels, product, pixels);
  }
  kb_scratch_free(weight, bytes);
}

void kb_winograd_run(const kb_conv_tiling *tiling, bool transposed) {
  winograd_job job = {.tiling = tiling, .kernels = kb_winograd_active(), .transposed = transposed};
  job.lanes = kb_lanes_active();
  job.gemm = kb_gemm_active(KB_GEMM_F32);
  job.panels = divided_up(tiling->rows, PANEL);
  job.lane_groups = divided_up(tiling->channels, LANES);
  job.grid = make_grid(&tiling->gather, tiling->batch, FEW_TILES);
  const intptr_t groups = tiling->groups;
  const bool few = job.grid.blocks == 1 && job.panels * groups >= 4;
  if (!few) job.grid = make_grid(&tiling->gather, tiling->batch, BLOCK_TILES);
  const bool whole = job.grid.depth == 1 && job.grid.rows == job.grid.height &&
                     job.grid.columns == job.grid.width;
  job.tail = kb_tail_of_parts(tiling->tail, whole);
  const intptr_t area = largest_area(&job.grid);
  job.tile_pitch = lanes_up(tiling->channels) + SKEW;
  job.input_stride = job.grid.planes * area * job.tile_pitch + SKEW;
  job.product_stride = job.grid.slices * area * PANEL + SKEW;
  if (few) {
    const size_t bytes = (size_t)(groups * POINTS * job.input_stride) * sizeof(float);
    job.inputs = kb_scratch(bytes);
    kb_parallel_for((size_t)(groups * job.lane_groups), 1, run_inputs, &job);
    kb_parallel_for((size_t)(groups * job.panels), 1, run_panels, &job);
    kb_scratch_free(job.inputs, bytes);
    kb_conv_finish(tiling, job.tail);
    return;
  }
  const size_t weights =
      (size_t)(groups * job.panels * POINTS * tiling->gather.kernel[0] * tiling->channels * PANEL);
  const size_t bytes = weights * sizeof(float);
  job.weights = kb_scratch(bytes);
  kb_parallel_for((size_t)(groups * job.panels * job.lane_groups), 1, run_weights, &job);
  kb_parallel_for((size_t)(groups * job.grid.blocks), 1, run_blocks, &job);
  kb_scratch_free(job.weights, bytes);
  kb_conv_finish(tiling, job.tail);
}
