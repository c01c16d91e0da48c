// The kernels of pooling sixteen planes for each instruction set.
#include "pool_lanes.h"

#include <math.h>
#include <string.h>

#include "isa.h"

#pragma clang fp contract(off)
// Vectors wider than a register never cross a real call: everything that takes one is inlined.
#pragma GCC diagnostic ignored "-Wpsabi"

typedef float lanes __attribute__((vector_size(64), aligned(4), may_alias));
typedef int32_t lane_bits __attribute__((vector_size(64), aligned(4), may_alias));

#define BODY "pool_lanes_body.inc"
#include "isa_each.inc"

const kb_pool_lane_kernels *kb_pool_lanes_active(void) {
  return KB_ACTIVE(kernels);
}
