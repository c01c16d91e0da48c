// Gathers a tile of patches in two steps. First the part of a channel that the tile reads is staged
// with its padding, each row split into one run per residue of the stride; then every tap of every
// output row is one contiguous run of the staged rows. Runs are copied in 64-byte pieces that may
// overrun into what is written next: on rows of 8 … 32 pixels this is several times faster than a
// memcpy of exact length.
#include "conv_gather.h"

#include <stdbool.h>
#include <string.h>

#include "kb_alloc.h"

// The input rows and columns a tile reads, in coordinates where padding is positive area.
typedef struct conv_box {
  intptr_t start[3], extent[3], run; // run: elements of one residue in a staged row
} conv_box;

static inline void copy_run(char *target, const char *source, size_t bytes) {
  if (bytes <= 16) {
    memcpy(target, source, 16);
    return;
  }
  for (size_t i = 0; i < bytes; i += 64) memcpy(target + i, source + i, 64);
}

static inline intptr_t clamp(intptr_t x, intptr_t high) { return x < 0 ? 0 : x > high ? high : x; }

// Elements low ..< high of a residue's run lie inside of the row.
#define STAGE_RESIDUES(type)                                                                       \
  do {                                                                                             \
    for (intptr_t residue = 0; residue < residues; residue++) {                                    \
      const intptr_t offset = start + residue;                                                     \
      const intptr_t low = offset < 0 ? clamp((-offset + stride - 1) / stride, box->run) : 0;      \
      const intptr_t inside = offset < width ? (width - offset + stride - 1) / stride : 0;         \
      const intptr_t high = inside > low ? clamp(inside, box->run) : low;                          \
      const type *from = (const type *)row + offset;                                               \
      type *to = (type *)target + residue * box->run;                                              \
      for (intptr_t j = 0; j < low; j++) to[j] = (type){0};                                        \
      if (stride == 2)                                                                             \
        for (intptr_t j = low; j < high; j++) to[j] = from[2 * j];                                 \
      else                                                                                         \
        for (intptr_t j = low; j < high; j++) to[j] = from[stride * j];                            \
      for (intptr_t j = high; j < box->run; j++) to[j] = (type){0};                                \
    }                                                                                              \
  } while (0)

typedef struct conv_wide {
  uint64_t low, high;
} conv_wide;

// One padded row, split by residue; `row` NULL is all padding.
static void stage_row(const kb_conv_gather *gather, const conv_box *box, const char *row,
                      char *target) {
  const intptr_t stride = gather->stride[2], start = box->start[2], width = gather->input[2];
  const intptr_t residues = gather->kernel[2] == 1 ? 1 : stride;
  const size_t size = gather->size;
  if (!row) {
    memset(target, 0, (size_t)(box->run * residues) * size);
    return;
  }
  if (stride == 1) {
    intptr_t left = start < 0 ? -start : 0;
    if (left > box->run) left = box->run;
    intptr_t stop = width - start < box->run ? width - start : box->run;
    if (stop < left) stop = left;
    // Padding is a few elements: no call.
    for (size_t i = 0; i < (size_t)left * size; i++) target[i] = 0;
    if (stop > left)
      memcpy(target + (size_t)left * size, row + (start + left) * (intptr_t)size,
             (size_t)(stop - left) * size);
    for (size_t i = (size_t)stop * size; i < (size_t)box->run * size; i++) target[i] = 0;
    return;
  }
  switch (size) {
  case 1: STAGE_RESIDUES(uint8_t); break;
  case 2: STAGE_RESIDUES(uint16_t); break;
  case 4: STAGE_RESIDUES(uint32_t); break;
  case 8: STAGE_RESIDUES(uint64_t); break;
  default: STAGE_RESIDUES(conv_wide); break;
  }
}

static void stage_channel(const kb_conv_gather *gather, const conv_box *box, const char *channel,
                          char *staged, size_t row_bytes) {
  const intptr_t height = gather->input[1], width = gather->input[2];
  for (intptr_t z = 0; z < box->extent[0]; z++) {
    if (gather->kernel[0] == 1 && z % gather->stride[0]) continue;
    intptr_t from_z = box->start[0] + z;
    for (intptr_t y = 0; y < box->extent[1]; y++) {
      if (gather->kernel[1] == 1 && y % gather->stride[1]) continue;
      intptr_t from_y = box->start[1] + y;
      bool inside = from_z >= 0 && from_z < gather->input[0] && from_y >= 0 && from_y < height;
      const char *row =
          inside ? channel + (from_z * height + from_y) * width * (intptr_t)gather->size : NULL;
      stage_row(gather, box, row, staged + (size_t)(z * box->extent[1] + y) * row_bytes);
    }
  }
}

// Copies all taps of one staged channel into its rows of the patch matrix.
static char *emit_taps(const kb_conv_gather *gather, const conv_box *box, const kb_conv_run *runs,
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
static size_t plan_runs(const kb_conv_gather *gather, intptr_t begin, intptr_t end, conv_box *box,
                        kb_conv_run *runs, size_t *row_bytes) {
  const size_t size = gather->size;
  const intptr_t *output = gather->output, *stride = gather->stride;
  intptr_t low[3], high[3];
  pixel_bounds(output, begin, end - 1, low, high);
  for (int d = 0; d < 3; d++) {
    box->start[d] = low[d] * stride[d] - gather->padding[d];
    box->extent[d] =
        (high[d] - low[d]) * stride[d] + (gather->kernel[d] - 1) * gather->dilation[d] + 1;
  }
  box->run = (box->extent[2] + stride[2] - 1) / stride[2];
  const size_t staged_bytes = (size_t)(box->run * (gather->kernel[2] == 1 ? 1 : stride[2])) * size;

  *row_bytes = staged_bytes;
  size_t run_count = 0;
  for (intptr_t pixel = begin; pixel < end;) {
    intptr_t column = pixel % output[2], row = pixel / output[2] % output[1];
    intptr_t slice = pixel / (output[1] * output[2]);
    intptr_t length = output[2] - column < end - pixel ? output[2] - column : end - pixel;
    intptr_t staged_row =
        (slice - low[0]) * stride[0] * box->extent[1] + (row - low[1]) * stride[1];
    runs[run_count++] = (kb_conv_run){
        (size_t)(pixel - begin) * size,
        (size_t)staged_row * staged_bytes + (size_t)(column - low[2]) * size,
        (size_t)length * size,
    };
    pixel += length;
  }
  return run_count;
}

static void gather_image(const kb_conv_gather *gather, const char *x, intptr_t channels,
                         intptr_t begin, intptr_t end, char *patches, size_t pitch) {
  conv_box box;
  kb_conv_run runs[KB_CONV_MAX_TILE];
  size_t row_bytes, run_count = plan_runs(gather, begin, end, &box, runs, &row_bytes);
  size_t staged_bytes = (size_t)(box.extent[0] * box.extent[1]) * row_bytes + KB_CONV_SLACK;
  char *staged = kb_alloc(staged_bytes);
  const size_t channel_bytes = (size_t)kb_conv_count(gather->input) * gather->size;
  for (intptr_t c = 0; c < channels; c++) {
    stage_channel(gather, &box, x + (size_t)c * channel_bytes, staged, row_bytes);
    patches = emit_taps(gather, &box, runs, run_count, staged, row_bytes, patches, pitch);
  }
  kb_free(staged, staged_bytes);
}

// A 1 × 1 convolution without stride or padding reads the image as it lies.
static bool reads_in_place(const kb_conv_gather *gather) {
  for (int d = 0; d < 3; d++) {
    if (gather->kernel[d] != 1 || gather->stride[d] != 1 || gather->padding[d] != 0 ||
        gather->input[d] != gather->output[d])
      return false;
  }
  return true;
}

void kb_conv_gather_tile(const kb_conv_gather *gather, const void *x, size_t image_pitch,
                         intptr_t channels, intptr_t begin, intptr_t end, void *patches,
                         size_t pitch) {
  const intptr_t pixels = kb_conv_count(gather->output);
  if (kb_conv_count(gather->kernel) == 0) return;
  const bool in_place = reads_in_place(gather);
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

void kb_conv_sum_tile(const kb_conv_gather *gather, const float *x, size_t image_pitch,
                      intptr_t begin, intptr_t end, intptr_t rows, const float *w, float *result,
                      intptr_t pitch) {
  const intptr_t pixels = kb_conv_count(gather->output), taps = kb_conv_count(gather->kernel);
  const intptr_t *kernel = gather->kernel, *dilation = gather->dilation, stride = gather->stride[2];
  const kb_conv_sum_runs sum_runs = kb_conv_sum_runs_active();
  size_t offsets[KB_CONV_MAX_SUMMED];
  for (intptr_t pixel = begin; pixel < end;) {
    intptr_t image = pixel / pixels, first = pixel % pixels;
    intptr_t last = pixels < first + end - pixel ? pixels : first + end - pixel;
    conv_box box;
    kb_conv_run runs[KB_CONV_MAX_TILE];
    size_t row_bytes, run_count = plan_runs(gather, first, last, &box, runs, &row_bytes);
    size_t staged_bytes = (size_t)(box.extent[0] * box.extent[1]) * row_bytes + KB_CONV_SLACK;
    char *staged = kb_alloc(staged_bytes);
    stage_channel(gather, &box, (const char *)x + (size_t)image * image_pitch, staged, row_bytes);
    for (intptr_t tap = 0; tap < taps; tap++) {
      intptr_t shift = tap % kernel[2] * dilation[2];
      intptr_t row = tap / (kernel[1] * kernel[2]) * dilation[0] * box.extent[1] +
                     tap / kernel[2] % kernel[1] * dilation[1];
      offsets[tap] = (size_t)row * row_bytes +
                     (size_t)(shift % stride * box.run + shift / stride) * sizeof(float);
    }
    for (intptr_t row = 0; row < rows; row++)
      sum_runs(staged, runs, run_count, offsets, taps, w + row * taps,
               result + row * pitch + (pixel - begin));
    kb_free(staged, staged_bytes);
    pixel += last - first;
  }
}
