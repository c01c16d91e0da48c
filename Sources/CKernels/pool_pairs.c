// The kernels of 2 × 2 max pooling for each instruction set.
#include "pool_pairs.h"

#include "isa.h"

#pragma clang fp contract(off)

// may_alias and aligned: pointers to these point into rows of floats.
typedef float wide __attribute__((vector_size(32), aligned(4), may_alias));
typedef int32_t wide_mask __attribute__((vector_size(32)));
typedef float narrow __attribute__((vector_size(16), aligned(4), may_alias));
typedef int32_t narrow_mask __attribute__((vector_size(16)));

#define EVEN_WIDE(a, b) __builtin_shufflevector(a, b, 0, 2, 4, 6, 8, 10, 12, 14)
#define ODD_WIDE(a, b) __builtin_shufflevector(a, b, 1, 3, 5, 7, 9, 11, 13, 15)
#define LOW_WIDE(a, b) __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11)
#define HIGH_WIDE(a, b) __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15)
#define EVEN_NARROW(a, b) __builtin_shufflevector(a, b, 0, 2, 4, 6)
#define ODD_NARROW(a, b) __builtin_shufflevector(a, b, 1, 3, 5, 7)
#define LOW_NARROW(a, b) __builtin_shufflevector(a, b, 0, 4, 1, 5)
#define HIGH_NARROW(a, b) __builtin_shufflevector(a, b, 2, 6, 3, 7)

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
