// Products of few rows: along b's rows for one row, along k where b lies in columns.
#include <string.h>

#include "gemm.h"
#include "gemm_sizes.h"
#include "kb_alloc.h"
#include "kb_threads.h"

#pragma STDC FP_CONTRACT OFF

typedef struct {
  const kb_gemm_kernels *kernels;
  size_t m, k;
  const char *a, *b;
  intptr_t a_row, a_column, b_row, b_column;
  char *c;
  size_t c_row;
  bool add;
} thin;

static void row_columns(void *context, size_t begin, size_t end) {
  const thin *t = context;
  size_t size = t->kernels->size;
  t->kernels->row(end - begin, t->k, t->a, t->a_column, t->b + begin * size, t->b_row,
                  t->c + begin * size, t->add);
}

static void dot_columns(void *context, size_t begin, size_t end) {
  const thin *t = context;
  size_t size = t->kernels->size;
  // Long sums are cut, for accuracy, and so that a's rows stay in the first level cache.
  const size_t block = 2048;
  for (size_t k = 0; k < t->k; k += block) {
    t->kernels->dot(t->m, end - begin, smaller(block, t->k - k), t->a + k * size, t->a_row,
                    at(t->b, (intptr_t)begin * t->b_column, size) + k * size, t->b_column,
                    t->c + begin * size, t->c_row, t->add || k > 0);
  }
}

// Rows of `k` elements next to each other; a copy when they are not.
static const char *unit_stride(const char *data, size_t rows, size_t k, intptr_t *row,
                               intptr_t column, size_t size, void **copy) {
  *copy = NULL;
  if (column == 1 || k == 1) {
    return data;
  }
  char *to = *copy = kb_scratch(rows * k * size);
  for (size_t i = 0; i < rows; i++) {
    for (size_t p = 0; p < k; p++) {
      memcpy(to + (i * k + p) * size, at(data, (intptr_t)i * *row + (intptr_t)p * column, size),
             size);
    }
  }
  *row = (intptr_t)k;
  return *copy;
}

bool kb_gemm_is_thin(const kb_gemm_kernels *kernels, size_t m, size_t n, size_t k, kb_matrix b) {
  enum { MOST_ROWS = 12 };
  if (kernels->dot == NULL) return false;
  if (b.column_stride == 1 && n != 1) return m == 1;
  return m <= MOST_ROWS && (b.row_stride == 1 || n == 1 || k == 1);
}

void kb_gemm_thin(const kb_gemm_kernels *kernels, size_t m, size_t n, size_t k, kb_matrix a,
                  kb_matrix b, void *c, size_t c_row, bool add) {
  const size_t size = kernels->size;
  thin t = {kernels, m, k, a.data, b.data, a.row_stride, a.column_stride, b.row_stride,
            b.column_stride, c, c_row, add};
  if (b.column_stride == 1 && n != 1) {
    // Whole groups of eight vectors per task, of 64 KB of b or more.
    size_t unit = 4 * kernels->columns;
    kb_parallel_for(n, larger(16384 / (k * unit), 1) * unit, row_columns, &t);
    return;
  }
  void *a_copy, *b_copy;
  t.a = unit_stride(t.a, m, k, &t.a_row, t.a_column, size, &a_copy);
  t.b = unit_stride(t.b, n, k, &t.b_column, t.b_row, size, &b_copy);
  kb_parallel_for(n, divided_up(kb_gemm_grain(k * m), 4) * 4, dot_columns, &t);
  if (a_copy != NULL) {
    kb_scratch_free(a_copy, m * k * size);
  }
  if (b_copy != NULL) {
    kb_scratch_free(b_copy, n * k * size);
  }
}
