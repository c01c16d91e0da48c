// What the forward and the weight gradient of Winograd's convolution share: cutting planes into
// blocks of tiles, and their pixels with channels innermost.
#ifndef KB_CONV_WINOGRAD_TILES_H
#define KB_CONV_WINOGRAD_TILES_H

#include <string.h>

#include "conv_winograd.h"
#include "gemm.h"

enum {
  POINTS = 36,
  LANES = KB_WINOGRAD_LANES,
  PANEL = 2 * LANES, // output channels multiplied together
  SKEW = 16,         // floats between planes, which would all begin in one cache set
};

static inline intptr_t smaller(intptr_t a, intptr_t b) { return a < b ? a : b; }
static inline intptr_t divided_up(intptr_t a, intptr_t b) { return (a + b - 1) / b; }
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
  tile_grid grid = {divided_up(gather->output[1], 4), divided_up(gather->output[2], 4), 0};
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

// A block's pixels of one image: [row][column][16 channels], with zeros outside of the plane.
typedef struct tile_stage {
  intptr_t side, pad_y, pad_x;  // pixels of a tile across, before the plane
  intptr_t height, width;       // of the plane
  intptr_t pitch;               // floats of a row of pixels
  intptr_t top, left, lines, count, runs, run_stride; // runs of pixels to read
  float *pixels;
  int32_t *positions;
} tile_stage;

static inline size_t stage_bytes(const tile_grid *grid, intptr_t side) {
  const intptr_t rows = 4 * grid->rows + side - 4, columns = 4 * grid->columns + side - 4;
  return (size_t)(rows * columns * LANES) * sizeof(float) +
         (size_t)(rows * columns + LANES) * sizeof(int32_t);
}

// `memory` of stage_bytes.
static inline void plan_stage(tile_stage *stage, const tile_block *block, void *memory) {
  const intptr_t rows = 4 * block->rows + stage->side - 4;
  const intptr_t columns = 4 * block->columns + stage->side - 4;
  stage->pitch = columns * LANES;
  stage->pixels = memory;
  stage->positions = (int32_t *)(stage->pixels + rows * stage->pitch);
  const intptr_t first = 4 * block->row - stage->pad_y, left = 4 * block->column - stage->pad_x;
  stage->top = first > 0 ? first : 0;
  stage->left = left > 0 ? left : 0;
  stage->lines = smaller(first + rows, stage->height) - stage->top;
  const intptr_t width = smaller(left + columns, stage->width) - stage->left;
  memset(memory, 0, (size_t)(rows * stage->pitch) * sizeof(float));
  int32_t *position = stage->positions;
  for (intptr_t y = 0; y < stage->lines; y++)
    for (intptr_t x = 0; x < width; x++)
      *position++ = (int32_t)((stage->top - first + y) * stage->pitch +
                              (stage->left - left + x) * LANES);
  // Rows of full width follow one another without a gap.
  const bool joined = width == stage->width;
  stage->runs = joined ? 1 : stage->lines;
  stage->count = joined ? stage->lines * width : width;
  stage->run_stride = stage->width;
}

// Up to sixteen channels of an image; `plane` is the first one's.
static inline void fill_stage(const kb_winograd_kernels *kernels, const tile_stage *stage,
                              const float *plane, intptr_t channels) {
  const float *from = plane + stage->top * stage->width + stage->left;
  for (intptr_t run = 0; run < stage->runs; run++)
    kernels->gather(from + run * stage->run_stride, stage->height * stage->width, channels,
                    stage->count, stage->positions + run * stage->count, stage->pixels);
}

// to[point][tile][channel] of sixteen channels of some images of a block.
static inline void transform_stage(
    const tile_stage *stage, const tile_block *block,
    void (*transform)(const float *from, intptr_t pitch, float *to, intptr_t stride), float *to,
    intptr_t tile_pitch, intptr_t stride) {
  for (intptr_t y = 0; y < block->rows; y++) {
    for (intptr_t x = 0; x < block->columns; x++, to += tile_pitch)
      transform(stage->pixels + 4 * y * stage->pitch + 4 * x * LANES, stage->pitch, to, stride);
  }
}

// c[m × columns] = a · b (+ c) with b and c in rows of a panel or of any pitch, for m of any size.
static inline void multiply_panel(const kb_gemm_kernels *kernels, intptr_t m, intptr_t columns,
                                  intptr_t k, const float *a, intptr_t a_row, intptr_t a_column,
                                  const float *b, intptr_t b_row, float *c, intptr_t c_row,
                                  bool add) {
  const intptr_t width = (intptr_t)kernels->columns;
  const intptr_t tiles = divided_up(m, (intptr_t)kernels->rows);
  for (intptr_t column = 0; column < columns; column += width) {
    for (intptr_t tile = 0, row = 0; tile < tiles; tile++) {
      const intptr_t height = m / tiles + (tile < m % tiles);
      kernels->tile((size_t)height, (size_t)smaller(width, columns - column), (size_t)k,
                    a + row * a_row, a_row, a_column, b + column, b_row, c + row * c_row + column,
                    (size_t)c_row, add);
      row += height;
    }
  }
}

#endif
