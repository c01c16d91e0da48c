// The transforms of Winograd's convolution for each instruction set.
#include "conv_winograd.h"
#include "isa.h"

#pragma clang fp contract(off)

// 16 lanes on every instruction set, so that results are the same bits.
typedef float lanes __attribute__((vector_size(64), aligned(4), may_alias));

#define BODY "conv_winograd_body.inc"
#include "isa_each.inc"

const kb_winograd_kernels *kb_winograd_active(void) {
  return KB_ACTIVE(kernels);
}
