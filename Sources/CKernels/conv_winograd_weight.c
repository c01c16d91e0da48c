// Winograd's weight gradient: dw = Gᵀ [ Σ over tiles (A dy Aᵀ) ⊙ (Bᵀ d B) ] G. Tiles are
// transformed some blocks at a time; the sums are 36 matrix products that run over tiles,
// accumulated in order.
#include "conv_winograd_tiles.h"
#include "kb_alloc.h"
#include "kb_gemm.h"
#include "kb_threads.h"

#pragma STDC FP_CONTRACT OFF

enum { TOGETHER = 2 * BLOCK }; // tiles transformed before a product: its depth

typedef struct weight_job {
  const kb_conv_weight_job *conv;
  const kb_winograd_kernels *kernels;
  tile_grid grid;
  intptr_t group, first, blocks;       // of this round
  float *inputs, *gradients; // [POINTS, channels or rows, TOGETHER]
  float *sums;               // [POINTS, rows, channels]
  intptr_t input_stride, gradient_stride;
} weight_job;

// One task transforms a channel of x or, after those, of dy.
static void transform_planes(void *context, size_t begin, size_t end) {
  const weight_job *job = context;
  const kb_conv_weight_job *conv = job->conv;
  const kb_conv_gather *gather = &conv->gather;
  const intptr_t input = gather->input[1] * gather->input[2];
  const intptr_t output = gather->output[1] * gather->output[2];
  float lines[6 * LINE];
  for (intptr_t block = 0; block < job->blocks; block++) {
    tile_block tiles;
    plan_block(&job->grid, job->first + block, &tiles);
    for (intptr_t item = (intptr_t)begin; item < (intptr_t)end; item++) {
      if (item < conv->channels) {
        const float *x = (const float *)conv->x + (job->group * conv->channels + item) * input;
        float *to = job->inputs + item * TOGETHER + block * BLOCK;
        if (item + AHEAD < conv->channels)
          fetch_lines(&tiles, x + AHEAD * input, conv->groups * conv->channels * input,
                      gather->input[1], gather->input[2], gather->padding[1]);
        stage_lines(&tiles, x, conv->groups * conv->channels * input, gather->input[1],
                    gather->input[2], gather->padding[1], gather->padding[2], 6, lines);
        for (intptr_t lane = 0; lane < BLOCK; lane += LANES)
          job->kernels->input(lines, LINE, tiles.offsets + lane, to + lane, job->input_stride);
      } else {
        const intptr_t row = item - conv->channels;
        const float *dy = (const float *)conv->dy + (job->group * conv->rows + row) * output;
        float *to = job->gradients + row * TOGETHER + block * BLOCK;
        if (row + AHEAD < conv->rows)
          fetch_lines(&tiles, dy + AHEAD * output, conv->groups * conv->rows * output,
                      gather->output[1], gather->output[2], 0);
        stage_lines(&tiles, dy, conv->groups * conv->rows * output, gather->output[1],
                    gather->output[2], 0, 0, 4, lines);
        for (intptr_t lane = 0; lane < BLOCK; lane += LANES)
          job->kernels->gradient(lines, LINE, tiles.offsets + lane, to + lane,
                                 job->gradient_stride);
      }
    }
  }
}

static void transform_sums(void *context, size_t begin, size_t end) {
  const weight_job *job = context;
  const kb_conv_weight_job *conv = job->conv;
  const intptr_t channels = conv->channels, stride = conv->rows * channels;
  float taps[9 * LANES], points[POINTS * LANES] = {0};
  for (size_t row = begin; row < end; row++) {
    const float *sums = job->sums + (intptr_t)row * channels;
    float *dw = (float *)conv->dw + (job->group * conv->rows + (intptr_t)row) * channels * 9;
    for (intptr_t channel = 0; channel < channels; channel += LANES) {
      const intptr_t count = channels - channel < LANES ? channels - channel : LANES;
      for (intptr_t point = 0; point < POINTS; point++)
        memcpy(points + point * LANES, sums + point * stride + channel,
               (size_t)count * sizeof(float));
      job->kernels->weight_gradient(points, LANES, taps, LANES);
      for (intptr_t c = 0; c < count; c++)
        for (intptr_t tap = 0; tap < 9; tap++) dw[(channel + c) * 9 + tap] = taps[tap * LANES + c];
    }
  }
}

void kb_winograd_run_weight(const kb_conv_weight_job *conv) {
  weight_job job = {.conv = conv, .kernels = kb_winograd_active()};
  job.grid = make_grid(&conv->gather, conv->batch);
  job.input_stride = conv->channels * TOGETHER + SKEW;
  job.gradient_stride = conv->rows * TOGETHER + SKEW;
  const size_t inputs = (size_t)(POINTS * job.input_stride);
  const size_t gradients = (size_t)(POINTS * job.gradient_stride);
  const size_t bytes =
      (inputs + gradients + (size_t)(POINTS * conv->rows * conv->channels)) * sizeof(float);
  job.inputs = kb_alloc(bytes);
  job.gradients = job.inputs + inputs;
  job.sums = job.gradients + gradients;
  const intptr_t blocks = (job.grid.tiles + BLOCK - 1) / BLOCK;
  for (job.group = 0; job.group < conv->groups; job.group++) {
    for (job.first = 0; job.first < blocks; job.first += TOGETHER / BLOCK) {
      job.blocks = blocks - job.first < TOGETHER / BLOCK ? blocks - job.first : TOGETHER / BLOCK;
      kb_parallel_for((size_t)(conv->channels + conv->rows), 4, transform_planes, &job);
      kb_gemm(KB_FLOAT32, POINTS, (size_t)conv->rows, (size_t)conv->channels,
              (size_t)(job.blocks * BLOCK),
              (kb_matrix){job.gradients, TOGETHER, 1, job.gradient_stride},
              (kb_matrix){job.inputs, 1, TOGETHER, job.input_stride}, job.sums, job.first > 0);
    }
    kb_parallel_for((size_t)conv->rows, 8, transform_sums, &job);
  }
  kb_free(job.inputs, bytes);
}
