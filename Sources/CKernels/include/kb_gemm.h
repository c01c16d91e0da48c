// C = A · B for row-major C, any strides of A and B, batched.
#ifndef KB_GEMM_H
#define KB_GEMM_H

#include "kb_tail.h"
#include "kb_types.h"

typedef struct kb_matrix {
  const void *data;
  intptr_t row_stride, column_stride, batch_stride; // in elements; batch_stride 0 shares one matrix
} kb_matrix;

// For each batch: C[m × n] = A[m × k] · B[k × n] (+ C when `accumulate`). C is contiguous, batches one
// after the other. k == 0 gives zeros. Half types accumulate in float and round once; integers wrap;
// bool is refused before. Each element of C is the same bits for any number of threads. The elements are
// given to `tail`, unless it is NULL, when they are final.
void kb_gemm(kb_dtype dtype, size_t batch, size_t m, size_t n, size_t k, kb_matrix a, kb_matrix b,
             void *c, bool accumulate, const kb_tail *tail);

// C[m × n] = A · B + bias[n] in each row; bias is contiguous. The bias is what each sum begins with.
void kb_linear(kb_dtype dtype, size_t m, size_t n, size_t k, kb_matrix a, kb_matrix b,
               const void *bias, void *c, const kb_tail *tail);

#endif
