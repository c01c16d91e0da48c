// Convolution of sixteen images at once by the kernels of shallow convolution: an output of all of them is a
// segment.
#include "conv_images.h"

#include <string.h>

#include "conv_lanes.h"
#include "conv_part.h"
#include "conv_shallow.h"
#include "kb_alloc.h"
#include "kb_threads.h"

#pragma STDC FP_CONTRACT OFF

enum {
  LANES = KB_LANES,
  MOST_DEPTH = 4096,   // taps of all channels
  STAGED = 128 << 10,  // floats of a part's inputs and outputs, which stay in the second cache level
  TOGETHER = 48,       // output channels that are summed before they are written
  IMAGE_PARTS = 8,     // that the images of a weight gradient are cut into
  MOST_COLUMNS = 64,
  MOST_SUMS = 8192,    // of a weight gradient, sixteen lanes each
};

// Which taps down lie inside of the input for a row of outputs.
static void taps_inside(const kb_conv_gather *gather, intptr_t row, intptr_t *first,
                        intptr_t *count) {
  const intptr_t start = row * gather->stride[1] - gather->padding[1];
  const intptr_t dilation = gather->dilation[1], rest = gather->input[1] - start;
  *first = start < 0 ? divided_up(-start, dilation) : 0;
  *count = larger(0, smaller(gather->kernel[1], rest > 0 ? divided_up(rest, dilation) : 0) - *first);
}

// Vectors of images that are filled well.
static bool takes_images(kb_dtype dtype, const kb_conv_gather *gather, intptr_t batch, intptr_t depth) {
  return dtype == KB_FLOAT32 && depth > 0 && depth <= MOST_DEPTH && gather->kernel[0] == 1 &&
         gather->input[0] == 1 && gather->output[0] == 1 && gather->padding[0] == 0 &&
         kb_conv_count(gather->kernel) > 1 && gather->output[2] <= MOST_COLUMNS &&
         batch * 5 >= divided_up(batch, LANES) * LANES * 4;
}

bool kb_images_serves(kb_dtype dtype, const kb_conv_gather *gather, intptr_t batch, intptr_t channels,
                      intptr_t rows) {
  const intptr_t columns = gather->output[2];
  if (!takes_images(dtype, gather, batch, channels * kb_conv_count(gather->kernel))) return false;
  if (!kb_shallow_serves(dtype, gather, channels, rows)) return true;
  // Vectors of columns may be filled as well, but they multiply padding too.
  intptr_t inside = 0;
  for (intptr_t row = 0; row < gather->output[1]; row++) {
    intptr_t first, count;
    taps_inside(gather, row, &first, &count);
    inside += count;
  }
  return divided_up(columns, LANES) * LANES * gather->output[1] * gather->kernel[1] * 5 >
         columns * inside * 7;
}

bool kb_images_serves_weight(kb_dtype dtype, const kb_conv_gather *gather, intptr_t batch,
                             intptr_t channels, intptr_t rows) {
  const intptr_t depth = channels * kb_conv_count(gather->kernel);
  return takes_images(dtype, gather, batch, depth) && depth * rows <= MOST_SUMS;
}

// Some rows of outputs of sixteen images.
typedef struct image_cut {
  const kb_conv_gather *gather;
  intptr_t batch, groups, channels, rows; // of the convolution
  intptr_t blocks, bands, band_rows, height, width; // height, width: of a staged plane
} image_cut;

static image_cut cut_images(const kb_conv_gather *gather, intptr_t batch, intptr_t groups,
                            intptr_t channels, intptr_t rows) {
  const intptr_t *kernel = gather->kernel, *dilation = gather->dilation, *stride = gather->stride;
  image_cut cut = {gather, batch, groups, channels, rows, divided_up(batch, LANES), 0, 0, 0, 0};
  cut.width = (gather->output[2] - 1) * stride[2] + (kernel[2] - 1) * dilation[2] + 1;
  const intptr_t row = LANES * (channels * stride[1] * cut.width + rows * gather->output[2]);
  cut.band_rows = larger(1, smaller(STAGED / row, gather->output[1]));
  cut.bands = divided_up(gather->output[1], cut.band_rows);
  cut.band_rows = divided_up(gather->output[1], cut.bands);
  cut.bands = divided_up(gather->output[1], cut.band_rows);
  cut.height = (cut.band_rows - 1) * stride[1] + (kernel[1] - 1) * dilation[1] + 1;
  return cut;
}

// Of a task: staged inputs and where their pixels go, outputs, where these go, offsets of taps, segments.
typedef struct image_scratch {
  float *x, *y;
  int32_t *outputs;
  size_t *offsets;
  kb_shallow_segment *segments;
  void *memory;
  size_t bytes;
} image_scratch;

static image_scratch open_scratch(const image_cut *cut, intptr_t y_rows) {
  const size_t pixels = (size_t)(cut->height * cut->width);
  const size_t outputs = (size_t)(cut->band_rows * cut->gather->output[2]);
  const size_t depth = (size_t)(cut->channels * kb_conv_count(cut->gather->kernel));
  const size_t staged = (size_t)cut->channels * pixels * LANES, y = (size_t)y_rows * outputs * LANES;
  image_scratch s;
  s.bytes = depth * sizeof(size_t) + outputs * sizeof(kb_shallow_segment) +
            (staged + y + pixels + outputs) * sizeof(float);
  s.offsets = s.memory = kb_scratch(s.bytes);
  s.segments = (kb_shallow_segment *)(s.offsets + depth);
  s.y = (float *)(s.segments + outputs);
  s.x = s.y + y;
  s.outputs = (int32_t *)(s.x + staged) + pixels;
  for (size_t i = 0; i < outputs; i++) s.outputs[i] = (int32_t)(LANES * i);
  return s;
}

// What outputs of rows from `row` on read, [channel][row][column][image].
static void stage_images(const image_cut *cut, const float *x, intptr_t block, intptr_t group,
                         intptr_t row, const image_scratch *to) {
  const kb_lane_kernels *lanes = kb_lanes_active();
  const kb_conv_gather *gather = cut->gather;
  kb_lane_stage stage = {.height = gather->input[1],
                         .width = gather->input[2],
                         .first_row = row * gather->stride[1] - gather->padding[1],
                         .first_column = -gather->padding[2],
                         .rows = cut->height,
                         .columns = cut->width};
  const intptr_t staged = cut->height * cut->width * LANES, plane = stage.height * stage.width;
  const intptr_t image = cut->groups * cut->channels * plane;
  const intptr_t images = smaller(LANES, cut->batch - block * LANES);
  // All channels share the places of the last one, which lie behind it.
  kb_lane_stage_plan(&stage, LANES, to->x + (cut->channels - 1) * staged);
  if (stage.runs * stage.run * LANES < staged)
    memset(to->x, 0, (size_t)((cut->channels - 1) * staged) * sizeof(float));
  x += block * LANES * image + group * cut->channels * plane + stage.top * stage.width + stage.left;
  for (intptr_t c = 0; c < cut->channels; c++)
    for (intptr_t run = 0; run < stage.runs; run++)
      lanes->gather(x + c * plane + run * stage.width, image, images, stage.run,
                    stage.positions + run * stage.run, to->x + c * staged);
}

// Outputs of rows first ..< last of a band.
static void fill_segments(const image_cut *cut, intptr_t first, intptr_t last,
                          const image_scratch *to) {
  const intptr_t columns = cut->gather->output[2], *stride = cut->gather->stride;
  kb_shallow_segment *segment = to->segments;
  for (intptr_t y = first; y < last; y++)
    for (intptr_t x = 0; x < columns; x++)
      *segment++ = (kb_shallow_segment){
          (size_t)((y * stride[1] * cut->width + x * stride[2]) * LANES) * sizeof(float),
          (y * columns + x) * LANES, LANES};
}

static size_t tap_offset(const image_cut *cut, intptr_t channel, intptr_t y, intptr_t x) {
  const intptr_t *dilation = cut->gather->dilation;
  return (size_t)(((channel * cut->height + y * dilation[1]) * cut->width + x * dilation[2]) * LANES) *
         sizeof(float);
}

typedef struct sum_job {
  const kb_conv_tiling *tiling;
  image_cut cut;
  const float *w; // [group, row, tap down, channel, tap across]
} sum_job;

static void sum_bands(void *context, size_t begin, size_t end) {
  const sum_job *job = context;
  const kb_conv_tiling *tiling = job->tiling;
  const image_cut *cut = &job->cut;
  const kb_conv_gather *gather = cut->gather;
  const kb_shallow_kernels *kernels = kb_shallow_active();
  const kb_lane_kernels *lanes = kb_lanes_active();
  const intptr_t columns = gather->output[2], plane = gather->output[1] * columns;
  const intptr_t line = cut->channels * gather->kernel[2], depth = line * gather->kernel[1];
  image_scratch s = open_scratch(cut, smaller(TOGETHER, cut->rows));
  for (intptr_t y = 0, i = 0; y < gather->kernel[1]; y++)
    for (intptr_t c = 0; c < cut->channels; c++)
      for (intptr_t x = 0; x < gather->kernel[2]; x++) s.offsets[i++] = tap_offset(cut, c, y, x);
  for (intptr_t task = (intptr_t)begin; task < (intptr_t)end; task++) {
    const intptr_t row = task % cut->bands * cut->band_rows, item = task / cut->bands;
    const intptr_t group = item % cut->groups, block = item / cut->groups;
    const intptr_t rows = smaller(cut->band_rows, gather->output[1] - row);
    stage_images(cut, tiling->x, block, group, row, &s);
    for (intptr_t some = 0; some < cut->rows; some += TOGETHER) {
      const intptr_t outputs = smaller(TOGETHER, cut->rows - some), channel = group * cut->rows + some;
      // Rows that read the same taps are summed together.
      for (intptr_t y = 0, next; y < rows; y = next) {
        intptr_t first, count, other, others;
        taps_inside(gather, row + y, &first, &count);
        for (next = y + 1; next < rows; next++) {
          taps_inside(gather, row + next, &other, &others);
          if (other != first || others != count) break;
        }
        if (count == 0) first = 0;
        fill_segments(cut, y, next, &s);
        const kb_shallow_part part = {(const char *)s.x, s.offsets + first * line, count * line, depth,
                                      (next - y) * columns, rows * columns * LANES, s.segments};
        kernels->sum(&part, outputs, job->w + channel * depth + first * line,
                     tiling->bias ? (const float *)tiling->bias + channel : NULL, s.y);
      }
      const intptr_t image = cut->groups * cut->rows * plane;
      float *y = (float *)tiling->y + block * LANES * image + channel * plane + row * columns;
      for (intptr_t r = 0; r < outputs; r++)
        lanes->scatter(s.y + r * rows * columns * LANES, LANES,
                       smaller(LANES, cut->batch - block * LANES), rows * columns, y + r * plane, image);
    }
  }
  kb_scratch_free(s.memory, s.bytes);
}

void kb_images_run(const kb_conv_tiling *tiling) {
  const kb_conv_gather *gather = &tiling->gather;
  sum_job job = {tiling, cut_images(gather, tiling->batch, tiling->groups, tiling->channels,
                                    smaller(TOGETHER, tiling->rows)), NULL};
  job.cut.rows = tiling->rows;
  const intptr_t taps = kb_conv_count(gather->kernel), all = tiling->groups * tiling->rows;
  const intptr_t across = gather->kernel[2], channels = tiling->channels;
  const size_t bytes = (size_t)(all * channels * taps) * sizeof(float);
  float *turned = kb_scratch(bytes), *to = turned;
  for (intptr_t r = 0; r < all; r++)
    for (intptr_t y = 0; y < gather->kernel[1]; y++)
      for (intptr_t c = 0; c < channels; c++, to += across)
        for (intptr_t x = 0; x < across; x++)
          to[x] = ((const float *)tiling->w)[(r * channels + c) * taps + y * across + x];
  job.w = turned;
  kb_parallel_for((size_t)(job.cut.blocks * tiling->groups * job.cut.bands), 1, sum_bands, &job);
  kb_scratch_free(turned, bytes);
}

typedef struct dot_job {
  const kb_conv_weight_job *conv;
  image_cut cut;
  intptr_t parts; // of the blocks of images
  float *sums;    // [parts, groups, rows, depth, 16]
} dot_job;

static void dot_images(void *context, size_t begin, size_t end) {
  const dot_job *job = context;
  const kb_conv_weight_job *conv = job->conv;
  const image_cut *cut = &job->cut;
  const kb_conv_gather *gather = cut->gather;
  const kb_lane_kernels *lanes = kb_lanes_active();
  const intptr_t columns = gather->output[2], plane = gather->output[1] * columns;
  const intptr_t taps = kb_conv_count(gather->kernel), depth = cut->channels * taps;
  image_scratch s = open_scratch(cut, cut->rows);
  for (intptr_t i = 0; i < depth; i++)
    s.offsets[i] = tap_offset(cut, i / taps, i % taps / gather->kernel[2], i % gather->kernel[2]);
  for (intptr_t task = (intptr_t)begin; task < (intptr_t)end; task++) {
    const intptr_t group = task % cut->groups, part = task / cut->groups;
    float *sums = job->sums + task * cut->rows * depth * LANES;
    memset(sums, 0, (size_t)(cut->rows * depth * LANES) * sizeof(float));
    for (intptr_t block = part * cut->blocks / job->parts;
         block < (part + 1) * cut->blocks / job->parts; block++) {
      for (intptr_t row = 0; row < gather->output[1]; row += cut->band_rows) {
        const intptr_t count = smaller(cut->band_rows, gather->output[1] - row) * columns;
        const intptr_t image = cut->groups * cut->rows * plane;
        const float *dy = (const float *)conv->dy + block * LANES * image +
                          group * cut->rows * plane + row * columns;
        stage_images(cut, conv->x, block, group, row, &s);
        for (intptr_t r = 0; r < cut->rows; r++)
          lanes->gather(dy + r * plane, image, smaller(LANES, cut->batch - block * LANES), count,
                        s.outputs, s.y + r * count * LANES);
        fill_segments(cut, 0, count / columns, &s);
        const kb_shallow_part staged = {(const char *)s.x, s.offsets, depth, depth, count,
                                        count * LANES, s.segments};
        kb_shallow_active()->dot(&staged, cut->rows, s.y, sums);
      }
    }
  }
  kb_scratch_free(s.memory, s.bytes);
}

void kb_images_run_weight(const kb_conv_weight_job *conv) {
  const kb_conv_gather *gather = &conv->gather;
  dot_job job = {conv, cut_images(gather, conv->batch, conv->groups, conv->channels, conv->rows), 0,
                 NULL};
  job.parts = smaller(IMAGE_PARTS, job.cut.blocks);
  const intptr_t count =
      conv->groups * conv->rows * conv->channels * kb_conv_count(gather->kernel);
  const size_t bytes = (size_t)(job.parts * count * LANES) * sizeof(float);
  job.sums = kb_scratch(bytes);
  kb_parallel_for((size_t)(job.parts * conv->groups), 1, dot_images, &job);
  kb_shallow_active()->collect(job.parts, count, job.sums, conv->dw);
  kb_scratch_free(job.sums, bytes);
}
