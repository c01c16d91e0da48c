// Winograd's F(4×4, 3×3): 3 × 3 convolutions in a quarter of the multiplications, in float. Volumes are
// transformed plane by plane, their depth is summed over as channels are.
#ifndef KB_CONV_WINOGRAD_H
#define KB_CONV_WINOGRAD_H

#include "conv_lanes.h"
#include "conv_tile.h"
#include "conv_weight.h"

// All work on sixteen channels at once, whose elements lie side by side. Strides and pitches are in
// floats. A point is one of the 6 × 6 products of a tile; `stride` lies between two points.
typedef struct kb_winograd_kernels {
  // 6 × 6 pixels to points: Bᵀ d B.
  void (*input)(const float *from, intptr_t pitch, float *to, intptr_t stride);
  // 4 × 4 pixels of an output's gradient to points: A dy Aᵀ.
  void (*gradient)(const float *from, intptr_t pitch, float *to, intptr_t stride);
  // Points to 4 × 4 pixels, of which `rows` × `columns` are written: Aᵀ m A + bias.
  void (*output)(const float *from, intptr_t stride, const float *bias, intptr_t rows,
                 intptr_t columns, float *to, intptr_t pitch);
  // 3 × 3 taps, `step` apart, to points: G g Gᵀ.
  void (*weight)(const float *taps, intptr_t step, float *to, intptr_t stride);
  // Points to nine taps of sixteen channels: Gᵀ m G.
  void (*weight_gradient)(const float *from, intptr_t stride, float *to);
} kb_winograd_kernels;

const kb_winograd_kernels *kb_winograd_active(void);

// Whether a convolution, or its weight gradient, is one that this is faster for; `dense` outputs only.
bool kb_winograd_serves(kb_dtype dtype, const kb_conv_gather *gather, intptr_t batch,
                        intptr_t channels, intptr_t rows);
bool kb_winograd_serves_weight(kb_dtype dtype, const kb_conv_gather *gather, intptr_t batch,
                               intptr_t channels, intptr_t rows);

// What kb_conv_run_tiles does, where kb_winograd_serves. `transposed`: the weights are those of the
// convolution whose input gradient this is, [groups, channels, rows, taps] with the taps in reverse.
void kb_winograd_run(const kb_conv_tiling *tiling, bool transposed);
// What kb_conv_run_weight does, where kb_winograd_serves_weight.
void kb_winograd_run_weight(const kb_conv_weight_job *job);

#endif
