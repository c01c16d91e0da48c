// Stages of sixteen channels whose plane is known by its pooled half alone; see kb_conv_pooled.h.
#ifndef KB_CONV_POOLED_STAGE_H
#define KB_CONV_POOLED_STAGE_H

#include "conv_lanes.h"

// Memory behind that of a stage of `rows` × `columns` pixels.
size_t kb_pooled_stage_bytes(intptr_t rows, intptr_t columns);

// kb_lane_stage_fill, with pixels of sixteen floats, of planes index ..< index + channels, each of
// which is dy where `which` says and zero elsewhere. `memory` of kb_pooled_stage_bytes.
void kb_pooled_stage_fill(const kb_lane_kernels *kernels, const kb_lane_stage *stage,
                          const float *dy, const uint8_t *which, intptr_t index, intptr_t channels,
                          void *memory);

#endif
