// What the forward and the weight gradient of Winograd's convolution share: cutting planes into
// tiles.
#ifndef KB_CONV_WINOGRAD_TILES_H
#define KB_CONV_WINOGRAD_TILES_H

#include <string.h>

#include "conv_winograd.h"

enum {
  POINTS = 36,
  LANES = KB_WINOGRAD_LANES,
  BLOCK = 32, // tiles
  AHEAD = 2,  // channels between the one whose rows are asked for and the one in work
  SKEW = 16,  // floats between planes, which would all begin in one cache set
  // A staged line holds four columns for each tile and four more after each run of tiles, of which
  // there may be one for each, then four zeros; the loads of the last ones reach four further.
  LINE = 8 * BLOCK + 8,
};

// The tiles of the output planes, and which part of them a block holds.
typedef struct tile_grid {
  intptr_t height, width, tiles; // tiles down, across, in all images
} tile_grid;

static inline tile_grid make_grid(const kb_conv_gather *gather, intptr_t batch) {
  tile_grid grid = {(gather->output[1] + 3) / 4, (gather->output[2] + 3) / 4, 0};
  grid.tiles = batch * grid.height * grid.width;
  return grid;
}

// Tiles that lie side by side in one row of tiles; `staged`: where their columns begin in a line.
typedef struct tile_run {
  intptr_t image, row, column, count, staged;
} tile_run;

// The tiles of a block. It is the same for all channels.
typedef struct tile_block {
  intptr_t run_count, zeros; // zeros: where in a line they are
  tile_run runs[BLOCK];
  int32_t offsets[BLOCK]; // of each tile in a line; of the zeros where there is none
} tile_block;

static inline void plan_block(const tile_grid *grid, intptr_t block, tile_block *plan) {
  const intptr_t plane = grid->height * grid->width;
  intptr_t first = 0, staged = 0;
  plan->run_count = 0;
  while (first < BLOCK && block * BLOCK + first < grid->tiles) {
    const intptr_t tile = block * BLOCK + first;
    tile_run run = {tile / plane, tile % plane / grid->width, tile % grid->width, 0, staged};
    run.count = grid->width - run.column;
    if (run.count > BLOCK - first) run.count = BLOCK - first;
    for (intptr_t i = 0; i < run.count; i++)
      plan->offsets[first + i] = (int32_t)(staged + 4 * i);
    plan->runs[plan->run_count++] = run;
    first += run.count;
    staged += 4 * run.count + 4;
  }
  plan->zeros = staged;
  for (; first < BLOCK; first++) plan->offsets[first] = (int32_t)staged;
}

// memcpy of few floats, without a call.
static inline void copy_floats(float *to, const float *from, intptr_t count) {
  if (count >= 16) {
    for (intptr_t i = 0; i + 16 < count; i += 16) memcpy(to + i, from + i, 64);
    memcpy(to + count - 16, from + count - 16, 64);
  } else if (count >= 8) {
    memcpy(to, from, 32);
    memcpy(to + count - 8, from + count - 8, 32);
  } else if (count >= 4) {
    memcpy(to, from, 16);
    memcpy(to + count - 4, from + count - 4, 16);
  } else {
    for (intptr_t i = 0; i < count; i++) to[i] = from[i];
  }
}

// Copies columns start ..< start + count of a row, zero outside of it.
static inline void copy_padded(const float *row, intptr_t width, intptr_t start, intptr_t count,
                               float *to) {
  intptr_t left = start < 0 ? -start : 0;
  if (left > count) left = count;
  intptr_t stop = width - start < count ? width - start : count;
  if (stop < left) stop = left;
  for (intptr_t i = 0; i < left; i++) to[i] = 0;
  copy_floats(to + left, row + start + left, stop - left);
  for (intptr_t i = stop; i < count; i++) to[i] = 0;
}

// The rows and columns a block reads of one channel: lines[i] holds row i of each tile's patch of
// `side` × `side` elements, whose corner is at 4 · tile − (pad_y, pad_x) of the plane.
static inline void stage_lines(const tile_block *block, const float *plane, intptr_t image_stride,
                               intptr_t height, intptr_t width, intptr_t pad_y, intptr_t pad_x,
                               intptr_t side, float *lines) {
  for (intptr_t r = 0; r < block->run_count; r++) {
    const tile_run run = block->runs[r];
    const float *image = plane + run.image * image_stride;
    const intptr_t columns = 4 * run.count + side - 4;
    for (intptr_t i = 0; i < side; i++) {
      const intptr_t y = run.row * 4 - pad_y + i;
      float *to = lines + i * LINE + run.staged;
      if (y < 0 || y >= height)
        memset(to, 0, (size_t)columns * sizeof(float));
      else
        copy_padded(image + y * width, width, run.column * 4 - pad_x, columns, to);
    }
  }
  for (intptr_t i = 0; i < side; i++) memset(lines + i * LINE + block->zeros, 0, 8 * sizeof(float));
}

// Rows of a block are too short for the processor to see a stream in them: those of a channel that
// is staged later are asked for ahead.
static inline void fetch_lines(const tile_block *block, const float *plane, intptr_t image_stride,
                               intptr_t height, intptr_t width, intptr_t pad_y) {
  for (intptr_t r = 0; r < block->run_count; r++) {
    const tile_run run = block->runs[r];
    const float *image = plane + run.image * image_stride + run.column * 4;
    const intptr_t columns = width - run.column * 4 < 4 * run.count ? width - run.column * 4
                                                                     : 4 * run.count;
    for (intptr_t i = 0; i < 4; i++) {
      const intptr_t y = run.row * 4 - pad_y + i;
      if (y < 0 || y >= height) continue;
      for (intptr_t x = 0; x < columns; x += 16) __builtin_prefetch(image + y * width + x);
    }
  }
}

#endif
