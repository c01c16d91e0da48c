// Half precision: both operands are converted to float, multiplied in float, and the sums rounded
// once. Where the processor multiplies bfloat16 itself, it does.
#include "gemm.h"

#include "gemm_bfloat16.h"
#include "half.h"
#include "kb_alloc.h"
#include "kb_threads.h"

#pragma STDC FP_CONTRACT OFF

#define CONVERTERS(SUFFIX)                                                                         \
  static void widen_bfloat16##SUFFIX(size_t n, const uint16_t *from, float *to) {                  \
    for (size_t i = 0; i < n; i++) {                                                               \
      to[i] = kb_bfloat16_to_float(from[i]);                                                       \
    }                                                                                              \
  }                                                                                                \
  static void narrow_bfloat16##SUFFIX(size_t n, const float *from, uint16_t *to) {                 \
    for (size_t i = 0; i < n; i++) {                                                               \
      to[i] = kb_float_to_bfloat16(from[i]);                                                       \
    }                                                                                              \
  }

CONVERTERS(_baseline)

static void widen_float16_baseline(size_t n, const uint16_t *from, float *to) {
  for (size_t i = 0; i < n; i++) {
    to[i] = kb_float16_to_float(from[i]);
  }
}

static void narrow_float16_baseline(size_t n, const float *from, uint16_t *to) {
  for (size_t i = 0; i < n; i++) {
    to[i] = kb_float_to_float16(from[i]);
  }
}

#if defined(__x86_64__)
#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx2,f16c"))), apply_to = function)

CONVERTERS(_avx2)

static void widen_float16_avx2(size_t n, const uint16_t *from, float *to) {
  size_t i = 0;
  for (; i + 8 <= n; i += 8) {
    _mm256_storeu_ps(to + i, _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(from + i))));
  }
  for (; i < n; i++) {
    to[i] = _cvtsh_ss(from[i]);
  }
}

static void narrow_float16_avx2(size_t n, const float *from, uint16_t *to) {
  size_t i = 0;
  for (; i + 8 <= n; i += 8) {
    _mm_storeu_si128((__m128i *)(to + i),
                     _mm256_cvtps_ph(_mm256_loadu_ps(from + i), _MM_FROUND_TO_NEAREST_INT));
  }
  for (; i < n; i++) {
    to[i] = _cvtss_sh(from[i], _MM_FROUND_TO_NEAREST_INT);
  }
}

#pragma clang attribute pop
#endif

static void widen(kb_dtype dtype, size_t n, const uint16_t *from, float *to) {
#if defined(__x86_64__)
  if (kb_isa_level() >= KB_ISA_AVX2) {
    (dtype == KB_FLOAT16 ? widen_float16_avx2 : widen_bfloat16_avx2)(n, from, to);
    return;
  }
#endif
  (dtype == KB_FLOAT16 ? widen_float16_baseline : widen_bfloat16_baseline)(n, from, to);
}

static void narrow(kb_dtype dtype, size_t n, const float *from, uint16_t *to) {
#if defined(__x86_64__)
  if (kb_isa_level() >= KB_ISA_AVX2) {
    (dtype == KB_FLOAT16 ? narrow_float16_avx2 : narrow_bfloat16_avx2)(n, from, to);
    return;
  }
#endif
  (dtype == KB_FLOAT16 ? narrow_float16_baseline : narrow_bfloat16_baseline)(n, from, to);
}

typedef struct {
  kb_dtype dtype;
  size_t columns;
  const uint16_t *from;
  intptr_t row, column;
  float *to;
} widening;

static void widen_rows(void *context, size_t begin, size_t end) {
  const widening *job = context;
  for (size_t i = begin; i < end; i++) {
    const uint16_t *from = job->from + (intptr_t)i * job->row;
    float *to = job->to + i * job->columns;
    if (job->column == 1) {
      widen(job->dtype, job->columns, from, to);
      continue;
    }
    // Gathered first, in pieces, so that one routine converts.
    uint16_t piece[64];
    for (size_t j = 0; j < job->columns; j += 64) {
      size_t count = job->columns - j < 64 ? job->columns - j : 64;
      for (size_t t = 0; t < count; t++) {
        piece[t] = from[(intptr_t)(j + t) * job->column];
      }
      widen(job->dtype, count, piece, to + j);
    }
  }
}

// to = from as floats, in from's own order when that is column by column. The result's strides are
// those of `to`.
static kb_matrix widen_matrix(kb_dtype dtype, size_t rows, size_t columns, const uint16_t *from,
                              intptr_t row, intptr_t column, float *to) {
  bool by_columns = row == 1 && column != 1;
  widening job = by_columns ? (widening){dtype, rows, from, column, row, to}
                            : (widening){dtype, columns, from, row, column, to};
  kb_parallel_for(by_columns ? columns : rows, kb_gemm_grain(4 * job.columns), widen_rows, &job);
  return by_columns ? (kb_matrix){to, 1, (intptr_t)rows, 0}
                    : (kb_matrix){to, (intptr_t)columns, 1, 0};
}

typedef struct {
  kb_dtype dtype;
  const float *from;
  uint16_t *to;
} narrowing;

static void narrow_range(void *context, size_t begin, size_t end) {
  const narrowing *job = context;
  narrow(job->dtype, end - begin, job->from + begin, job->to + begin);
}

typedef struct {
  kb_dtype dtype;
  size_t m, n, k;
  kb_matrix a, b;
  uint16_t *c;
  bool add;
} batches;

static void multiply_items(void *context, size_t begin, size_t end) {
  const batches *all = context;
  size_t m = all->m, n = all->n, k = all->k;
  const bool pairs = all->dtype == KB_BFLOAT16 && kb_gemm_bfloat16_serves();
  size_t wide = pairs ? 0 : m * k + k * n;
  size_t bytes = (wide + m * n) * sizeof(float);
  float *sums = kb_scratch(bytes), *a = sums + m * n, *b = pairs ? a : a + m * k;
  kb_matrix wide_a = {0}, wide_b = {0};
  for (size_t i = begin; i < end; i++) {
    if (!pairs && (i == begin || all->a.batch_stride != 0)) {
      wide_a = widen_matrix(all->dtype, m, k,
                            (const uint16_t *)all->a.data + (intptr_t)i * all->a.batch_stride,
                            all->a.row_stride, all->a.column_stride, a);
    }
    if (!pairs && (i == begin || all->b.batch_stride != 0)) {
      wide_b = widen_matrix(all->dtype, k, n,
                            (const uint16_t *)all->b.data + (intptr_t)i * all->b.batch_stride,
                            all->b.row_stride, all->b.column_stride, b);
    }
    uint16_t *c = all->c + i * m * n;
    if (all->add) {
      widen_matrix(all->dtype, m, n, c, (intptr_t)n, 1, sums);
    }
    if (pairs) {
      kb_matrix a_item = all->a, b_item = all->b;
      a_item.data = (const uint16_t *)all->a.data + (intptr_t)i * all->a.batch_stride;
      b_item.data = (const uint16_t *)all->b.data + (intptr_t)i * all->b.batch_stride;
      kb_gemm_bfloat16(m, n, k, a_item, b_item, sums, all->add);
    } else {
      kb_gemm_real(KB_GEMM_F32, 1, m, n, k, wide_a, wide_b, sums, all->add, NULL);
    }
    narrowing job = {all->dtype, sums, c};
    kb_parallel_for(m * n, 16384, narrow_range, &job);
  }
  kb_scratch_free(sums, bytes);
}

void kb_gemm_half(kb_dtype dtype, size_t batch, size_t m, size_t n, size_t k, kb_matrix a,
                  kb_matrix b, void *c, bool add) {
  if (b.batch_stride == 0 && a.batch_stride == (intptr_t)m * a.row_stride) {
    m *= batch;
    batch = 1;
  }
  batches all = {dtype, m, n, k, a, b, c, add};
  size_t work = m * n * k;
  if (batch > 1 && work < (size_t)1 << 20) {
    kb_parallel_for(batch, kb_gemm_grain(work), multiply_items, &all);
  } else {
    multiply_items(&all, 0, batch);
  }
}
