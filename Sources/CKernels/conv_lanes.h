// Sixteen channels side by side. Images have channels outermost; what computes with vectors of
// channels turns a part of an image that fits the first cache levels, and turns its results back.
#ifndef KB_CONV_LANES_H
#define KB_CONV_LANES_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { KB_LANES = 16 };

typedef struct kb_lane_kernels {
  // to[positions[p] + c] = planes[c · stride + p] for p < count; zero for c ≥ channels.
  void (*gather)(const float *planes, intptr_t stride, intptr_t channels, intptr_t count,
                 const int32_t *positions, float *to);
  // planes[c · stride + p] = from[pitch · p + c] for p < count, c < channels.
  void (*scatter)(const float *from, intptr_t pitch, intptr_t channels, intptr_t count,
                  float *planes, intptr_t stride);
  // The same for bytes, to[16 · p + c] and back.
  void (*gather_bytes)(const uint8_t *planes, intptr_t stride, intptr_t channels, intptr_t count,
                       int32_t *to);
  void (*scatter_bytes)(const int32_t *from, intptr_t channels, intptr_t count, uint8_t *planes,
                        intptr_t stride);
  // to[16 · j + i] = from[i · stride + j] for i, j < 16.
  void (*transpose)(const float *from, intptr_t stride, float *to);
  // to[9 · c + t] = from[16 · t + c] for t < 9, c < 16.
  void (*join_nines)(const float *from, float *to);
} kb_lane_kernels;

const kb_lane_kernels *kb_lanes_active(void);

// Some rows and columns of a plane, with zeros where they lie outside of it.
typedef struct kb_lane_stage {
  intptr_t height, width;               // of the plane
  intptr_t first_row, first_column;     // may be negative
  intptr_t rows, columns;               // staged
  intptr_t pixel;                       // floats from one staged pixel to the next
  intptr_t top, left, runs, run, lines; // what lies inside: `runs` runs of `run` pixels
  float *pixels;
  int32_t *positions; // where each pixel inside goes
} kb_lane_stage;

static inline size_t kb_lane_stage_bytes(intptr_t rows, intptr_t columns, intptr_t pixel) {
  return (size_t)(rows * columns * pixel) * sizeof(float) +
         (size_t)(rows * columns) * sizeof(int32_t);
}

// Completes a stage whose plane, rows and columns are set; `memory` of kb_lane_stage_bytes.
static inline void kb_lane_stage_plan(kb_lane_stage *stage, intptr_t pixel, void *memory) {
  const intptr_t row_end = stage->first_row + stage->rows;
  const intptr_t column_end = stage->first_column + stage->columns;
  const intptr_t bottom = row_end < stage->height ? row_end : stage->height;
  const intptr_t right = column_end < stage->width ? column_end : stage->width;
  stage->pixel = pixel;
  stage->pixels = memory;
  stage->positions = (int32_t *)(stage->pixels + stage->rows * stage->columns * pixel);
  stage->top = stage->first_row > 0 ? stage->first_row : 0;
  stage->left = stage->first_column > 0 ? stage->first_column : 0;
  const intptr_t lines = bottom > stage->top ? bottom - stage->top : 0;
  const intptr_t width = right > stage->left ? right - stage->left : 0;
  if (lines * width < stage->rows * stage->columns)
    memset(memory, 0, (size_t)(stage->rows * stage->columns * pixel) * sizeof(float));
  int32_t *position = stage->positions;
  for (intptr_t y = 0; y < lines; y++) {
    const intptr_t row = stage->top - stage->first_row + y;
    for (intptr_t x = 0; x < width; x++)
      *position++ =
          (int32_t)((row * stage->columns + stage->left - stage->first_column + x) * pixel);
  }
  // Rows of full width follow one another without a gap.
  const int joined = width == stage->width;
  stage->lines = lines;
  stage->runs = joined ? (lines > 0) : lines;
  stage->run = joined ? lines * width : width;
}

// Up to sixteen channels, of which `plane` is the first one's and the next lies `stride` floats behind,
// to pixels[…][channel].
static inline void kb_lane_stage_fill(const kb_lane_kernels *kernels, const kb_lane_stage *stage,
                                      const float *plane, intptr_t stride, intptr_t channels,
                                      intptr_t channel) {
  const float *from = plane + stage->top * stage->width + stage->left;
  for (intptr_t run = 0; run < stage->runs; run++)
    kernels->gather(from + run * stage->width, stride, channels, stage->run,
                    stage->positions + run * stage->run, stage->pixels + channel);
}

#endif
