// Convolutions in which each group has one channel and few filters: products summed as the image is
// read, without a matrix of patches.
#ifndef KB_CONV_DEPTHWISE_H
#define KB_CONV_DEPTHWISE_H

#include "conv_tile.h"
#include "conv_weight.h"

// Whether a convolution is one that this is faster for.
bool kb_depthwise_serves(kb_dtype dtype, const kb_conv_gather *gather, intptr_t channels,
                         intptr_t rows);

// What kb_conv_run_tiles does, where kb_depthwise_serves.
void kb_depthwise_run(const kb_conv_tiling *tiling);
// What kb_conv_run_weight does, where kb_depthwise_serves.
void kb_depthwise_run_weight(const kb_conv_weight_job *job);

// The staged rows that some outputs read: those of output row r begin r · row_step bytes on, and what
// tap t reads another offsets[t] bytes.
typedef struct kb_depthwise_rows {
  const char *staged;
  size_t row_step;
  intptr_t rows, columns, taps;
  const size_t *offsets;
} kb_depthwise_rows;

typedef struct kb_depthwise_kernels {
  // y[r · pitch + c] = bias + Σ over taps of w[t] · what tap t reads at r, c.
  void (*sum)(const kb_depthwise_rows *rows, const float *w, float bias, float *y, intptr_t pitch);
  // sums[t] += Σ over r, c of dy[r · pitch + c] · what tap t reads there.
  void (*dot)(const kb_depthwise_rows *rows, const float *dy, intptr_t pitch, double *sums);
} kb_depthwise_kernels;

const kb_depthwise_kernels *kb_depthwise_active(void);

#endif
