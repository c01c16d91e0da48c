// The transposes of sixteen channels for each instruction set.
#include "conv_lanes.h"
#include "isa.h"

#pragma clang fp contract(off)

// 16 lanes on every instruction set, so that results are the same bits.
typedef float lanes __attribute__((vector_size(64), aligned(4), may_alias));
typedef int32_t lane_bits __attribute__((vector_size(64)));
typedef uint8_t lane_bytes __attribute__((vector_size(16), aligned(1), may_alias));

#define BODY "conv_lanes_body.inc"
#include "isa_each.inc"

const kb_lane_kernels *kb_lanes_active(void) {
  return KB_ACTIVE(kernels);
}
