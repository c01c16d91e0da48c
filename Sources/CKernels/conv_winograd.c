// Winograd's convolution: y = Aᵀ [ (G g Gᵀ) ⊙ (Bᵀ d B) ] A over 4 × 4 tiles of the output, the sums
// over channels being 36 matrix products. Errors are two to three times those of the direct
// product.
//
// A block of 32 tiles, one panel of the matrix product, stays in the second-level cache from its
// input transform to its output.
#include "conv_winograd_tiles.h"

#include <string.h>

#include "kb_alloc.h"
#include "kb_conv.h"
#include "kb_gemm.h"
#include "kb_threads.h"

#pragma STDC FP_CONTRACT OFF

enum { ROWS_TOGETHER = 64 };

static _Atomic bool precise = false;

void kb_conv_set_precise(bool on) { precise = on; }

bool kb_winograd_serves(kb_dtype dtype, const kb_conv_gather *gather, intptr_t batch,
                        intptr_t channels, intptr_t rows) {
  if (dtype != KB_FLOAT32 || precise || channels < 32 || rows < 32) return false;
  if (gather->kernel[0] != 1 || gather->input[0] != 1 || gather->output[0] != 1 ||
      gather->padding[0] != 0)
    return false;
  for (int d = 1; d < 3; d++) {
    if (gather->kernel[d] != 3 || gather->stride[d] != 1 || gather->dilation[d] != 1 ||
        gather->output[d] < 8)
      return false;
  }
  const tile_grid grid = make_grid(gather, batch);
  // Few tiles do not repay the transform of the weights; ragged maps waste the gain.
  return grid.tiles >= 48 &&
         grid.height * grid.width * 16 * 20 <= gather->output[1] * gather->output[2] * 27;
}

typedef struct winograd_job {
  const kb_conv_tiling *tiling;
  const kb_winograd_kernels *kernels;
  tile_grid grid;
  intptr_t blocks, row_parts, channel_parts;
  float *weights; // [groups, POINTS, rows, channels]
  float *inputs;  // two phases: of each block and group
} winograd_job;

static size_t input_floats(const kb_conv_tiling *tiling) {
  return (size_t)(POINTS * (tiling->channels * BLOCK + SKEW));
}

// Transforms `count` channels of a block: to[point][channel][tile].
static void transform_inputs(const winograd_job *job, intptr_t group, intptr_t block,
                             intptr_t channel, intptr_t count, float *to) {
  const kb_conv_tiling *tiling = job->tiling;
  const kb_conv_gather *gather = &tiling->gather;
  const intptr_t plane = gather->input[1] * gather->input[2];
  const intptr_t stride = tiling->channels * BLOCK + SKEW;
  float lines[6 * LINE];
  tile_block tiles;
  plan_block(&job->grid, block, &tiles);
  for (intptr_t c = channel; c < channel + count; c++) {
    const float *x = (const float *)tiling->x + (group * tiling->channels + c) * plane;
    if (c + AHEAD < channel + count)
      fetch_lines(&tiles, x + AHEAD * plane, tiling->groups * tiling->channels * plane,
                  gather->input[1], gather->input[2], gather->padding[1]);
    stage_lines(&tiles, x, tiling->groups * tiling->channels * plane, gather->input[1],
                gather->input[2], gather->padding[1], gather->padding[2], 6, lines);
    for (intptr_t lane = 0; lane < BLOCK; lane += LANES)
      job->kernels->input(lines, LINE, tiles.offsets + lane, to + c * BLOCK + lane, stride);
  }
}

// Where the tiles of a block go in the planes of one output channel.
static void plan_targets(const winograd_job *job, intptr_t block, kb_winograd_target *targets) {
  const kb_conv_tiling *tiling = job->tiling;
  const intptr_t height = tiling->gather.output[1], width = tiling->gather.output[2];
  const intptr_t image_stride = tiling->groups * tiling->rows * height * width;
  const intptr_t plane = job->grid.height * job->grid.width;
  for (intptr_t i = 0; i < BLOCK; i++) {
    const intptr_t tile = block * BLOCK + i;
    const intptr_t row = tile % plane / job->grid.width * 4, column = tile % job->grid.width * 4;
    targets[i] = (kb_winograd_target){
        tile / plane * image_stride + row * width + column,
        tile >= job->grid.tiles ? 0 : (int32_t)(height - row < 4 ? height - row : 4),
        (int32_t)(width - column < 4 ? width - column : 4),
    };
  }
}

// Rows of a block are too short for the processor to see a stream in them: the lines of a later
// channel are asked for ahead.
static void fetch_targets(const kb_winograd_target *targets, intptr_t width, const float *plane) {
  for (intptr_t i = 0; i < BLOCK; i++) {
    for (intptr_t row = 0; row < targets[i].rows; row++)
      __builtin_prefetch(plane + targets[i].offset + row * width, 1);
  }
}

static void multiply_rows(const winograd_job *job, intptr_t group, intptr_t block, intptr_t row,
                          intptr_t count, const float *inputs, float *products) {
  const kb_conv_tiling *tiling = job->tiling;
  const intptr_t rows = tiling->rows, channels = tiling->channels;
  const float *weights = job->weights + (group * POINTS * rows + row) * channels;
  kb_gemm(KB_FLOAT32, POINTS, (size_t)count, BLOCK, (size_t)channels,
          (kb_matrix){weights, channels, 1, rows * channels},
          (kb_matrix){inputs, BLOCK, 1, channels * BLOCK + SKEW}, products, false);
  const intptr_t width = tiling->gather.output[2], plane = tiling->gather.output[1] * width;
  const float *bias = tiling->bias;
  kb_winograd_target targets[BLOCK];
  plan_targets(job, block, targets);
  for (intptr_t r = 0; r < count; r++) {
    const intptr_t channel = group * rows + row + r;
    if (r + AHEAD < count)
      fetch_targets(targets, width, (float *)tiling->y + (channel + AHEAD) * plane);
    for (intptr_t lane = 0; lane < BLOCK; lane += LANES)
      job->kernels->output(products + r * BLOCK + lane, count * BLOCK, bias ? bias[channel] : 0,
                           targets + lane, width, (float *)tiling->y + channel * plane);
  }
}

static void run_blocks(void *context, size_t begin, size_t end) {
  const winograd_job *job = context;
  const kb_conv_tiling *tiling = job->tiling;
  const size_t bytes =
      (input_floats(tiling) + (size_t)(POINTS * ROWS_TOGETHER * BLOCK)) * sizeof(float);
  float *inputs = kb_alloc(bytes), *products = inputs + input_floats(tiling);
  for (size_t task = begin; task < end; task++) {
    const intptr_t group = (intptr_t)task / job->blocks, block = (intptr_t)task % job->blocks;
    transform_inputs(job, group, block, 0, tiling->channels, inputs);
    for (intptr_t row = 0; row < tiling->rows; row += ROWS_TOGETHER) {
      intptr_t count = tiling->rows - row < ROWS_TOGETHER ? tiling->rows - row : ROWS_TOGETHER;
      multiply_rows(job, group, block, row, count, inputs, products);
    }
  }
  kb_free(inputs, bytes);
}

// With few blocks the work is cut within them: first all inputs, then all products.
static void run_inputs(void *context, size_t begin, size_t end) {
  const winograd_job *job = context;
  const kb_conv_tiling *tiling = job->tiling;
  for (size_t task = begin; task < end; task++) {
    const intptr_t item = (intptr_t)task / job->channel_parts;
    const intptr_t channel = (intptr_t)task % job->channel_parts * LANES;
    const intptr_t count =
        tiling->channels - channel < LANES ? tiling->channels - channel : LANES;
    transform_inputs(job, item / job->blocks, item % job->blocks, channel, count,
                     job->inputs + (size_t)item * input_floats(tiling));
  }
}

static void run_products(void *context, size_t begin, size_t end) {
  const winograd_job *job = context;
  const kb_conv_tiling *tiling = job->tiling;
  const size_t bytes = POINTS * ROWS_TOGETHER * BLOCK * sizeof(float);
  float *products = kb_alloc(bytes);
  const intptr_t items = job->blocks * tiling->groups;
  for (size_t task = begin; task < end; task++) {
    // Consecutive tasks share their weights.
    const intptr_t item = (intptr_t)task % items, row = (intptr_t)task / items * ROWS_TOGETHER;
    const intptr_t count = tiling->rows - row < ROWS_TOGETHER ? tiling->rows - row : ROWS_TOGETHER;
    multiply_rows(job, item / job->blocks, item % job->blocks, row, count,
                  job->inputs + (size_t)item * input_floats(tiling), products);
  }
  kb_free(products, bytes);
}

// The weights of one output channel: [POINTS] planes of [rows, channels].
static void transform_weights(void *context, size_t begin, size_t end) {
  const winograd_job *job = context;
  const intptr_t rows = job->tiling->rows, channels = job->tiling->channels;
  float taps[9 * LANES] = {0}, done[POINTS * LANES];
  for (size_t item = begin; item < end; item++) {
    const intptr_t group = (intptr_t)item / rows, row = (intptr_t)item % rows;
    const float *w = (const float *)job->tiling->w + (intptr_t)item * channels * 9;
    float *to = job->weights + (group * POINTS * rows + row) * channels;
    for (intptr_t channel = 0; channel < channels; channel += LANES) {
      const intptr_t count = channels - channel < LANES ? channels - channel : LANES;
      for (intptr_t c = 0; c < count; c++)
        for (intptr_t tap = 0; tap < 9; tap++) taps[tap * LANES + c] = w[(channel + c) * 9 + tap];
      if (count == LANES) {
        job->kernels->weight(taps, LANES, to + channel, rows * channels);
        continue;
      }
      job->kernels->weight(taps, LANES, done, LANES);
      for (intptr_t point = 0; point < POINTS; point++)
        memcpy(to + point * rows * channels + channel, done + point * LANES,
               (size_t)count * sizeof(float));
    }
  }
}

void kb_winograd_run(const kb_conv_tiling *tiling) {
  winograd_job job = {.tiling = tiling, .kernels = kb_winograd_active()};
  job.grid = make_grid(&tiling->gather, tiling->batch);
  job.blocks = (job.grid.tiles + BLOCK - 1) / BLOCK;
  job.channel_parts = (tiling->channels + LANES - 1) / LANES;
  job.row_parts = (tiling->rows + ROWS_TOGETHER - 1) / ROWS_TOGETHER;
  const size_t weight_bytes =
      (size_t)(tiling->groups * POINTS * tiling->rows * tiling->channels) * sizeof(float);
  job.weights = kb_alloc(weight_bytes);
  kb_parallel_for((size_t)(tiling->groups * tiling->rows), 8, transform_weights, &job);
  const intptr_t items = job.blocks * tiling->groups;
  if (items >= 8) {
    kb_parallel_for((size_t)items, 1, run_blocks, &job);
  } else {
    const size_t bytes = (size_t)items * input_floats(tiling) * sizeof(float);
    job.inputs = kb_alloc(bytes);
    kb_parallel_for((size_t)(items * job.channel_parts), 1, run_inputs, &job);
    kb_parallel_for((size_t)(items * job.row_parts), 1, run_products, &job);
    kb_free(job.inputs, bytes);
  }
  kb_free(job.weights, weight_bytes);
}
