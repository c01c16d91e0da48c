#include "gemm.h"

#include <string.h>

void kb_gemm(kb_dtype dtype, size_t batch, size_t m, size_t n, size_t k, kb_matrix a, kb_matrix b,
             void *c, bool accumulate, const kb_tail *tail) {
  if (batch == 0 || m == 0 || n == 0) {
    return;
  }
  if (k == 0) {
    if (!accumulate) {
      memset(c, 0, batch * m * n * kb_dtype_size(dtype));
    }
    if (tail != NULL) {
      kb_tail_run_all(tail, 0, batch * m, n);
    }
    return;
  }
  switch (dtype) {
  case KB_FLOAT32:
    kb_gemm_real(KB_GEMM_F32, batch, m, n, k, a, b, c, accumulate, tail);
    return;
  case KB_FLOAT64:
    kb_gemm_real(KB_GEMM_F64, batch, m, n, k, a, b, c, accumulate, tail);
    return;
  case KB_FLOAT16:
  case KB_BFLOAT16:
    kb_gemm_half(dtype, batch, m, n, k, a, b, c, accumulate);
    break;
  case KB_INT8:
  case KB_UINT8:
    kb_gemm_real(KB_GEMM_U8, batch, m, n, k, a, b, c, accumulate, NULL);
    break;
  case KB_INT16:
    kb_gemm_real(KB_GEMM_U16, batch, m, n, k, a, b, c, accumulate, NULL);
    break;
  case KB_INT32:
    kb_gemm_real(KB_GEMM_U32, batch, m, n, k, a, b, c, accumulate, NULL);
    break;
  case KB_INT64:
    kb_gemm_real(KB_GEMM_U64, batch, m, n, k, a, b, c, accumulate, NULL);
    break;
  case KB_COMPLEX64:
  case KB_COMPLEX128:
    kb_gemm_complex(dtype, batch, m, n, k, a, b, c, accumulate);
    break;
  default: // bool: refused before
    break;
  }
  if (tail != NULL) {
    kb_tail_run_all(tail, 0, batch * m, n);
  }
}

void kb_linear(kb_dtype dtype, size_t m, size_t n, size_t k, kb_matrix a, kb_matrix b,
               const void *bias, void *c, const kb_tail *tail) {
  if (m == 0 || n == 0) {
    return;
  }
  if (k > 0 && (dtype == KB_FLOAT32 || dtype == KB_FLOAT64)) {
    kb_linear_real(dtype == KB_FLOAT64 ? KB_GEMM_F64 : KB_GEMM_F32, m, n, k, a, b, bias, c,
                   tail);
    return;
  }
  const size_t row = n * kb_dtype_size(dtype);
  for (size_t i = 0; i < m; i++) {
    memcpy((char *)c + i * row, bias, row);
  }
  kb_gemm(dtype, 1, m, n, k, a, b, c, true, tail);
}
