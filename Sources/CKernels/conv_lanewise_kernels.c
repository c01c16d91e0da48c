// The kernels of depthwise convolution of sixteen channels for each instruction set.
#include "conv_lanewise.h"
#include "isa.h"

#pragma clang fp contract(off)
// Vectors wider than a register never cross a real call: everything that takes one is inlined.
#pragma GCC diagnostic ignored "-Wpsabi"

typedef float lanes __attribute__((vector_size(64), aligned(4), may_alias));

#define NAME(function) function##_baseline
#define TOGETHER 2
#define MULTIPLY_ADD(a, b, c) ((a) * (b) + (c))
#include "conv_lanewise_body.inc"

#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#define NAME(function) function##_avx2
#define TOGETHER 4
#define MULTIPLY_ADD(a, b, c) __builtin_elementwise_fma(a, b, c)
#include "conv_lanewise_body.inc"
#pragma clang attribute pop

#pragma clang attribute push(                                                                      \
    __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx2,fma"))), apply_to = function)
#define NAME(function) function##_avx512
#define TOGETHER 8
#define MULTIPLY_ADD(a, b, c) __builtin_elementwise_fma(a, b, c)
#include "conv_lanewise_body.inc"
#pragma clang attribute pop
#endif

const kb_lanewise_kernels *kb_lanewise_active(void) {
  return KB_ACTIVE(kernels);
}
