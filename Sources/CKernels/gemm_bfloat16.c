// Pairs of neighbours along k are 32 bits that move as floats do: the matrix product of floats, its packing
// and its cutting serve with another register tile.
#include "gemm_bfloat16.h"

#include <string.h>

#include "kb_alloc.h"
#include "kb_threads.h"

#pragma STDC FP_CONTRACT OFF

#if defined(__x86_64__)
#include <immintrin.h>

#pragma clang attribute push(                                                                      \
    __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512bf16,avx2,fma"))),             \
    apply_to = function)

#define T float
#define LANES 16
#define ROWS 14
#define NAME(x) bfloat16_##x
#define MASKED 1
#define INTEGER 1 // no kernels of one row or along k
#define BROADCAST(s) ((V)_mm512_set1_ps(s)) // no arithmetic on what are not floats
#define FMA(x, y, z) ((V)_mm512_dpbf16_ps((__m512)(z), (__m512bh)(x), (__m512bh)(y)))
#define FIRST(count) ((__mmask16)((1u << (count)) - 1))
#define LOAD_MASKED(p, count) ((V)_mm512_maskz_loadu_ps(FIRST(count), p))
#define STORE_MASKED(p, count, v) _mm512_mask_storeu_ps(p, FIRST(count), (__m512)(v))
#define ZIP_LOW(x, y)                                                                              \
  __builtin_shufflevector(x, y, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)
#define ZIP_HIGH(x, y)                                                                             \
  __builtin_shufflevector(x, y, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)
#include "gemm_tile.inc"

// to[i] = {low[i], high[i]}
static void join(size_t count, const uint16_t *low, const uint16_t *high, uint32_t *to) {
  for (size_t i = 0; i < count; i++) to[i] = (uint32_t)low[i] | (uint32_t)high[i] << 16;
}

#pragma clang attribute pop

static const kb_gemm_kernels kernels = {4, ROWS, 2 * LANES, true, bfloat16_tile, bfloat16_pack,
                                        NULL, NULL};

bool kb_gemm_bfloat16_serves(void) {
  static int cached = -1; // several threads may ask at once: they store the same value
  int serves = __atomic_load_n(&cached, __ATOMIC_RELAXED);
  if (serves < 0) {
    __builtin_cpu_init();
    serves = kb_isa_level() == KB_ISA_AVX512 && __builtin_cpu_supports("avx512bf16");
    __atomic_store_n(&cached, serves, __ATOMIC_RELAXED);
  }
  return serves;
}

// A matrix of `count` vectors along k, as pairs.
typedef struct pairs {
  const void *data;
  intptr_t apart, along; // strides in pairs
  uint32_t *copy;        // what has to be freed, or NULL
  size_t bytes;
} pairs;

typedef struct pairing {
  size_t count, k;
  const uint16_t *from;
  intptr_t apart, along;
  uint32_t *to;
} pairing;

// Vectors that lie side by side: to[pair][vector].
static void pair_rows(void *context, size_t begin, size_t end) {
  const pairing *p = context;
  for (size_t pair = begin; pair < end; pair++) {
    const uint16_t *low = p->from + (intptr_t)(2 * pair) * p->along;
    uint32_t *to = p->to + pair * p->count;
    if (2 * pair + 1 < p->k)
      join(p->count, low, low + p->along, to);
    else
      for (size_t i = 0; i < p->count; i++) to[i] = low[i];
  }
}

// Any others: to[vector][pair].
static void pair_vectors(void *context, size_t begin, size_t end) {
  const pairing *p = context;
  const size_t pairs = (p->k + 1) / 2;
  for (size_t i = begin; i < end; i++) {
    const uint16_t *from = p->from + (intptr_t)i * p->apart;
    uint32_t *to = p->to + i * pairs;
    to[pairs - 1] = 0;
    if (p->along == 1) {
      memcpy(to, from, p->k * sizeof(uint16_t));
      continue;
    }
    uint16_t *each = (uint16_t *)to;
    for (size_t at = 0; at < p->k; at++) each[at] = from[(intptr_t)at * p->along];
  }
}

static pairs make_pairs(size_t count, size_t k, const void *data, intptr_t apart, intptr_t along) {
  if (along == 1 && k % 2 == 0 && (apart % 2 == 0 || count == 1) && (uintptr_t)data % 4 == 0)
    return (pairs){data, apart / 2, 1, NULL, 0};
  const size_t half = (k + 1) / 2, bytes = count * half * sizeof(uint32_t);
  uint32_t *to = kb_scratch(bytes);
  pairing job = {count, k, data, apart, along, to};
  if (apart == 1 && along != 1) {
    kb_parallel_for(half, kb_gemm_grain(4 * count), pair_rows, &job);
    return (pairs){to, 1, (intptr_t)count, to, bytes};
  }
  kb_parallel_for(count, kb_gemm_grain(4 * k), pair_vectors, &job);
  return (pairs){to, (intptr_t)half, 1, to, bytes};
}

static void release(pairs p) {
  if (p.copy) kb_scratch_free(p.copy, p.bytes);
}

void kb_gemm_bfloat16(size_t m, size_t n, size_t k, kb_matrix a, kb_matrix b, float *sums,
                      bool add) {
  const pairs left = make_pairs(m, k, a.data, a.row_stride, a.column_stride);
  const pairs right = make_pairs(n, k, b.data, b.column_stride, b.row_stride);
  kb_gemm_with(&kernels, m, n, (k + 1) / 2, (kb_matrix){left.data, left.apart, left.along, 0},
               (kb_matrix){right.data, right.along, right.apart, 0}, sums, add);
  release(left);
  release(right);
}

#else
bool kb_gemm_bfloat16_serves(void) { return false; }

void kb_gemm_bfloat16(size_t m, size_t n, size_t k, kb_matrix a, kb_matrix b, float *sums,
                      bool add) {
  (void)m, (void)n, (void)k, (void)a, (void)b, (void)sums, (void)add; // is not asked for
}
#endif
