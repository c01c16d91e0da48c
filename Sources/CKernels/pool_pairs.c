// The kernels of 2 × 2 max pooling for each instruction set.
#include "pool_pairs.h"

#include "isa.h"
#include "pool_vectors.h"

#pragma clang fp contract(off)

#define NAME(function) function##_baseline
#include "pool_pairs_body.inc"

#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx2"))), apply_to = function)
#define NAME(function) function##_avx2
#include "pool_pairs_body.inc"
#pragma clang attribute pop

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vl,avx512dq"))),        \
                             apply_to = function)
#define NAME(function) function##_avx512
#include "pool_pairs_body.inc"
#pragma clang attribute pop
#endif

const kb_pool_pairs_kernels *kb_pool_pairs_active(void) {
#if defined(__x86_64__)
  switch (kb_isa_level()) {
  case KB_ISA_AVX512: return &kernels_avx512;
  case KB_ISA_AVX2: return &kernels_avx2;
  default: break;
  }
#endif
  return &kernels_baseline;
}
