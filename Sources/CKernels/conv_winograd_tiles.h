// What the forward and the weight gradient of Winograd's convolution share: cutting planes into
// blocks of tiles.
#ifndef KB_CONV_WINOGRAD_TILES_H
#define KB_CONV_WINOGRAD_TILES_H

#include <string.h>

#include "conv_direct.h"
#include "conv_pooled_stage.h"
#include "conv_sizes.h"
#include "conv_winograd.h"

enum {
  POINTS = 36,
  LANES = KB_LANES,
  PANEL = 2 * LANES, // output channels multiplied together
  SKEW = 16,         // floats between planes, which would all begin in one cache set
};

static inline intptr_t lanes_up(intptr_t channels) { return divided_up(channels, LANES) * LANES; }

// The tiles of the output planes, cut into blocks: whole planes of `images` images, or `rows` rows
// of tiles of one image, or `columns` of one such row.
typedef struct tile_grid {
  intptr_t height, width, tiles; // tiles down, across, in all images
  intptr_t batch, images, rows, columns, blocks;
} tile_grid;

typedef struct tile_block {
  intptr_t image, images, row, rows, column, columns, tiles;
} tile_block;

// Blocks of about `wanted` tiles.
static inline tile_grid make_grid(const kb_conv_gather *gather, intptr_t batch, intptr_t wanted) {
  tile_grid grid = {.height = divided_up(gather->output[1], 4),
                    .width = divided_up(gather->output[2], 4)};
  const intptr_t plane = grid.height * grid.width;
  grid.tiles = batch * plane;
  grid.batch = batch;
  grid.images = plane <= wanted ? smaller(wanted / plane, batch) : 1;
  // Parts of equal size, whatever is left over.
  grid.images = divided_up(batch, divided_up(batch, grid.images));
  grid.rows = plane <= wanted ? grid.height : grid.width <= wanted ? wanted / grid.width : 1;
  grid.rows = divided_up(grid.height, divided_up(grid.height, grid.rows));
  grid.columns = divided_up(grid.width, divided_up(grid.width, wanted < 8 ? 8 : wanted));
  grid.blocks = divided_up(batch, grid.images) * divided_up(grid.height, grid.rows) *
                divided_up(grid.width, grid.columns);
  return grid;
}

static inline tile_block block_at(const tile_grid *grid, intptr_t index) {
  const intptr_t across = divided_up(grid->width, grid->columns);
  const intptr_t down = divided_up(grid->height, grid->rows);
  tile_block block = {.image = index / (across * down) * grid->images,
                      .row = index / across % down * grid->rows,
                      .column = index % across * grid->columns};
  block.images = smaller(grid->images, grid->batch - block.image);
  block.rows = smaller(grid->rows, grid->height - block.row);
  block.columns = smaller(grid->columns, grid->width - block.column);
  block.tiles = block.images * block.rows * block.columns;
  return block;
}

static inline intptr_t largest_block(const tile_grid *grid) {
  return grid->images * grid->rows * grid->columns;
}

static inline size_t stage_bytes(const tile_grid *grid, intptr_t side) {
  const intptr_t rows = 4 * grid->rows + side - 4, columns = 4 * grid->columns + side - 4;
  return kb_lane_stage_bytes(rows, columns, LANES) + kb_pooled_stage_bytes(rows, columns);
}

// Sixteen channels from `plane` on; `which` where they are pooled.
static inline void fill_stage(const kb_lane_kernels *lanes, const kb_lane_stage *stage,
                              const float *planes, const uint8_t *which, intptr_t plane,
                              intptr_t channels) {
  if (which)
    kb_pooled_stage_fill(lanes, stage, planes, which, plane, channels,
                         stage->positions + stage->rows * stage->columns);
  else
    kb_lane_stage_fill(lanes, stage, planes + plane * stage->height * stage->width, channels, 0);
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

// to[point][tile][channel] of sixteen channels of some images of a block.
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
