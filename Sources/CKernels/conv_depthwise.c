// The sums over taps of convolutions with one channel per group, for each instruction set.
#include "conv_gather.h"
#include "isa.h"

#pragma clang fp contract(off)

typedef float lanes __attribute__((vector_size(64), aligned(4), may_alias));

#define NAME(function) function##_baseline
#include "conv_depthwise_body.inc"

#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx2"))), apply_to = function)
#define NAME(function) function##_avx2
#include "conv_depthwise_body.inc"
#pragma clang attribute pop

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vl,avx512dq"))),        \
                             apply_to = function)
#define NAME(function) function##_avx512
#include "conv_depthwise_body.inc"
#pragma clang attribute pop
#endif

kb_conv_sum_runs kb_conv_sum_runs_active(void) {
#if defined(__x86_64__)
  switch (kb_isa_level()) {
  case KB_ISA_AVX512: return sum_runs_avx512;
  case KB_ISA_AVX2: return sum_runs_avx2;
  default: break;
  }
#endif
  return sum_runs_baseline;
}
