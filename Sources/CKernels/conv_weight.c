// dw[rows × channels · taps] = dy[rows × pixels] · patchesᵀ, summed tile after tile. A task owns
// some channels of one group; where there are few channels the pixels are cut into a fixed number
// of parts as well, whose sums are added in order. Both cuts depend on the shape alone.
#include "conv_weight.h"

#include <string.h>

#include "conv_depthwise.h"
#include "conv_direct.h"
#include "conv_images.h"
#include "conv_lanewise.h"
#include "conv_shallow.h"
#include "conv_tile.h"
#include "conv_winograd.h"
#include "kb_alloc.h"
#include "kb_gemm.h"
#include "kb_threads.h"

#pragma STDC FP_CONTRACT OFF

enum { TILE = KB_CONV_MAX_TILE, WANTED_TASKS = 8, LEAST_ROWS = 192, MOST_ROWS = 640 };

typedef struct weight_plan {
  const kb_conv_weight_job *job;
  intptr_t taps, pixels, tiles; // pixels of all images, tiles of them
  intptr_t chunk, chunks, parts; // channels of a task, how many such, cuts of the pixels
  char *sums;                    // parts > 1: [parts, groups, rows, channels · taps]
} weight_plan;

typedef struct weight_scratch {
  char *patches, *dy, *sum;
  size_t pitch;
} weight_scratch;

// dy of a tile as a matrix [rows × pixels]: in place within one image, else copied side by side.
static kb_matrix tile_gradient(const weight_plan *plan, intptr_t group, intptr_t begin,
                               intptr_t end, char *copy) {
  const kb_conv_weight_job *job = plan->job;
  const size_t size = job->gather.size;
  const intptr_t plane = kb_conv_count(job->gather.output), width = end - begin;
  const char *dy = job->dy;
  const intptr_t image = begin / plane, first = begin % plane;
  if (first + width <= plane) {
    intptr_t start = (image * job->groups + group) * job->rows * plane + first;
    return (kb_matrix){dy + (size_t)start * size, plane, 1, 0};
  }
  for (intptr_t pixel = begin; pixel < end;) {
    intptr_t from = pixel % plane;
    intptr_t count = plane - from < end - pixel ? plane - from : end - pixel;
    intptr_t start = (pixel / plane * job->groups + group) * job->rows * plane + from;
    for (intptr_t row = 0; row < job->rows; row++)
      memcpy(copy + (size_t)(row * width + pixel - begin) * size,
             dy + (size_t)(start + row * plane) * size, (size_t)count * size);
    pixel += count;
  }
  return (kb_matrix){copy, width, 1, 0};
}

#define TRANSPOSE(type)                                                                            \
  do {                                                                                             \
    for (intptr_t i = 0; i < rows; i++)                                                            \
      for (intptr_t j = 0; j < columns; j++)                                                       \
        ((type *)to)[i * to_pitch + j] = ((const type *)from)[j * rows + i];                       \
  } while (0)

typedef struct conv_wide {
  uint64_t low, high;
} conv_wide;

// to[rows × columns] from its transpose.
static void transpose(size_t size, intptr_t rows, intptr_t columns, const void *from, void *to,
                      intptr_t to_pitch) {
  switch (size) {
  case 1: TRANSPOSE(uint8_t); break;
  case 2: TRANSPOSE(uint16_t); break;
  case 4: TRANSPOSE(uint32_t); break;
  case 8: TRANSPOSE(uint64_t); break;
  default: TRANSPOSE(conv_wide); break;
  }
}

// Sums tiles first_tile ..< last_tile for some channels of a group into `to` (rows of depth
// elements).
static void sum_tiles(const weight_plan *plan, intptr_t group, intptr_t channel, intptr_t count,
                      intptr_t first_tile, intptr_t last_tile, char *to, weight_scratch scratch) {
  const kb_conv_weight_job *job = plan->job;
  const size_t size = job->gather.size;
  const intptr_t depth = job->channels * plan->taps, patch_rows = count * plan->taps;
  const size_t channel_bytes = (size_t)kb_conv_count(job->gather.input) * size;
  const size_t image_bytes = channel_bytes * (size_t)(job->channels * job->groups);
  const char *x = (const char *)job->x + (size_t)(group * job->channels + channel) * channel_bytes;
  // The product packs its transposed operand, at a cost of 1 / (rows of the other): transpose the
  // smaller.
  const bool patches_left = patch_rows > job->rows;
  for (intptr_t tile = first_tile; tile < last_tile; tile++) {
    intptr_t begin = tile * TILE, end = begin + TILE < plan->pixels ? begin + TILE : plan->pixels;
    kb_conv_gather_tile(&job->gather, x, image_bytes, count, begin, end, scratch.patches,
                        scratch.pitch);
    kb_matrix dy = tile_gradient(plan, group, begin, end, scratch.dy);
    intptr_t pitch = (intptr_t)(scratch.pitch / size);
    bool accumulate = tile > first_tile;
    if (patches_left)
      kb_gemm(job->dtype, 1, (size_t)patch_rows, (size_t)job->rows, (size_t)(end - begin),
              (kb_matrix){scratch.patches, pitch, 1, 0}, (kb_matrix){dy.data, 1, dy.row_stride, 0},
              scratch.sum, accumulate, NULL);
    else
      kb_gemm(job->dtype, 1, (size_t)job->rows, (size_t)patch_rows, (size_t)(end - begin), dy,
              (kb_matrix){scratch.patches, 1, pitch, 0}, scratch.sum, accumulate, NULL);
  }
  to += (size_t)(group * job->rows * depth + channel * plan->taps) * size;
  if (patches_left) {
    transpose(size, job->rows, patch_rows, scratch.sum, to, depth);
  } else {
    for (intptr_t row = 0; row < job->rows; row++)
      memcpy(to + (size_t)(row * depth) * size, scratch.sum + (size_t)(row * patch_rows) * size,
             (size_t)patch_rows * size);
  }
}

static void run_tasks(void *context, size_t begin, size_t end) {
  const weight_plan *plan = context;
  const kb_conv_weight_job *job = plan->job;
  const size_t size = job->gather.size;
  const size_t all = (size_t)(job->groups * job->rows * job->channels * plan->taps) * size;
  weight_scratch scratch = {.pitch = TILE * size + KB_CONV_SLACK};
  const size_t patch_bytes = (size_t)(plan->chunk * plan->taps) * scratch.pitch;
  const size_t dy_bytes = (size_t)job->rows * TILE * size;
  const size_t sum_bytes = (size_t)(job->rows * plan->chunk * plan->taps) * size;
  const size_t bytes = patch_bytes + dy_bytes + sum_bytes;
  scratch.patches = kb_scratch(bytes);
  scratch.dy = scratch.patches + patch_bytes;
  scratch.sum = scratch.dy + dy_bytes;
  for (size_t task = begin; task < end; task++) {
    intptr_t part = (intptr_t)task % plan->parts, owner = (intptr_t)task / plan->parts;
    intptr_t group = owner / plan->chunks, channel = owner % plan->chunks * plan->chunk;
    intptr_t count = job->channels - channel < plan->chunk ? job->channels - channel : plan->chunk;
    char *to = plan->parts > 1 ? plan->sums + (size_t)part * all : (char *)job->dw;
    sum_tiles(plan, group, channel, count, part * plan->tiles / plan->parts,
              (part + 1) * plan->tiles / plan->parts, to, scratch);
  }
  kb_scratch_free(scratch.patches, bytes);
}

bool kb_conv_spreads_weight(const kb_conv_weight_job *job) {
  const kb_conv_gather *gather = &job->gather;
  return !kb_lanewise_serves(job->dtype, gather, job->groups, job->channels, job->rows) &&
         !kb_depthwise_serves(job->dtype, gather, job->channels, job->rows) &&
         (kb_shallow_serves_weight(job->dtype, gather, job->channels, job->rows) ||
          kb_winograd_serves_weight(job->dtype, gather, job->batch, job->channels, job->rows));
}

// The same, of the pixels that a 1 × 1 convolution with a stride reads. False if it is none.
static bool run_on_pixels(const kb_conv_weight_job *job) {
  const intptr_t planes = job->batch * job->groups * job->channels;
  float *pixels = kb_conv_read_pixels(&job->gather, job->x, planes);
  if (!pixels) return false;
  kb_conv_weight_job dense = *job;
  dense.x = pixels;
  dense.gather = kb_conv_of_pixels(&job->gather);
  kb_conv_run_weight(&dense);
  kb_scratch_free(pixels, (size_t)(planes * kb_conv_count(job->gather.output)) * sizeof(float));
  return true;
}

void kb_conv_run_weight(const kb_conv_weight_job *job) {
  if (run_on_pixels(job)) return;
  weight_plan plan = {.job = job, .taps = kb_conv_count(job->gather.kernel)};
  plan.pixels = job->batch * kb_conv_count(job->gather.output);
  plan.tiles = (plan.pixels + TILE - 1) / TILE;
  const size_t count = (size_t)(job->groups * job->rows * job->channels * plan.taps);
  if (count == 0) return;
  if (plan.pixels == 0) {
    memset(job->dw, 0, count * job->gather.size);
    return;
  }
  if (kb_lanewise_serves(job->dtype, &job->gather, job->groups, job->channels, job->rows)) {
    kb_lanewise_run_weight(job);
    return;
  }
  if (kb_depthwise_serves(job->dtype, &job->gather, job->channels, job->rows)) {
    kb_depthwise_run_weight(job);
    return;
  }
  if (kb_shallow_serves_weight(job->dtype, &job->gather, job->channels, job->rows)) {
    kb_shallow_run_weight(job);
    return;
  }
  if (kb_winograd_serves_weight(job->dtype, &job->gather, job->batch, job->channels, job->rows)) {
    kb_winograd_run_weight(job);
    return;
  }
  if (kb_images_serves_weight(job->dtype, &job->gather, job->batch, job->channels, job->rows)) {
    kb_images_run_weight(job);
    return;
  }
  if (kb_direct_serves_weight(job->dtype, &job->gather, job->channels)) {
    kb_direct_run_weight(job);
    return;
  }
  intptr_t rows = job->channels * plan.taps / WANTED_TASKS;
  rows = rows < LEAST_ROWS ? LEAST_ROWS : rows > MOST_ROWS ? MOST_ROWS : rows;
  plan.chunk = rows / plan.taps;
  if (plan.chunk < 1) plan.chunk = 1;
  if (plan.chunk > job->channels) plan.chunk = job->channels;
  plan.chunks = (job->channels + plan.chunk - 1) / plan.chunk;
  plan.chunk = (job->channels + plan.chunks - 1) / plan.chunks;
  plan.chunks = (job->channels + plan.chunk - 1) / plan.chunk;
  intptr_t owners = plan.chunks * job->groups;
  plan.parts = (WANTED_TASKS + owners - 1) / owners;
  if (plan.parts > plan.tiles) plan.parts = plan.tiles;
  const size_t sum_bytes = plan.parts > 1 ? (size_t)plan.parts * count * job->gather.size : 0;
  if (plan.parts > 1) plan.sums = kb_scratch(sum_bytes);
  kb_parallel_for((size_t)(owners * plan.parts), 1, run_tasks, &plan);
  if (plan.parts == 1) return;
  memcpy(job->dw, plan.sums, count * job->gather.size);
  for (intptr_t part = 1; part < plan.parts; part++)
    kb_conv_add(job->dtype, count, plan.sums + (size_t)part * count * job->gather.size, job->dw);
  kb_scratch_free(plan.sums, sum_bytes);
}
