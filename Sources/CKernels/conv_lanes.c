// The transposes of sixteen channels for each instruction set.
#include "conv_lanes.h"
#include "isa.h"

#pragma clang fp contract(off)

// 16 lanes on every instruction set, so that results are the same bits.
typedef float lanes __attribute__((vector_size(64), aligned(4), may_alias));
typedef int32_t lane_bits __attribute__((vector_size(64)));
typedef uint8_t lane_bytes __attribute__((vector_size(16), aligned(1), may_alias));

#define NAME(function) function##_baseline
#include "conv_lanes_body.inc"

#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx2"))), apply_to = function)
#define NAME(function) function##_avx2
#include "conv_lanes_body.inc"
#pragma clang attribute pop

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vl,avx512dq"))),        \
                             apply_to = function)
#define NAME(function) function##_avx512
#include "conv_lanes_body.inc"
#pragma clang attribute pop
#endif

const kb_lane_kernels *kb_lanes_active(void) {
#if defined(__x86_64__)
  switch (kb_isa_level()) {
  case KB_ISA_AVX512: return &kernels_avx512;
  case KB_ISA_AVX2: return &kernels_avx2;
  default: break;
  }
#endif
  return &kernels_baseline;
}
