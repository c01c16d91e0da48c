// Convolutions of float with many channels as products over channels, one for each tap.
#ifndef KB_CONV_DIRECT_H
#define KB_CONV_DIRECT_H

#include "conv_tile.h"
#include "conv_weight.h"
#include "gemm.h"

enum { KB_DIRECT_TAPS = 128 }; // at most

// Whether a convolution is one that this is faster for.
bool kb_direct_serves(kb_dtype dtype, const kb_conv_gather *gather, intptr_t channels,
                      intptr_t rows);

// One of some convolutions of one input to one output, whose tap t is tap order[t] of the weights.
typedef struct kb_direct_part {
  kb_conv_tiling tiling; // w is not read
  const intptr_t *order;
} kb_direct_part;

// What kb_conv_run_tiles does, where kb_direct_serves, for `count` parts, with weights of `taps` taps
// in all: [groups, rows, channels, taps], or if `transposed` [groups, channels, rows, taps].
void kb_direct_run(const kb_direct_part *parts, intptr_t count, const float *w, intptr_t taps,
                   bool transposed);

// The same for the weight gradient.
bool kb_direct_serves_weight(kb_dtype dtype, const kb_conv_gather *gather, intptr_t channels);
void kb_direct_run_weight(const kb_conv_weight_job *job);

// c[m × columns] = a · b (+ c) with b and c in rows of a panel or of any pitch, for m of any size.
static inline void kb_multiply_panel(const kb_gemm_kernels *kernels, intptr_t m, intptr_t columns,
                                     intptr_t k, const float *a, intptr_t a_row, intptr_t a_column,
                                     const float *b, intptr_t b_row, float *c, intptr_t c_row,
                                     bool add) {
  const intptr_t width = (intptr_t)kernels->columns;
  const intptr_t tiles = (m + (intptr_t)kernels->rows - 1) / (intptr_t)kernels->rows;
  for (intptr_t column = 0; column < columns; column += width) {
    const intptr_t some = columns - column < width ? columns - column : width;
    for (intptr_t tile = 0, row = 0; tile < tiles; tile++) {
      const intptr_t height = m / tiles + (tile < m % tiles);
      kernels->tile((size_t)height, (size_t)some, (size_t)k,
                    a + row * a_row, a_row, a_column, b + column, b_row, c + row * c_row + column,
                    (size_t)c_row, add, NULL, NULL);
      row += height;
    }
  }
}

#endif
