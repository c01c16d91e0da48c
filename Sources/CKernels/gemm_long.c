// Products of few elements that are long sums each: parts of k are tasks, whose products are added in order.
#include "gemm.h"
#include "gemm_sizes.h"
#include "kb_alloc.h"
#include "kb_threads.h"

#pragma STDC FP_CONTRACT OFF

// From so many multiply-adds for an element on, and up to so few register tiles. A part is long enough, and of so
// many multiply-adds, that calling it and adding its products cost nothing beside it.
enum { LONG = 16384, FEW_TILES = 4, PART = 8192, PART_WORK = 1 << 18, MOST_PARTS = 256 };

typedef struct {
  const kb_gemm_kernels *kernels;
  size_t m, n, k, parts;
  kb_matrix a, b;
  char *products; // [parts][m × n]
} job;

bool kb_gemm_is_long(const kb_gemm_kernels *kernels, size_t m, size_t n, size_t k) {
  return k >= LONG && m * n * k >= 4 * PART_WORK && kernels->dot != NULL &&
         divided_up(m, kernels->rows) * divided_up(n, kernels->columns) <= FEW_TILES;
}

static size_t part_start(const job *j, size_t part) {
  return part == j->parts ? j->k : j->k / j->parts * part / 16 * 16;
}

static void multiply_parts(void *context, size_t begin, size_t end) {
  const job *j = context;
  const size_t size = j->kernels->size;
  for (size_t part = begin; part < end; part++) {
    const size_t first = part_start(j, part);
    kb_matrix a = j->a, b = j->b;
    a.data = at(a.data, (intptr_t)first * a.column_stride, size);
    b.data = at(b.data, (intptr_t)first * b.row_stride, size);
    kb_gemm_with(j->kernels, j->m, j->n, part_start(j, part + 1) - first, a, b,
                 j->products + part * j->m * j->n * size, false);
  }
}

#define ADD_PRODUCTS(T)                                                                            \
  for (size_t i = 0; i < m * n; i++) {                                                             \
    T *to = (T *)c + i / n * c_row + i % n;                                                        \
    T sum = add ? *to : 0;                                                                         \
    for (size_t part = 0; part < j.parts; part++)                                                  \
      sum += ((const T *)(const void *)j.products)[part * m * n + i];                              \
    *to = sum;                                                                                     \
  }

void kb_gemm_long(const kb_gemm_kernels *kernels, size_t m, size_t n, size_t k, kb_matrix a,
                  kb_matrix b, void *c, size_t c_row, bool add) {
  job j = {kernels, m, n, k, smaller(smaller(k / PART, m * n * k / PART_WORK), MOST_PARTS), a, b,
           NULL};
  const size_t bytes = j.parts * m * n * kernels->size;
  j.products = kb_scratch(bytes);
  kb_parallel_for(j.parts, 1, multiply_parts, &j);
  if (kernels->size == sizeof(float))
    ADD_PRODUCTS(float)
  else
    ADD_PRODUCTS(double)
  kb_scratch_free(j.products, bytes);
}
