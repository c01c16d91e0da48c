// The kernels of channels for each instruction set.
#include "normalize_planes.h"

#include <stdbool.h>

#include "isa.h"

#pragma clang fp contract(off)
// Vectors wider than a register never cross a real call: everything that takes one is inlined.
#pragma GCC diagnostic ignored "-Wpsabi"

// 16 lanes on every instruction set, so that results are the same bits.
typedef float lanes __attribute__((vector_size(64), aligned(4), may_alias));
typedef int32_t integers __attribute__((vector_size(64)));
typedef double doubles __attribute__((vector_size(64)));

#define BODY "normalize_planes_body.inc"
#include "isa_each.inc"

const kb_planes_kernels *kb_planes_active(void) {
  return KB_ACTIVE(kernels);
}
