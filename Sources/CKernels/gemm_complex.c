// A complex product is a real one: with c seen as m × 2n numbers and a as m × 2k,
//
//     (… ar ai …) · ( br  bi )  =  (ar·br − ai·bi   ar·bi + ai·br)
//                   (−bi  br )
//
// so only b is written out, twice its size, and all the speed is that of the real product.
#include "gemm.h"

#include "kb_alloc.h"
#include "kb_threads.h"

#pragma STDC FP_CONTRACT OFF

typedef struct {
  size_t size; // of a complex element
  size_t columns;
  const char *from;
  intptr_t row, column;
  char *to;
} copying;

// to[rows × columns] = from.
static void copy_rows(void *context, size_t begin, size_t end) {
  const copying *job = context;
  for (size_t i = begin; i < end; i++) {
    for (size_t j = 0; j < job->columns; j++) {
      intptr_t offset = (intptr_t)i * job->row + (intptr_t)j * job->column;
      __builtin_memcpy(job->to + (i * job->columns + j) * job->size,
                       job->from + offset * (intptr_t)job->size, job->size);
    }
  }
}

#define EXPAND(NAME, T)                                                                            \
  static void NAME(void *context, size_t begin, size_t end) {                                      \
    const copying *job = context;                                                                  \
    for (size_t i = begin; i < end; i++) {                                                         \
      T *to = (T *)job->to + 4 * i * job->columns;                                                 \
      T *below = to + 2 * job->columns;                                                            \
      for (size_t j = 0; j < job->columns; j++) {                                                  \
        const T *from =                                                                            \
            (const T *)job->from + 2 * ((intptr_t)i * job->row + (intptr_t)j * job->column);       \
        T real = from[0], imaginary = from[1];                                                     \
        to[2 * j] = real;                                                                          \
        to[2 * j + 1] = imaginary;                                                                 \
        below[2 * j] = -imaginary;                                                                 \
        below[2 * j + 1] = real;                                                                   \
      }                                                                                            \
    }                                                                                              \
  }

EXPAND(expand_floats, float)
EXPAND(expand_doubles, double)

typedef struct {
  kb_dtype dtype;
  size_t m, n, k;
  kb_matrix a, b;
  char *c;
  bool add;
} batches;

static void multiply_items(void *context, size_t begin, size_t end) {
  const batches *all = context;
  bool single = all->dtype == KB_COMPLEX64;
  size_t size = single ? 8 : 16, m = all->m, n = all->n, k = all->k;
  size_t b_bytes = 2 * k * n * size, a_bytes = 0;
  char *b = kb_scratch(b_bytes), *a_copy = NULL;
  if (all->a.column_stride != 1) {
    a_bytes = m * k * size;
    a_copy = kb_scratch(a_bytes);
  }
  for (size_t i = begin; i < end; i++) {
    const char *a = (const char *)all->a.data + (intptr_t)i * all->a.batch_stride * (intptr_t)size;
    intptr_t a_row = 2 * all->a.row_stride;
    if (a_copy != NULL) {
      copying job = {size, k, a, all->a.row_stride, all->a.column_stride, a_copy};
      kb_parallel_for(m, kb_gemm_grain(8 * k), copy_rows, &job);
      a = a_copy;
      a_row = (intptr_t)(2 * k);
    }
    if (i == begin || all->b.batch_stride != 0) {
      copying job = {size, n,
                     (const char *)all->b.data +
                         (intptr_t)i * all->b.batch_stride * (intptr_t)size,
                     all->b.row_stride, all->b.column_stride, b};
      kb_parallel_for(k, kb_gemm_grain(8 * n), single ? expand_floats : expand_doubles, &job);
    }
    kb_gemm_real(single ? KB_GEMM_F32 : KB_GEMM_F64, 1, m, 2 * n, 2 * k,
                 (kb_matrix){a, a_row, 1, 0}, (kb_matrix){b, (intptr_t)(2 * n), 1, 0},
                 all->c + i * m * n * size, all->add, NULL);
  }
  kb_scratch_free(b, b_bytes);
  if (a_copy != NULL) {
    kb_scratch_free(a_copy, a_bytes);
  }
}

void kb_gemm_complex(kb_dtype dtype, size_t batch, size_t m, size_t n, size_t k, kb_matrix a,
                     kb_matrix b, void *c, bool add) {
  batches all = {dtype, m, n, k, a, b, c, add};
  size_t work = 4 * m * n * k;
  if (batch > 1 && work < (size_t)1 << 20) {
    kb_parallel_for(batch, kb_gemm_grain(work), multiply_items, &all);
  } else {
    multiply_items(&all, 0, batch);
  }
}
