// Products on one thread: what fused layers are made of.
#include "gemm.h"
#include "gemm_sizes.h"

#pragma STDC FP_CONTRACT OFF

// Longer chains of additions than this are cut, for accuracy.
#define K_BLOCK 768


size_t kb_gemm_panels(const kb_gemm_kernels *kernels, size_t n) {
  return (n + kernels->columns - 1) / kernels->columns;
}

size_t kb_gemm_packed_bytes(const kb_gemm_kernels *kernels, size_t n, size_t k) {
  return kb_gemm_panels(kernels, n) * kernels->columns * k * kernels->size;
}

void kb_gemm_pack(const kb_gemm_kernels *kernels, size_t n, size_t k, const void *b,
                  intptr_t b_row, intptr_t b_column, size_t begin, size_t end, void *packed) {
  const size_t width = kernels->columns;
  for (size_t panel = begin; panel < end; panel++) {
    const size_t column = panel * width;
    kernels->pack(k, smaller(width, n - column),
                  (const char *)b + (intptr_t)column * b_column * (intptr_t)kernels->size, b_row,
                  b_column, (char *)packed + panel * k * width * kernels->size);
  }
}

kb_gemm_right kb_gemm_place(const kb_gemm_kernels *kernels, size_t n, size_t k, const void *b,
                            intptr_t b_row, intptr_t b_column, void *packed) {
  if (kernels->masked && b_column == 1 && b_row > 0)
    return (kb_gemm_right){b, kernels->columns, (size_t)b_row};
  kb_gemm_pack(kernels, n, k, b, b_row, b_column, 0, kb_gemm_panels(kernels, n), packed);
  return kb_gemm_packed(kernels, packed, k);
}

void kb_gemm_part(const kb_gemm_kernels *kernels, size_t m, size_t n, size_t k, const void *a,
                  intptr_t a_row, intptr_t a_column, kb_gemm_right b, void *c, size_t c_row,
                  bool add) {
  if (m == 0) return;
  const size_t width = kernels->columns, panels = kb_gemm_panels(kernels, n);
  const intptr_t size = (intptr_t)kernels->size;
  // Tiles of nearly equal height: a low one at the end would leave most of the registers empty.
  const size_t tiles = (m + kernels->rows - 1) / kernels->rows;
  const size_t height = m / tiles, taller = m % tiles;
  for (size_t start = 0; start < k; start += K_BLOCK) {
    const size_t count = smaller(K_BLOCK, k - start);
    for (size_t panel = 0; panel < panels; panel++) {
      const size_t column = panel * width;
      const char *part = (const char *)b.data + (panel * b.panel + start * b.row) * kernels->size;
      size_t row = 0;
      for (size_t tile = 0; tile < tiles; tile++) {
        const size_t rows = height + (tile < taller);
        kernels->tile(rows, smaller(width, n - column), count,
                      (const char *)a + ((intptr_t)row * a_row + (intptr_t)start * a_column) * size,
                      a_row, a_column, part, (intptr_t)b.row,
                      (char *)c + (row * c_row + column) * kernels->size, c_row, add || start > 0,
                      NULL, NULL);
        row += rows;
      }
    }
  }
}
