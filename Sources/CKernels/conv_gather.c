// Gathers a tile of patches in two steps: the part of a channel that the tile reads is staged; then
// every tap of every output row is one contiguous run of the staged rows. Runs are copied in 64-byte
// pieces that may overrun into what is written next: on rows of 8 … 32 pixels this is several times
// faster than a memcpy of exact length.
#include "conv_gather.h"

#include <string.h>

#include "conv_stage.h"
#include "kb_alloc.h"
#include "kb_threads.h"

// A run of output pixels: where it begins, in bytes, in its tile and (for a tap at 0) in staged rows.
typedef struct conv_run {
  size_t target, source, bytes;
} conv_run;

static inline void copy_run(char *target, const char *source, size_t bytes) {
  if (bytes <= 16) {
    memcpy(target, source, 16);
    return;
  }
  for (size_t i = 0; i < bytes; i += 64) memcpy(target + i, source + i, 64);
}

// Copies all taps of one staged channel into its rows of the patch matrix.
static char *emit_taps(const kb_conv_gather *gather, const kb_conv_box *box, const conv_run *runs,
                       size_t run_count, const char *staged, size_t row_bytes, char *target,
                       size_t pitch) {
  const intptr_t *kernel = gather->kernel, *dilation = gather->dilation;
  for (intptr_t z = 0; z < kernel[0]; z++) {
    for (intptr_t y = 0; y < kernel[1]; y++) {
      const char *rows =
          staged + (size_t)(z * dilation[0] * box->extent[1] + y * dilation[1]) * row_bytes;
      for (intptr_t x = 0; x < kernel[2]; x++) {
        intptr_t shift = x * dilation[2], stride = gather->stride[2];
        const char *tap =
            rows + (size_t)(shift % stride * box->run + shift / stride) * gather->size;
        for (size_t r = 0; r < run_count; r++)
          copy_run(target + runs[r].target, tap + runs[r].source, runs[r].bytes);
        target += pitch;
      }
    }
  }
  return target;
}

// Bounds of the output pixels first … last (inclusive) of one image in each dimension.
static void pixel_bounds(const intptr_t output[3], intptr_t first, intptr_t last, intptr_t low[3],
                         intptr_t high[3]) {
  intptr_t plane = output[1] * output[2];
  low[0] = first / plane, high[0] = last / plane;
  bool one_slice = low[0] == high[0];
  low[1] = one_slice ? first % plane / output[2] : 0;
  high[1] = one_slice ? last % plane / output[2] : output[1] - 1;
  bool one_row = one_slice && low[1] == high[1];
  low[2] = one_row ? first % output[2] : 0;
  high[2] = one_row ? last % output[2] : output[2] - 1;
}

// Which part of a channel the pixels begin ..< end of an image read, and their rows as runs of it.
static size_t plan_runs(const kb_conv_gather *gather, intptr_t begin, intptr_t end, kb_conv_box *box,
                        conv_run *runs, size_t *row_bytes) {
  const size_t size = gather->size;
  const intptr_t *output = gather->output, *stride = gather->stride;
  intptr_t low[3], high[3];
  pixel_bounds(output, begin, end - 1, low, high);
  for (int d = 0; d < 3; d++) {
    box->start[d] = low[d] * stride[d] - gather->padding[d];
    box->extent[d] =
        (high[d] - low[d]) * stride[d] + (gather->kernel[d] - 1) * gather->dilation[d] + 1;
  }
  *row_bytes = kb_conv_box_runs(gather, box);
  size_t run_count = 0;
  for (intptr_t pixel = begin; pixel < end;) {
    intptr_t column = pixel % output[2], row = pixel / output[2] % output[1];
    intptr_t slice = pixel / (output[1] * output[2]);
    intptr_t length = output[2] - column < end - pixel ? output[2] - column : end - pixel;
    intptr_t staged_row =
        (slice - low[0]) * stride[0] * box->extent[1] + (row - low[1]) * stride[1];
    runs[run_count++] = (conv_run){
        (size_t)(pixel - begin) * size,
        (size_t)staged_row * *row_bytes + (size_t)(column - low[2]) * size,
        (size_t)length * size,
    };
    pixel += length;
  }
  return run_count;
}

static void gather_image(const kb_conv_gather *gather, const char *x, intptr_t channels,
                         intptr_t begin, intptr_t end, char *patches, size_t pitch) {
  kb_conv_box box;
  conv_run runs[KB_CONV_MAX_TILE];
  size_t row_bytes, run_count = plan_runs(gather, begin, end, &box, runs, &row_bytes);
  size_t staged_bytes = (size_t)(box.extent[0] * box.extent[1]) * row_bytes + KB_CONV_SLACK;
  char *staged = kb_scratch(staged_bytes);
  const size_t channel_bytes = (size_t)kb_conv_count(gather->input) * gather->size;
  for (intptr_t c = 0; c < channels; c++) {
    kb_conv_stage_channel(gather, &box, x + (size_t)c * channel_bytes, staged, row_bytes);
    patches = emit_taps(gather, &box, runs, run_count, staged, row_bytes, patches, pitch);
  }
  kb_scratch_free(staged, staged_bytes);
}

bool kb_conv_reads_in_place(const kb_conv_gather *gather) {
  for (int d = 0; d < 3; d++) {
    if (gather->kernel[d] != 1 || gather->stride[d] != 1 || gather->padding[d] != 0 ||
        gather->input[d] != gather->output[d])
      return false;
  }
  return true;
}

typedef struct pixel_job {
  const kb_conv_gather *gather;
  float *pixels, *x; // one is written
  const float *fill;
  intptr_t fills;
} pixel_job;

// The rows of some planes that are read, in order.
#define EACH_ROW(BODY)                                                                             \
  const pixel_job *job = context;                                                                  \
  const intptr_t *input = job->gather->input, *output = job->gather->output;                       \
  const intptr_t *stride = job->gather->stride, columns = output[2], step = stride[2];             \
  float *pixels = job->pixels + (intptr_t)begin * kb_conv_count(output);                           \
  for (intptr_t plane = (intptr_t)begin; plane < (intptr_t)end; plane++)                           \
    for (intptr_t z = 0; z < output[0]; z++)                                                       \
      for (intptr_t y = 0; y < output[1]; y++, pixels += columns) {                                \
        float *row = job->x + ((plane * input[0] + z * stride[0]) * input[1] + y * stride[1]) * input[2]; \
        BODY                                                                                       \
      }

static void read_pixels(void *context, size_t begin, size_t end) {
  EACH_ROW({
    if (step == 2)
      for (intptr_t i = 0; i < columns; i++) pixels[i] = row[2 * i];
    else
      for (intptr_t i = 0; i < columns; i++) pixels[i] = row[step * i];
  })
}

static void spread_pixels(void *context, size_t begin, size_t end) {
  const pixel_job *all = context;
  const intptr_t count = kb_conv_count(all->gather->input);
  for (intptr_t plane = (intptr_t)begin; plane < (intptr_t)end; plane++) {
    const float fill = all->fill ? all->fill[plane % all->fills] : 0;
    for (intptr_t i = plane * count; i < (plane + 1) * count; i++) all->x[i] = fill;
  }
  EACH_ROW({
    for (intptr_t i = 0; i < columns; i++) row[step * i] = pixels[i];
  })
}

static size_t planes_of_task(const kb_conv_gather *gather) {
  return (size_t)(1 + 16384 / (1 + kb_conv_count(gather->input)));
}

bool kb_conv_reads_pixels(const kb_conv_gather *gather) {
  for (int d = 0; d < 3; d++) {
    if (gather->kernel[d] != 1 || gather->padding[d] != 0 ||
        (gather->output[d] - 1) * gather->stride[d] >= gather->input[d])
      return false;
  }
  return kb_conv_count(gather->stride) > 1;
}

kb_conv_gather kb_conv_of_pixels(const kb_conv_gather *gather) {
  kb_conv_gather dense = *gather;
  memcpy(dense.input, gather->output, sizeof dense.input);
  for (int d = 0; d < 3; d++) dense.stride[d] = 1;
  return dense;
}

float *kb_conv_read_pixels(const kb_conv_gather *gather, const void *x, intptr_t planes) {
  if (gather->size != sizeof(float) || !kb_conv_reads_pixels(gather)) return NULL;
  float *pixels = kb_scratch((size_t)(planes * kb_conv_count(gather->output)) * sizeof(float));
  pixel_job job = {gather, pixels, (float *)x, NULL, 1};
  kb_parallel_for((size_t)planes, planes_of_task(gather), read_pixels, &job);
  return pixels;
}

void kb_conv_spread_pixels(const kb_conv_gather *gather, const float *pixels, intptr_t planes,
                           const float *fill, intptr_t fills, float *x) {
  pixel_job job = {gather, (float *)pixels, x, fill, fills};
  kb_parallel_for((size_t)planes, planes_of_task(gather), spread_pixels, &job);
}

void kb_conv_gather_tile(const kb_conv_gather *gather, const void *x, size_t image_pitch,
                         intptr_t channels, intptr_t begin, intptr_t end, void *patches,
                         size_t pitch) {
  const intptr_t pixels = kb_conv_count(gather->output);
  if (kb_conv_count(gather->kernel) == 0) return;
  const bool in_place = kb_conv_reads_in_place(gather);
  for (intptr_t pixel = begin; pixel < end;) {
    intptr_t image = pixel / pixels, first = pixel % pixels;
    intptr_t last = pixels < first + end - pixel ? pixels : first + end - pixel;
    const char *source = (const char *)x + (size_t)image * image_pitch;
    char *target = (char *)patches + (size_t)(pixel - begin) * gather->size;
    if (in_place) {
      for (intptr_t c = 0; c < channels; c++)
        memcpy(target + (size_t)c * pitch, source + (size_t)(c * pixels + first) * gather->size,
               (size_t)(last - first) * gather->size);
    } else {
      gather_image(gather, source, channels, first, last, target, pitch);
    }
    pixel += last - first;
  }
}
