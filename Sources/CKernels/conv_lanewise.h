// Depthwise convolutions of many planes: products summed for sixteen channels at once.
#ifndef KB_CONV_LANEWISE_H
#define KB_CONV_LANEWISE_H

#include "conv_tile.h"
#include "conv_weight.h"

// Whether a depthwise convolution is one that this is faster for.
bool kb_lanewise_serves(kb_dtype dtype, const kb_conv_gather *gather, intptr_t groups,
                        intptr_t channels, intptr_t rows);

// What kb_conv_run_tiles does, where kb_lanewise_serves, for some convolutions of one input to one
// output.
void kb_lanewise_run(const kb_conv_tiling *parts, intptr_t count);
// What kb_conv_run_weight does, where kb_lanewise_serves.
void kb_lanewise_run_weight(const kb_conv_weight_job *job);

// Outputs r, c of sixteen channels, and where they read: tap t at x + r · row + c · step +
// offsets[t], all in floats.
typedef struct kb_lanewise_view {
  const float *x;
  intptr_t row, step, rows, columns, taps;
  const int32_t *offsets;
} kb_lanewise_view;

typedef struct kb_lanewise_kernels {
  // y[r · y_row + c · y_step] = bias + Σ over t of w[16 · t] · what tap t reads.
  void (*sum)(const kb_lanewise_view *view, const float *w, const float *bias, float *y,
              intptr_t y_row, intptr_t y_step);
  // sums[16 · t] += Σ over r, c of dy[(r · columns + c) · 16] · what tap t reads.
  void (*dot)(const kb_lanewise_view *view, const float *dy, double *sums);
} kb_lanewise_kernels;

const kb_lanewise_kernels *kb_lanewise_active(void);

#endif
