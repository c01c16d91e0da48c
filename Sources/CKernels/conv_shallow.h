// Convolutions of few channels: products summed as the staged image is read, without a matrix of
// patches.
#ifndef KB_CONV_SHALLOW_H
#define KB_CONV_SHALLOW_H

#include "conv_tile.h"
#include "conv_weight.h"

// Whether a convolution with dense outputs, or its weight gradient, is one that this is faster for.
bool kb_shallow_serves(kb_dtype dtype, const kb_conv_gather *gather, intptr_t channels,
                       intptr_t rows);
bool kb_shallow_serves_weight(kb_dtype dtype, const kb_conv_gather *gather, intptr_t channels,
                              intptr_t rows);

// What kb_conv_run_tiles does, where kb_shallow_serves.
void kb_shallow_run(const kb_conv_tiling *tiling);
// What kb_conv_run_weight does, where kb_shallow_serves_weight.
void kb_shallow_run_weight(const kb_conv_weight_job *job);

// Up to sixteen outputs of one row: the bytes where they begin in the staged rows, and the element
// in their plane.
typedef struct kb_shallow_segment {
  size_t from;
  intptr_t to, count;
} kb_shallow_segment;

// Outputs that read the same staged channels. Tap t of a channel is offsets[t] bytes on; `depth`
// counts the taps of all channels, `pitch` those from one output channel's weights to the next.
typedef struct kb_shallow_part {
  const char *staged;
  const size_t *offsets;
  intptr_t depth, pitch, segment_count, plane; // plane: elements from one output channel to the next
  const kb_shallow_segment *segments;
} kb_shallow_part;

typedef struct kb_shallow_kernels {
  // y[r · plane + o] = bias[r] + Σ over t of w[r · pitch + t] · what tap t reads at o. Bias or NULL.
  void (*sum)(const kb_shallow_part *part, intptr_t rows, const float *w, const float *bias,
              float *y);
  // sums[(r · depth + t) · 16 + lane] += dy[r · plane + o] · what tap t reads at o, over o.
  void (*dot)(const kb_shallow_part *part, intptr_t rows, const float *dy, float *sums);
  // dw[i] = Σ over parts and lanes of sums[part][i][lane].
  void (*collect)(intptr_t parts, intptr_t count, const float *sums, float *dw);
} kb_shallow_kernels;

const kb_shallow_kernels *kb_shallow_active(void);

#endif
