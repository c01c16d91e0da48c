// Pooling of sixteen planes at once, whose elements lie side by side.
#ifndef KB_POOL_LANES_H
#define KB_POOL_LANES_H

#include <stddef.h>
#include <stdint.h>

// What an output reads of one dimension.
typedef struct kb_pool_range {
  intptr_t start, stop; // clipped to the input, start of a dilated window on its first tap inside
  intptr_t padded;      // size of the window clipped to input + padding
} kb_pool_range;

// Windows of all outputs. Element i of sixteen planes is at [16 · i + plane].
typedef struct kb_pool_view {
  const kb_pool_range *ranges[3];
  intptr_t input[3], output[3], dilation[3];
} kb_pool_view;

// Of planes with one depth, the largest elements of a row's windows are found once for all windows that
// read the row. The rows that a window reads are kept: row i in slot i % slots.
typedef struct kb_pool_rows {
  intptr_t slots;
  intptr_t *row;  // [slots], which one is kept, or −1
  float *best;    // [slots, columns of the output, 16]
  int32_t *column; // the same shape: where it is
} kb_pool_rows;

typedef struct kb_pool_lane_kernels {
  // What `max` gives; no window may be empty.
  void (*max_rows)(const kb_pool_view *view, const kb_pool_rows *rows, const float *x, float *y,
                   int32_t *where);
  // The largest element of each window and, unless NULL, its position among those of its plane.
  void (*max)(const kb_pool_view *view, const float *x, float *y, int32_t *where);
  // The sum of each window over its divisor.
  void (*average)(const kb_pool_view *view, const float *divisors, const float *x, float *y);
  // dx += dy over its divisor, for all elements of each window.
  void (*spread)(const kb_pool_view *view, const float *divisors, const float *dy, float *dx);
} kb_pool_lane_kernels;

const kb_pool_lane_kernels *kb_pool_lanes_active(void);

#endif
