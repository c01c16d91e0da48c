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

#define NAME(function) function##_baseline
#include "pool_lanes_body.inc"

#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx2"))), apply_to = function)
#define NAME(function) function##_avx2
#include "pool_lanes_body.inc"
#pragma clang attribute pop

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vl,avx512dq"))),        \
                             apply_to = function)
#define NAME(function) function##_avx512
#include "pool_lanes_body.inc"
#pragma clang attribute pop
#endif

const kb_pool_lane_kernels *kb_pool_lanes_active(void) {
#if defined(__x86_64__)
  switch (kb_isa_level()) {
  case KB_ISA_AVX512: return &kernels_avx512;
  case KB_ISA_AVX2: return &kernels_avx2;
  default: break;
  }
#endif
  return &kernels_baseline;
}
