// What the forward and the weight gradient of Winograd's convolution share: cutting planes into
// blocks of tiles.
#ifndef KB_CONV_WINOGRAD_TILES_H
#define KB_CONV_WINOGRAD_TILES_H

#include <string.h>

#include "conv_direct.h"
#include "conv_pooled_stage.h"
#include "conv_sizes.h"
#include "conv_slices.h"
#include "conv_winograd.h"

enum {
  POINTS = 36,
  LANES = KB_LANES,
  PANEL = 2 * LANES, // output channels multiplied together
  SKEW = 16,         // floats between planes, which would all begin in one cache set
};

static inline intptr_t lanes_up(intptr_t channels) { return divided_up(channels, LANES) * LANES; }

// The tiles of the output planes, cut into blocks: whole images, or some slices of one image, whole or
// `rows` rows of tiles of each, or `columns` of one such row.
typedef struct tile_grid {
  intptr_t depth, height, width; // slices of an image; tiles down, across
  intptr_t batch, images, slices, rows, columns, blocks;
  intptr_t planes; // of the input, for the slices of a block, at most
} tile_grid;

// Its tiles lie slice by slice, and for each slice image by image.
typedef struct tile_block {
  intptr_t image, images, slice, slices, row, rows, column, columns;
  intptr_t area, tiles; // tiles of a slice in all images, in all slices
  conv_range planes;    // of the input
} tile_block;

// Slices of a block share the transforms of the planes that they read. So many have at least a row of tiles.
enum { SHARING_SLICES = 4 };

// Blocks of about `wanted` tiles. Parts of equal size, whatever is left over.
static inline tile_grid make_grid(const kb_conv_gather *gather, intptr_t batch, intptr_t wanted) {
  tile_grid grid = {.depth = gather->output[0],
                    .height = divided_up(gather->output[1], 4),
                    .width = divided_up(gather->output[2], 4),
                    .batch = batch};
  const intptr_t plane = grid.height * grid.width, volume = grid.depth * plane;
  grid.images = volume <= wanted ? smaller(wanted / volume, batch) : 1;
  grid.images = divided_up(batch, divided_up(batch, grid.images));
  const intptr_t sharing = smaller(SHARING_SLICES, larger(2 * wanted / grid.width, 1));
  const intptr_t least = gather->kernel[0] > 1 ? smaller(sharing, grid.depth) : 1;
  grid.slices = smaller(larger(wanted / plane, least), grid.depth);
  grid.slices = divided_up(grid.depth, divided_up(grid.depth, grid.slices));
  wanted = larger(wanted / least, smaller(grid.width, wanted)); // of a slice
  grid.rows = plane <= wanted ? grid.height : grid.width <= wanted ? wanted / grid.width : 1;
  grid.rows = divided_up(grid.height, divided_up(grid.height, grid.rows));
  grid.columns = divided_up(grid.width, divided_up(grid.width, wanted < 8 ? 8 : wanted));
  grid.blocks = divided_up(batch, grid.images) * divided_up(grid.depth, grid.slices) *
                divided_up(grid.height, grid.rows) * divided_up(grid.width, grid.columns);
  grid.planes = smaller(grid.slices + (gather->kernel[0] - 1) * gather->dilation[0], gather->input[0]);
  return grid;
}

static inline tile_block block_at(const kb_conv_gather *gather, const tile_grid *grid,
                                  intptr_t index) {
  const intptr_t across = divided_up(grid->width, grid->columns);
  const intptr_t down = divided_up(grid->height, grid->rows);
  const intptr_t deep = divided_up(grid->depth, grid->slices);
  tile_block block = {.image = index / (across * down * deep) * grid->images,
                      .slice = index / (across * down) % deep * grid->slices,
                      .row = index / across % down * grid->rows,
                      .column = index % across * grid->columns};
  block.images = smaller(grid->images, grid->batch - block.image);
  block.slices = smaller(grid->slices, grid->depth - block.slice);
  block.rows = smaller(grid->rows, grid->height - block.row);
  block.columns = smaller(grid->columns, grid->width - block.column);
  block.area = block.images * block.rows * block.columns;
  block.tiles = block.slices * block.area;
  block.planes = planes_read(gather, block.slice, block.slice + block.slices);
  return block;
}

static inline intptr_t largest_area(const tile_grid *grid) {
  return grid->images * grid->rows * grid->columns;
}

static inline size_t stage_bytes(const tile_grid *grid, intptr_t side) {
  const intptr_t rows = 4 * grid->rows + side - 4, columns = 4 * grid->columns + side - 4;
  return kb_lane_stage_bytes(rows, columns, LANES) + kb_pooled_stage_bytes(rows, columns);
}

// Plane `slice` of sixteen channels of `depth` planes, of which `channel` is the first; `which` where they
// are pooled, which only single planes are.
static inline void fill_stage(const kb_lane_kernels *lanes, const kb_lane_stage *stage,
                              const float *x, const uint8_t *which, intptr_t channel,
                              intptr_t depth, intptr_t slice, intptr_t channels) {
  const intptr_t plane = stage->height * stage->width;
  if (which)
    kb_pooled_stage_fill(lanes, stage, x, which, channel, channels,
                         stage->positions + stage->rows * stage->columns);
  else
    kb_lane_stage_fill(lanes, stage, x + (channel * depth + slice) * plane, depth * plane, channels,
                       0);
}

// A block's pixels of one image, [row][column][16 channels]; a tile has `side` pixels across.
static inline kb_lane_stage make_stage(const tile_block *block, const intptr_t plane[3],
                                       intptr_t pad_y, intptr_t pad_x, intptr_t side,
                                       void *memory) {
  kb_lane_stage stage = {.height = plane[1],
                         .width = plane[2],
                         .first_row = 4 * block->row - pad_y,
                         .first_column = 4 * block->column - pad_x,
                         .rows = 4 * block->rows + side - 4,
                         .columns = 4 * block->columns + side - 4};
  kb_lane_stage_plan(&stage, LANES, memory);
  return stage;
}

// to[point][tile][channel] of sixteen channels of a plane.
static inline void transform_stage(
    const kb_lane_stage *stage, const tile_block *block,
    void (*transform)(const float *from, intptr_t pitch, float *to, intptr_t stride), float *to,
    intptr_t tile_pitch, intptr_t stride) {
  const intptr_t pitch = stage->columns * LANES;
  for (intptr_t y = 0; y < block->rows; y++) {
    for (intptr_t x = 0; x < block->columns; x++, to += tile_pitch)
      transform(stage->pixels + 4 * y * pitch + 4 * x * LANES, pitch, to, stride);
  }
}

#endif
