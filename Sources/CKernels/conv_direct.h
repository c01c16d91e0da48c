// Convolutions of float with many channels as products over channels, one for each tap.
#ifndef KB_CONV_DIRECT_H
#define KB_CONV_DIRECT_H

#include "conv_tile.h"

enum { KB_DIRECT_TAPS = 64 }; // at most

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

#endif
