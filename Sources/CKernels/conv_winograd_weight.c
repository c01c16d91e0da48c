// Winograd's weight gradient: dw = Gᵀ [ Σ over tiles (A dy Aᵀ) ⊙ (Bᵀ d B) ] G. Tiles are transformed
// some blocks at a time; the sums over them are 36 matrix products for each part of dw, accumulated
// in order.
#include "conv_winograd.h"
#include "conv_winograd_tiles.h"
#include "kb_alloc.h"
#include "kb_threads.h"

#pragma STDC FP_CONTRACT OFF

enum {
  BLOCK_TILES = 64,
  TOGETHER_BYTES = 10 << 20, // of points in memory at a time: they go through the last cache level
  PART = 2 * LANES,          // output channels and input channels of a task
};

typedef struct weight_job {
  const kb_conv_weight_job *conv;
  const kb_winograd_kernels *kernels;
  const kb_lane_kernels *lanes;
  const kb_gemm_kernels *gemm;
  tile_grid grid;
  intptr_t group, first, blocks; // of this round
  bool last;
  intptr_t input_groups, output_groups; // of sixteen channels
  intptr_t input_pitch, gradient_pitch, input_stride, gradient_stride;
  float *inputs, *gradients; // [POINTS, tiles, channels]
  intptr_t row_parts, channel_parts;
  float *sums; // several rounds: [parts][POINTS][PART][PART]
} weight_job;

enum { SUM_STRIDE = PART * PART + SKEW, SUM_FLOATS = POINTS * SUM_STRIDE };

// One task transforms sixteen channels of a block of x or of dy.
static void transform_planes(void *context, size_t begin, size_t end) {
  const weight_job *job = context;
  const kb_conv_weight_job *conv = job->conv;
  const kb_conv_gather *gather = &conv->gather;
  const size_t staged = stage_bytes(&job->grid, 6);
  void *memory = kb_alloc(staged);
  const intptr_t items = job->input_groups + job->output_groups;
  for (size_t task = begin; task < end; task++) {
    const intptr_t index = (intptr_t)task / items, item = (intptr_t)task % items;
    const tile_block block = block_at(&job->grid, job->first + index);
    const bool is_input = item < job->input_groups;
    const intptr_t channel = (is_input ? item : item - job->input_groups) * LANES;
    const intptr_t all = is_input ? conv->channels : conv->rows;
    const kb_lane_stage stage =
        is_input ? make_stage(&block, gather->input, gather->padding[1], gather->padding[2], 6, memory)
                 : make_stage(&block, gather->output, 0, 0, 4, memory);
    const intptr_t pitch = is_input ? job->input_pitch : job->gradient_pitch;
    const intptr_t tile = index * largest_block(&job->grid);
    float *to = (is_input ? job->inputs : job->gradients) + tile * pitch + channel;
    const float *planes = is_input ? conv->x : conv->dy;
    for (intptr_t i = 0; i < block.images; i++) {
      const intptr_t plane = ((block.image + i) * conv->groups + job->group) * all + channel;
      kb_lane_stage_fill(job->lanes, &stage, planes + plane * stage.height * stage.width,
                         smaller(LANES, all - channel), 0);
      transform_stage(&stage, &block, is_input ? job->kernels->input : job->kernels->gradient, to,
                      pitch, is_input ? job->input_stride : job->gradient_stride);
      to += block.rows * block.columns * pitch;
    }
    // A smaller block leaves tiles over, which add nothing.
    const intptr_t left = largest_block(&job->grid) - block.tiles;
    for (intptr_t point = 0; point < POINTS && left > 0; point++) {
      float *rest = to + point * (is_input ? job->input_stride : job->gradient_stride);
      for (intptr_t t = 0; t < left; t++) memset(rest + t * pitch, 0, LANES * sizeof(float));
    }
  }
  kb_free(memory, staged);
}

static void write_part(const weight_job *job, intptr_t row, intptr_t channel, const float *sums) {
  const kb_conv_weight_job *conv = job->conv;
  const intptr_t rows = smaller(PART, conv->rows - row);
  const intptr_t channels = smaller(PART, conv->channels - channel);
  float *dw = (float *)conv->dw + ((job->group * conv->rows + row) * conv->channels + channel) * 9;
  float taps[LANES * 9], joined[LANES * 9];
  for (intptr_t r = 0; r < rows; r++) {
    for (intptr_t c = 0; c < channels; c += LANES) {
      float *to = dw + (r * conv->channels + c) * 9;
      const bool whole = channels - c >= LANES;
      job->kernels->weight_gradient(sums + r * PART + c, SUM_STRIDE, taps);
      job->lanes->join_nines(taps, whole ? to : joined);
      if (!whole) memcpy(to, joined, (size_t)((channels - c) * 9) * sizeof(float));
    }
  }
}

static void sum_parts(void *context, size_t begin, size_t end) {
  const weight_job *job = context;
  const kb_conv_weight_job *conv = job->conv;
  float *own = job->sums ? NULL : kb_alloc(SUM_FLOATS * sizeof(float));
  for (size_t task = begin; task < end; task++) {
    // Consecutive tasks share their inputs.
    const intptr_t row = (intptr_t)task % job->row_parts * PART;
    const intptr_t channel = (intptr_t)task / job->row_parts * PART;
    float *sums = own ? own : job->sums + task * SUM_FLOATS;
    const intptr_t columns = smaller(PART, lanes_up(conv->channels - channel));
    for (intptr_t point = 0; point < POINTS; point++)
      multiply_panel(job->gemm, smaller(PART, conv->rows - row), columns,
                     job->blocks * largest_block(&job->grid),
                     job->gradients + point * job->gradient_stride + row, 1, job->gradient_pitch,
                     job->inputs + point * job->input_stride + channel, job->input_pitch,
                     sums + point * SUM_STRIDE, PART, job->first > 0);
    if (job->last) write_part(job, row, channel, sums);
  }
  if (own) kb_free(own, SUM_FLOATS * sizeof(float));
}

void kb_winograd_run_weight(const kb_conv_weight_job *conv) {
  weight_job job = {.conv = conv, .kernels = kb_winograd_active()};
  job.lanes = kb_lanes_active();
  job.gemm = kb_gemm_active(KB_GEMM_F32);
  job.grid = make_grid(&conv->gather, conv->batch, BLOCK_TILES);
  job.input_groups = divided_up(conv->channels, LANES);
  job.output_groups = divided_up(conv->rows, LANES);
  job.input_pitch = job.input_groups * LANES + SKEW;
  job.gradient_pitch = job.output_groups * LANES + SKEW;
  job.row_parts = divided_up(conv->rows, PART);
  job.channel_parts = divided_up(conv->channels, PART);
  const intptr_t block = largest_block(&job.grid);
  const intptr_t tile_bytes =
      POINTS * (job.input_pitch + job.gradient_pitch) * (intptr_t)sizeof(float);
  intptr_t together = TOGETHER_BYTES / (tile_bytes * block);
  if (together < 1) together = 1;
  const intptr_t rounds = divided_up(job.grid.blocks, together);
  together = divided_up(job.grid.blocks, rounds);
  job.input_stride = together * block * job.input_pitch + SKEW;
  job.gradient_stride = together * block * job.gradient_pitch + SKEW;
  const intptr_t parts = job.row_parts * job.channel_parts;
  const size_t inputs = (size_t)(POINTS * job.input_stride);
  const size_t gradients = (size_t)(POINTS * job.gradient_stride);
  const size_t sums = rounds > 1 ? (size_t)(parts * SUM_FLOATS) : 0;
  const size_t bytes = (inputs + gradients + sums) * sizeof(float);
  job.inputs = kb_alloc(bytes);
  job.gradients = job.inputs + inputs;
  if (sums) job.sums = job.gradients + gradients;
  for (job.group = 0; job.group < conv->groups; job.group++) {
    for (job.first = 0; job.first < job.grid.blocks; job.first += together) {
      job.blocks = smaller(together, job.grid.blocks - job.first);
      job.last = job.first + job.blocks == job.grid.blocks;
      kb_parallel_for((size_t)(job.blocks * (job.input_groups + job.output_groups)), 1,
                      transform_planes, &job);
      kb_parallel_for((size_t)parts, 1, sum_parts, &job);
    }
  }
  kb_free(job.inputs, bytes);
}
