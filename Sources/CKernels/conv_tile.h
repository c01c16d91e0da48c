// The tile engine of convolution: matrix products over gathered patches.
#ifndef KB_CONV_TILE_H
#define KB_CONV_TILE_H

#include "conv_gather.h"
#include "kb_tail.h"
#include "kb_types.h"

// One convolution whose outputs land at start + step · o of a larger plane (the strided input
// gradient is a set of such). Weights are [groups, rows, channels · taps].
typedef struct kb_conv_tiling {
  kb_dtype dtype; // not a half type
  kb_conv_gather gather;
  intptr_t batch, groups, channels, rows; // channels and rows (output channels) of one group
  intptr_t target[3], start[3], step[3];  // the plane written to
  const void *x, *w, *bias;
  void *y;
  // Where pooled operands came from; see kb_conv_pooled.h. NULL: x, or y, is not pooled. Only for
  // Winograd's and (y alone) the shallow convolution.
  const uint8_t *x_which;
  uint8_t *y_which;
  const kb_tail *tail; // gets y, whose rows are planes; NULL: nothing
} kb_conv_tiling;

void kb_conv_run_tiles(const kb_conv_tiling *tiling);
// Gives all planes to the tail unless they were given to `given`.
void kb_conv_finish(const kb_conv_tiling *tiling, const kb_tail *given);
// Whether it can pool y.
bool kb_conv_pools_tiles(const kb_conv_tiling *tiling);

// y[i] += x[i], and y[i] += the element at x.
void kb_conv_add(kb_dtype dtype, size_t count, const void *x, void *y);
void kb_conv_add_element(kb_dtype dtype, size_t count, const void *x, void *y);

#endif
