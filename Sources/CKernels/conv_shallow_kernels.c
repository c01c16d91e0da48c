// The kernels of shallow convolution for each instruction set.
#include <string.h>

#include "conv_shallow.h"
#include "isa.h"

#pragma clang fp contract(off)
// Vectors wider than a register never cross a real call: everything that takes one is inlined.
#pragma GCC diagnostic ignored "-Wpsabi"

typedef float lanes __attribute__((vector_size(64), aligned(4), may_alias));

// Without masked instructions, through memory.
#define FIRST_OF_ARRAY(p, count)                                                                   \
  ({                                                                                               \
    float lanes_of_p[16] = {0};                                                                    \
    memcpy(lanes_of_p, p, (size_t)(count) * sizeof(float));                                        \
    *(const lanes *)lanes_of_p;                                                                    \
  })
#define FIRST_TO_ARRAY(p, v, count)                                                                \
  do {                                                                                             \
    const lanes all = (v);                                                                         \
    memcpy(p, &all, (size_t)(count) * sizeof(float));                                              \
  } while (0)

#define NAME(function) function##_baseline
#define ROWS 1
#define DOT_ROWS 1
#define DOT_TAPS 3
#define MULTIPLY_ADD(a, b, c) ((a) * (b) + (c))
#define LOAD_FIRST FIRST_OF_ARRAY
#define STORE_FIRST FIRST_TO_ARRAY
#include "conv_shallow_body.inc"

#if defined(__x86_64__)
#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#define NAME(function) function##_avx2
#define ROWS 3
#define DOT_ROWS 1
#define DOT_TAPS 6
#define MULTIPLY_ADD(a, b, c) __builtin_elementwise_fma(a, b, c)
#define LOAD_FIRST FIRST_OF_ARRAY
#define STORE_FIRST FIRST_TO_ARRAY
#include "conv_shallow_body.inc"
#pragma clang attribute pop

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx2,fma"))), \
                             apply_to = function)
#define NAME(function) function##_avx512
#define ROWS 12
#define DOT_ROWS 3
#define DOT_TAPS 9
#define MULTIPLY_ADD(a, b, c) __builtin_elementwise_fma(a, b, c)
#define FIRST(count) ((__mmask16)((1u << (count)) - 1))
#define LOAD_FIRST(p, count) ((lanes)_mm512_maskz_loadu_ps(FIRST(count), p))
#define STORE_FIRST(p, v, count) _mm512_mask_storeu_ps(p, FIRST(count), (__m512)(v))
#include "conv_shallow_body.inc"
#pragma clang attribute pop
#endif

const kb_shallow_kernels *kb_shallow_active(void) {
  return KB_ACTIVE(kernels);
}
