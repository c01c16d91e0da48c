// Winograd's F(4×4, 3×3): 3 × 3 convolutions in a quarter of the multiplications, in float.
#ifndef KB_CONV_WINOGRAD_H
#define KB_CONV_WINOGRAD_H

#include "conv_tile.h"
#include "conv_weight.h"

enum { KB_WINOGRAD_LANES = 16 };

// From planes [i][j][16] to such planes, `stride` floats apart.
typedef void (*kb_winograd_transform)(const float *from, intptr_t from_stride, float *to,
                                      intptr_t to_stride);

// From the patches of 16 tiles to planes [i][j][16]: row i of tile t begins at
// lines[i · line_stride + offsets[t]]. Reads eight floats of each row.
typedef void (*kb_winograd_load)(const float *lines, intptr_t line_stride, const int32_t *offsets,
                                 float *to, intptr_t to_stride);

// Where the outputs of a tile go, and how many rows and columns of them there are.
typedef struct kb_winograd_target {
  intptr_t offset;
  int32_t rows, columns;
} kb_winograd_target;

// From planes [i][j][16] to the outputs of 16 tiles in a plane with rows of `width`.
typedef void (*kb_winograd_store)(const float *from, intptr_t from_stride, float bias,
                                  const kb_winograd_target *targets, intptr_t width, float *plane);

typedef struct kb_winograd_kernels {
  kb_winograd_load input;
  kb_winograd_store output;
  kb_winograd_load gradient;
  kb_winograd_transform weight, weight_gradient;
} kb_winograd_kernels;

const kb_winograd_kernels *kb_winograd_active(void);

// Whether a convolution is one that this is faster for; `dense` outputs only.
bool kb_winograd_serves(kb_dtype dtype, const kb_conv_gather *gather, intptr_t batch,
                        intptr_t channels, intptr_t rows);

// What kb_conv_run_tiles does, where kb_winograd_serves.
void kb_winograd_run(const kb_conv_tiling *tiling);
// What kb_conv_run_weight does, where kb_winograd_serves.
void kb_winograd_run_weight(const kb_conv_weight_job *job);

#endif
