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
  SKEW = 16,  // floats between planes, which would all begin in one cache set
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

// Tiles first ..< first + count of a block lie side by side in one row of tiles.
typedef struct tile_run {
  intptr_t image, row, column, first, count;
} tile_run;

static inline tile_run next_run(const tile_grid *grid, intptr_t block, intptr_t first) {
  const intptr_t tile = block * BLOCK + first;
  const intptr_t plane = grid->height * grid->width;
  tile_run run = {tile / plane, tile % plane / grid->width, tile % grid->width, first, 0};
  run.count = grid->width - run.column;
  if (run.count > BLOCK - first) run.count = BLOCK - first;
  if (tile >= grid->tiles) run.count = 0;
  return run;
}

// Copies a row of the image with its padding: columns start ..< start + count.
static inline void copy_padded(const float *row, intptr_t width, intptr_t start, intptr_t count,
                               float *to) {
  intptr_t left = start < 0 ? -start : 0;
  if (left > count) left = count;
  intptr_t stop = width - start < count ? width - start : count;
  if (stop < left) stop = left;
  for (intptr_t i = 0; i < left; i++) to[i] = 0;
  if (stop > left) memcpy(to + left, row + start + left, (size_t)(stop - left) * sizeof(float));
  for (intptr_t i = stop; i < count; i++) to[i] = 0;
}

// to[i][j][tile] = element i, j of each tile's `side` × `side` patch,
// whose corner is at 4 · tile − (pad_y, pad_x) of the plane.
static inline __attribute__((always_inline)) void
split_tiles(const tile_grid *grid, intptr_t block, const float *plane, intptr_t image_stride,
            intptr_t height, intptr_t width, intptr_t pad_y, intptr_t pad_x, intptr_t side,
            float *to) {
  float line[BLOCK * 4 + 2];
  intptr_t first = 0;
  while (first < BLOCK) {
    const tile_run run = next_run(grid, block, first);
    if (run.count == 0) break;
    const float *image = plane + run.image * image_stride;
    for (intptr_t i = 0; i < side; i++) {
      const intptr_t y = run.row * 4 - pad_y + i;
      float *target = to + i * side * BLOCK + first;
      if (y < 0 || y >= height) {
        for (intptr_t j = 0; j < side; j++)
          for (intptr_t tile = 0; tile < run.count; tile++) target[j * BLOCK + tile] = 0;
        continue;
      }
      copy_padded(image + y * width, width, run.column * 4 - pad_x, run.count * 4 + side - 4, line);
      for (intptr_t tile = 0; tile < run.count; tile++)
        for (intptr_t j = 0; j < side; j++) target[j * BLOCK + tile] = line[tile * 4 + j];
    }
    first += run.count;
  }
  if (first == BLOCK) return;
  for (intptr_t plane_index = 0; plane_index < side * side; plane_index++)
    for (intptr_t tile = first; tile < BLOCK; tile++) to[plane_index * BLOCK + tile] = 0;
}

#endif
