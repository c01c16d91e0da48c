// Winograd's weight gradient: dw = Gᵀ [ Σ over tiles (A dy Aᵀ) ⊙ (Bᵀ d B) ] G, 36 matrix products for
// each tap of the depth.
//
// Of few channels, the blocks of tiles are cut into strips. A task sums up a strip: a block's points and
// the sums stay in the second cache level. Of many channels the sums are too large for that: the points
// of some blocks are written, then a task takes some of the sums over them.
#include "conv_winograd.h"
#include "conv_winograd_tiles.h"
#include "kb_alloc.h"
#include "kb_threads.h"

#pragma STDC FP_CONTRACT OFF

enum {
  BLOCK_TILES = 64,
  TOGETHER_BYTES = 5 << 20, // of points in memory at a time: they go through the last cache level
  PART = 2 * LANES,          // output channels and input channels of a task
  STRIPS = 8,
  STRIP_TILES = 32,          // of a block
  STRIP_SUMS = 640 << 10,    // bytes of sums that leave room for such a block
};

enum { SUM_STRIDE = PART * PART + SKEW, SUM_FLOATS = POINTS * SUM_STRIDE };

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
  intptr_t deep, row_parts, channel_parts; // deep: taps of the depth, each a part of its own
  float *sums; // several rounds: [parts][POINTS][PART][PART]; [strips] of that
  intptr_t strips;
} weight_job;

static tile_block job_block(const weight_job *job, intptr_t index) {
  return block_at(&job->conv->gather, &job->grid, index);
}

// Which sums a task adds to.
typedef struct weight_part {
  intptr_t row, channel, tap;
} weight_part;

static weight_part part_of(const weight_job *job, intptr_t part) {
  // Consecutive parts share their inputs.
  const intptr_t row = part / job->deep % job->row_parts;
  return (weight_part){row * PART, part / (job->deep * job->row_parts) * PART, part % job->deep};
}

static intptr_t parts_of(const weight_job *job) {
  return job->deep * job->row_parts * job->channel_parts;
}

// Tiles of x and of dy that a block has, at most.
static intptr_t input_tiles(const tile_grid *grid) { return grid->planes * largest_area(grid); }
static intptr_t gradient_tiles(const tile_grid *grid) { return grid->slices * largest_area(grid); }

// The points of sixteen channels of block `number` of x or of dy, which is block `index` of the points.
static void transform_item(const weight_job *job, intptr_t number, intptr_t item, intptr_t index,
                           float *inputs, float *gradients, void *memory) {
  const kb_conv_weight_job *conv = job->conv;
  const kb_conv_gather *gather = &conv->gather;
  const tile_block block = job_block(job, number);
  const bool is_input = item < job->input_groups;
  const intptr_t channel = (is_input ? item : item - job->input_groups) * LANES;
  const intptr_t all = is_input ? conv->channels : conv->rows;
  const kb_lane_stage stage =
      is_input ? make_stage(&block, gather->input, gather->padding[1], gather->padding[2], 6, memory)
               : make_stage(&block, gather->output, 0, 0, 4, memory);
  const intptr_t pitch = is_input ? job->input_pitch : job->gradient_pitch;
  const intptr_t stride = is_input ? job->input_stride : job->gradient_stride;
  const conv_range slices = {block.slice, block.slice + block.slices};
  const conv_range planes = is_input ? block.planes : slices;
  const intptr_t depth = is_input ? gather->input[0] : gather->output[0];
  float *to = is_input ? inputs + index * input_tiles(&job->grid) * pitch + channel
                       : gradients + index * gradient_tiles(&job->grid) * pitch + channel;
  for (intptr_t plane = planes.first; plane < planes.last; plane++) {
    for (intptr_t i = 0; i < block.images; i++) {
      fill_stage(job->lanes, &stage, is_input ? conv->x : conv->dy, is_input ? NULL : conv->dy_which,
                 ((block.image + i) * conv->groups + job->group) * all + channel, depth, plane,
                 smaller(LANES, all - channel));
      transform_stage(&stage, &block, is_input ? job->kernels->input : job->kernels->gradient, to,
                      pitch, stride);
      to += block.rows * block.columns * pitch;
    }
  }
  // A smaller block leaves tiles over, which add nothing where blocks are multiplied together.
  const intptr_t left = job->deep == 1 ? gradient_tiles(&job->grid) - block.tiles : 0;
  for (intptr_t point = 0; point < POINTS && left > 0; point++)
    for (intptr_t t = 0; t < left; t++)
      memset(to + point * stride + t * pitch, 0, LANES * sizeof(float));
}

// One task transforms sixteen channels of a block.
static void transform_planes(void *context, size_t begin, size_t end) {
  const weight_job *job = context;
  const size_t staged = stage_bytes(&job->grid, 6);
  void *memory = kb_scratch(staged);
  const intptr_t items = job->input_groups + job->output_groups;
  for (size_t task = begin; task < end; task++) {
    const intptr_t index = (intptr_t)task / items;
    transform_item(job, job->first + index, (intptr_t)task % items, index, job->inputs,
                   job->gradients, memory);
  }
  kb_scratch_free(memory, staged);
}

// Adds the products of some tiles to the sums of a part.
static void add_products(const weight_job *job, weight_part part, intptr_t tiles,
                         const float *inputs, const float *gradients, float *sums, bool add) {
  const intptr_t columns = smaller(PART, lanes_up(job->conv->channels - part.channel));
  for (intptr_t point = 0; point < POINTS; point++)
    kb_multiply_panel(job->gemm, smaller(PART, job->conv->rows - part.row), columns, tiles,
                      gradients + point * job->gradient_stride + part.row, 1, job->gradient_pitch,
                      inputs + point * job->input_stride + part.channel, job->input_pitch,
                      sums + point * SUM_STRIDE, PART, add);
}

// Those of a block's slices that read a plane through the part's tap.
static void add_block(const weight_job *job, weight_part part, intptr_t number, const float *inputs,
                      const float *gradients, float *sums, bool add) {
  const kb_conv_gather *gather = &job->conv->gather;
  const tile_block block = job_block(job, number);
  const conv_range inside =
      outputs_inside(gather, 0, part.tap, block.slice, block.slice + block.slices);
  const intptr_t tiles = (inside.last - inside.first) * block.area;
  if (tiles == 0) {
    if (!add) add_products(job, part, 0, inputs, gradients, sums, false);
    return;
  }
  const intptr_t plane = inside.first + tap_place(gather, 0, part.tap) - block.planes.first;
  add_products(job, part, tiles, inputs + plane * block.area * job->input_pitch,
               gradients + (inside.first - block.slice) * block.area * job->gradient_pitch, sums, add);
}

static void write_part(const weight_job *job, intptr_t index, const float *sums) {
  const kb_conv_weight_job *conv = job->conv;
  const weight_part part = part_of(job, index);
  const intptr_t rows = smaller(PART, conv->rows - part.row);
  const intptr_t channels = smaller(PART, conv->channels - part.channel), taps = 9 * job->deep;
  const intptr_t first = (job->group * conv->rows + part.row) * conv->channels + part.channel;
  float *dw = (float *)conv->dw + first * taps + part.tap * 9;
  float nines[LANES * 9], joined[LANES * 9];
  for (intptr_t r = 0; r < rows; r++) {
    for (intptr_t c = 0; c < channels; c += LANES) {
      float *to = dw + (r * conv->channels + c) * taps;
      const intptr_t some = smaller(LANES, channels - c);
      const bool whole = some == LANES && taps == 9;
      job->kernels->weight_gradient(sums + r * PART + c, SUM_STRIDE, nines);
      job->lanes->join_nines(nines, whole ? to : joined);
      for (intptr_t i = 0; i < some && !whole; i++)
        memcpy(to + i * taps, joined + i * 9, 9 * sizeof(float));
    }
  }
}

static void sum_parts(void *context, size_t begin, size_t end) {
  const weight_job *job = context;
  float *own = job->sums ? NULL : kb_scratch(SUM_FLOATS * sizeof(float));
  for (size_t task = begin; task < end; task++) {
    float *sums = own ? own : job->sums + task * SUM_FLOATS;
    const weight_part part = part_of(job, (intptr_t)task);
    if (job->deep == 1)
      add_products(job, part, job->blocks * gradient_tiles(&job->grid), job->inputs, job->gradients,
                   sums, job->first > 0);
    for (intptr_t block = 0; block < job->blocks && job->deep > 1; block++)
      add_block(job, part, job->first + block,
                job->inputs + block * input_tiles(&job->grid) * job->input_pitch,
                job->gradients + block * gradient_tiles(&job->grid) * job->gradient_pitch, sums,
                job->first > 0 || block > 0);
    if (job->last) write_part(job, (intptr_t)task, sums);
  }
  if (own) kb_scratch_free(own, SUM_FLOATS * sizeof(float));
}

static void sum_strips(void *context, size_t begin, size_t end) {
  const weight_job *job = context;
  const intptr_t parts = parts_of(job), blocks = job->grid.blocks;
  const size_t inputs = (size_t)(POINTS * job->input_stride);
  const size_t points = (inputs + (size_t)(POINTS * job->gradient_stride)) * sizeof(float);
  const size_t staged = stage_bytes(&job->grid, 6);
  float *input = kb_scratch(points), *gradient = input + inputs;
  void *memory = kb_scratch(staged);
  for (intptr_t strip = (intptr_t)begin; strip < (intptr_t)end; strip++) {
    float *sums = job->sums + strip * parts * SUM_FLOATS;
    const intptr_t first = strip * blocks / job->strips, last = (strip + 1) * blocks / job->strips;
    for (intptr_t block = first; block < last; block++) {
      for (intptr_t item = 0; item < job->input_groups + job->output_groups; item++)
        transform_item(job, block, item, 0, input, gradient, memory);
      for (intptr_t part = 0; part < parts; part++)
        add_block(job, part_of(job, part), block, input, gradient, sums + part * SUM_FLOATS,
                  block > first);
    }
  }
  kb_scratch_free(memory, staged);
  kb_scratch_free(input, points);
}

// The strips' sums in order; a task takes a point of all parts.
static void join_strips(void *context, size_t begin, size_t end) {
  const weight_job *job = context;
  const intptr_t parts = parts_of(job);
  for (intptr_t strip = 1; strip < job->strips; strip++) {
    for (intptr_t part = 0; part < parts; part++) {
      const size_t at = (size_t)part * SUM_FLOATS + begin * SUM_STRIDE;
      kb_conv_add(KB_FLOAT32, (end - begin) * SUM_STRIDE,
                  job->sums + (size_t)(strip * parts) * SUM_FLOATS + at, job->sums + at);
    }
  }
}

static void write_parts(void *context, size_t begin, size_t end) {
  const weight_job *job = context;
  for (size_t part = begin; part < end; part++)
    write_part(job, (intptr_t)part, job->sums + part * SUM_FLOATS);
}

static void run_strips(weight_job *job) {
  const intptr_t parts = parts_of(job);
  job->input_stride = input_tiles(&job->grid) * job->input_pitch + SKEW;
  job->gradient_stride = gradient_tiles(&job->grid) * job->gradient_pitch + SKEW;
  const size_t bytes = (size_t)(job->strips * parts * SUM_FLOATS) * sizeof(float);
  job->sums = kb_scratch(bytes);
  for (job->group = 0; job->group < job->conv->groups; job->group++) {
    kb_parallel_for((size_t)job->strips, 1, sum_strips, job);
    kb_parallel_for(POINTS, 4, join_strips, job);
    kb_parallel_for((size_t)parts, 1, write_parts, job);
  }
  kb_scratch_free(job->sums, bytes);
}

void kb_winograd_run_weight(const kb_conv_weight_job *conv) {
  weight_job job = {.conv = conv, .kernels = kb_winograd_active()};
  job.lanes = kb_lanes_active();
  job.gemm = kb_gemm_active(KB_GEMM_F32);
  job.input_groups = divided_up(conv->channels, LANES);
  job.output_groups = divided_up(conv->rows, LANES);
  job.input_pitch = job.input_groups * LANES + SKEW;
  job.gradient_pitch = job.output_groups * LANES + SKEW;
  job.deep = conv->gather.kernel[0];
  job.row_parts = divided_up(conv->rows, PART);
  job.channel_parts = divided_up(conv->channels, PART);
  job.grid = make_grid(&conv->gather, conv->batch, STRIP_TILES);
  const intptr_t parts = parts_of(&job);
  if (parts * SUM_FLOATS * (intptr_t)sizeof(float) <= STRIP_SUMS && job.grid.blocks >= STRIPS) {
    job.strips = STRIPS;
    run_strips(&job);
    return;
  }
  job.grid = make_grid(&conv->gather, conv->batch, BLOCK_TILES);
  const intptr_t input_block = input_tiles(&job.grid) * job.input_pitch;
  const intptr_t gradient_block = gradient_tiles(&job.grid) * job.gradient_pitch;
  const intptr_t block_bytes = POINTS * (input_block + gradient_block) * (intptr_t)sizeof(float);
  intptr_t together = TOGETHER_BYTES / block_bytes;
  if (together < 1) together = 1;
  const intptr_t rounds = divided_up(job.grid.blocks, together);
  together = divided_up(job.grid.blocks, rounds);
  job.input_stride = together * input_block + SKEW;
  job.gradient_stride = together * gradient_block + SKEW;
  const size_t inputs = (size_t)(POINTS * job.input_stride);
  const size_t gradients = (size_t)(POINTS * job.gradient_stride);
  const size_t sums = rounds > 1 ? (size_t)(parts * SUM_FLOATS) : 0;
  const size_t bytes = (inputs + gradients + sums) * sizeof(float);
  job.inputs = kb_scratch(bytes);
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
  kb_scratch_free(job.inputs, bytes);
}
