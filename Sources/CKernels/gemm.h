// Inside of the matrix product: the kernels of one element type for one instruction set, and the
// parts that kb_gemm is put together from. Strides are in elements.
#ifndef KB_GEMM_INTERNAL_H
#define KB_GEMM_INTERNAL_H

#include "isa.h"
#include "kb_gemm.h"

// What is read behind a tile, up to `end`: some of it is fetched while the tile is multiplied.
typedef struct kb_gemm_next {
  const char *data, *end;
} kb_gemm_next;

typedef struct kb_gemm_kernels {
  size_t size;          // of an element
  size_t rows, columns; // of the register tile
  bool masked;          // a tile of fewer columns reads no further columns of b

  // c[rows × columns] = a · b (+ c when `add`, else + the row `bias` unless NULL), at most one register
  // tile. b's columns lie next to each other. Unless `masked`, b has all columns of the tile even when
  // fewer are wanted. `next` or NULL.
  void (*tile)(size_t rows, size_t columns, size_t k, const void *a, intptr_t a_row,
               intptr_t a_column, const void *b, intptr_t b_row, void *c, size_t c_row, bool add,
               const void *bias, const kb_gemm_next *next);
  // Copies b[k × columns] to packed[k × tile columns], filled up with zeros.
  void (*pack)(size_t k, size_t columns, const void *b, intptr_t b_row, intptr_t b_column,
               void *packed);
  // c[1 × n] = a · b (+ c) for columns of b next to each other. NULL for integers.
  void (*row)(size_t n, size_t k, const void *a, intptr_t a_column, const void *b, intptr_t b_row,
              void *c, bool add);
  // c[m × n] = a · b (+ c) for unit strides along k in both. NULL for integers.
  void (*dot)(size_t m, size_t n, size_t k, const void *a, intptr_t a_row, const void *b,
              intptr_t b_column, void *c, size_t c_row, bool add);
} kb_gemm_kernels;

typedef enum {
  KB_GEMM_F32,
  KB_GEMM_F64,
  KB_GEMM_U8,
  KB_GEMM_U16,
  KB_GEMM_U32,
  KB_GEMM_U64,
  KB_GEMM_TYPES
} kb_gemm_type;

extern const kb_gemm_kernels kb_gemm_baseline_kernels[KB_GEMM_TYPES];
#if defined(__x86_64__)
extern const kb_gemm_kernels kb_gemm_avx2_kernels[KB_GEMM_TYPES];
extern const kb_gemm_kernels kb_gemm_avx512_kernels[KB_GEMM_TYPES];
#endif

// The kernels that suit this processor.
const kb_gemm_kernels *kb_gemm_active(kb_gemm_type type);

// Products that are parts of something larger and run on one thread: b is packed once, or read where it
// is, and used as long as it lies in the caches.

// The right side of such a product: the distance of its panels, and of the rows in each, in elements.
typedef struct kb_gemm_right {
  const void *data;
  size_t panel, row;
} kb_gemm_right;

// Bytes of a packed b[k × n].
size_t kb_gemm_packed_bytes(const kb_gemm_kernels *kernels, size_t n, size_t k);
// Packs panels begin ..< end of b's columns; there are kb_gemm_panels.
size_t kb_gemm_panels(const kb_gemm_kernels *kernels, size_t n);
void kb_gemm_pack(const kb_gemm_kernels *kernels, size_t n, size_t k, const void *b,
                  intptr_t b_row, intptr_t b_column, size_t begin, size_t end, void *packed);
// The same b as a right side; k is what it was packed with.
static inline kb_gemm_right kb_gemm_packed(const kb_gemm_kernels *kernels, const void *packed,
                                           size_t k) {
  return (kb_gemm_right){packed, k * kernels->columns, kernels->columns};
}
// b as it lies, packed to `packed` only where the kernels need that.
kb_gemm_right kb_gemm_place(const kb_gemm_kernels *kernels, size_t n, size_t k, const void *b,
                            intptr_t b_row, intptr_t b_column, void *packed);
// c[m × n] = a · b (+ c when `add`) with the first k rows of b.
void kb_gemm_part(const kb_gemm_kernels *kernels, size_t m, size_t n, size_t k, const void *a,
                  intptr_t a_row, intptr_t a_column, kb_gemm_right b, void *c, size_t c_row,
                  bool add);

// Batches of products of one of the types above.
void kb_gemm_real(kb_gemm_type type, size_t batch, size_t m, size_t n, size_t k, kb_matrix a,
                  kb_matrix b, void *c, bool add, const kb_tail *tail);
// A product of so few rows that a register tile would be mostly empty, and packing b cost more than the product.
// For those that `kb_gemm_is_thin` names.
bool kb_gemm_is_thin(const kb_gemm_kernels *kernels, size_t m, size_t n, size_t k, kb_matrix b);
void kb_gemm_thin(const kb_gemm_kernels *kernels, size_t m, size_t n, size_t k, kb_matrix a,
                  kb_matrix b, void *c, size_t c_row, bool add);
// A product of few elements that are long sums: those of parts of k, which follow from m, n and k alone, are
// added. For those that `kb_gemm_is_long` names.
bool kb_gemm_is_long(const kb_gemm_kernels *kernels, size_t m, size_t n, size_t k);
void kb_gemm_long(const kb_gemm_kernels *kernels, size_t m, size_t n, size_t k, kb_matrix a,
                  kb_matrix b, void *c, size_t c_row, bool add);
// One product with kernels of one's own.
void kb_gemm_with(const kb_gemm_kernels *kernels, size_t m, size_t n, size_t k, kb_matrix a,
                  kb_matrix b, void *c, bool add);
// One product whose rows begin with a bias; m, n and k are not 0.
void kb_linear_real(kb_gemm_type type, size_t m, size_t n, size_t k, kb_matrix a, kb_matrix b,
                    const void *bias, void *c, const kb_tail *tail);
void kb_gemm_half(kb_dtype dtype, size_t batch, size_t m, size_t n, size_t k, kb_matrix a,
                  kb_matrix b, void *c, bool add);
void kb_gemm_complex(kb_dtype dtype, size_t batch, size_t m, size_t n, size_t k, kb_matrix a,
                     kb_matrix b, void *c, bool add);

// Items of `work` multiplications each that make a task worth handing to another thread.
static inline size_t kb_gemm_grain(size_t work) {
  size_t items = 65536 / (work == 0 ? 1 : work);
  return items == 0 ? 1 : items;
}

#endif
