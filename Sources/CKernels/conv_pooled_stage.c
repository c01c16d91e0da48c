#include "conv_pooled_stage.h"

#include "pool_rectified.h"

#pragma STDC FP_CONTRACT OFF

// Windows that some pixels in a row lie in, at most.
static inline intptr_t windows(intptr_t pixels) { return pixels / 2 + 1; }

size_t kb_pooled_stage_bytes(intptr_t rows, intptr_t columns) {
  const intptr_t outputs = windows(rows) * windows(columns), line = 2 * windows(columns);
  return (size_t)((2 * outputs + 2 * line) * KB_LANES + outputs) * sizeof(float);
}

void kb_pooled_stage_fill(const kb_lane_kernels *kernels, const kb_lane_stage *stage,
                          const float *dy, const uint8_t *which, intptr_t index, intptr_t channels,
                          void *memory) {
  const kb_rectified_kernels *rectified = kb_rectified_active();
  const intptr_t height = stage->height / 2, width = stage->width / 2, plane = height * width;
  const intptr_t bottom = stage->top + stage->lines;
  const intptr_t right = stage->left + (stage->runs > 0 ? stage->runs == stage->lines
                                            ? stage->run : stage->width : 0);
  // The windows that reach into the stage.
  const intptr_t first = stage->top / 2, left = stage->left / 2;
  const intptr_t last = (bottom + 1) / 2 < height ? (bottom + 1) / 2 : height;
  const intptr_t columns = ((right + 1) / 2 < width ? (right + 1) / 2 : width) - left;
  const intptr_t rows = last > first ? last - first : 0;
  const intptr_t outputs = windows(stage->rows) * windows(stage->columns);
  float *values = memory, *spare = values + 2 * outputs * KB_LANES;
  int32_t *codes = (int32_t *)(values + outputs * KB_LANES);
  int32_t *positions = (int32_t *)(spare + 4 * windows(stage->columns) * KB_LANES);
  const intptr_t joined = columns == width, runs = joined ? rows > 0 : rows;
  const intptr_t run = joined ? rows * width : columns;
  for (intptr_t i = 0; i < run; i++) positions[i] = (int32_t)(KB_LANES * i);
  for (intptr_t i = 0; i < runs; i++) {
    const intptr_t from = index * plane + (first + i) * width + left;
    kernels->gather(dy + from, plane, channels, run, positions, values + i * run * KB_LANES);
    kernels->gather_bytes(which + from, plane, channels, run, codes + i * run * KB_LANES);
  }
  const intptr_t inside = right - stage->left;
  const intptr_t whole = 2 * left == stage->left && 2 * columns <= inside;
  float *below = spare + 2 * windows(stage->columns) * KB_LANES;
  for (intptr_t row = first; row < last; row++) {
    const float *value = values + (row - first) * columns * KB_LANES;
    const int32_t *code = codes + (row - first) * columns * KB_LANES;
    float *to[2], *lines[2] = {spare, below};
    for (int half = 0; half < 2; half++) {
      const intptr_t line = 2 * row + half;
      to[half] = line < stage->top || line >= bottom
                     ? NULL
                     : stage->pixels + ((line - stage->first_row) * stage->columns + stage->left -
                                        stage->first_column) *
                                           KB_LANES;
      if (whole && to[half]) lines[half] = to[half];
    }
    rectified->spread_lanes(columns, value, code, lines[0], lines[1]);
    for (int half = 0; half < 2; half++) {
      if (!to[half]) continue;
      const intptr_t shift = stage->left - 2 * left, some = 2 * columns - shift;
      const intptr_t count = some < inside ? some : inside;
      if (!whole)
        memcpy(to[half], lines[half] + shift * KB_LANES,
               (size_t)(count * KB_LANES) * sizeof(float));
      // A last column in no window.
      if (count < inside)
        memset(to[half] + count * KB_LANES, 0,
               (size_t)((inside - count) * KB_LANES) * sizeof(float));
    }
  }
  // A last row in no window.
  for (intptr_t line = 2 * last > stage->top ? 2 * last : stage->top; line < bottom; line++)
    memset(stage->pixels + ((line - stage->first_row) * stage->columns + stage->left -
                            stage->first_column) *
                               KB_LANES,
           0, (size_t)(inside * KB_LANES) * sizeof(float));
}
