// The kernels of depthwise convolution for each instruction set.
#include "conv_depthwise.h"
#include "isa.h"

#pragma clang fp contract(off)
// Vectors wider than a register never cross a real call: everything that takes one is inlined.
#pragma GCC diagnostic ignored "-Wpsabi"

// 16 lanes on every instruction set, so that results are the same bits.
typedef float lanes __attribute__((vector_size(64), aligned(4), may_alias));
typedef int32_t lane_bits __attribute__((vector_size(64)));

#define BODY "conv_depthwise_body.inc"
#include "isa_each.inc"

const kb_depthwise_kernels *kb_depthwise_active(void) {
  return KB_ACTIVE(kernels);
}
