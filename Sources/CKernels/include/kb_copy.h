// Copies, casts and fills over strided arrays (strides in elements, NULL means contiguous).
#ifndef KB_COPY_H
#define KB_COPY_H

#include "kb_types.h"

// Elements of `size` bytes (1, 2, 4, 8 or 16) between any two layouts. Sources may have 0 strides;
// destinations may not. Regions do not overlap.
void kb_copy(size_t size, size_t rank, const intptr_t *dims, const void *src,
             const intptr_t *src_strides, void *dst, const intptr_t *dst_strides);

// Converts each element as PyTorch's CPU kernels do: float to int truncates, anything nonzero (NaN too)
// is true, complex to real drops the imaginary part, half types round to nearest even through float.
// `dst` is contiguous.
void kb_cast(kb_dtype from, kb_dtype to, size_t rank, const intptr_t *dims, const void *src,
             const intptr_t *src_strides, void *dst);

// One element held in a word (see kb_elementwise.h), complex128 excluded.
uint64_t kb_cast_scalar(kb_dtype from, kb_dtype to, uint64_t x);
// The word that holds a number in a dtype, and back.
uint64_t kb_scalar_from_double(kb_dtype dtype, double x);
uint64_t kb_scalar_from_int64(kb_dtype dtype, int64_t x);
double kb_scalar_to_double(kb_dtype dtype, uint64_t x);
int64_t kb_scalar_to_int64(kb_dtype dtype, uint64_t x);

// Repeats the element at `value` (`size` bytes) over a strided destination.
void kb_fill(size_t size, size_t rank, const intptr_t *dims, const void *value, void *dst,
             const intptr_t *dst_strides);

// kb_cast_scalar for what Swift numbers become beside a tensor, without a call in the common cases.
static inline uint64_t kb_adopt_scalar(kb_dtype from, kb_dtype to, uint64_t x) {
  double number;
  if (from == KB_FLOAT64) {
    __builtin_memcpy(&number, &x, 8);
  } else if (from == KB_INT64) {
    if (to == KB_INT64) return x;
    number = (double)(int64_t)x;
  } else {
    return kb_cast_scalar(from, to, x);
  }
  if (to == KB_FLOAT32) {
    // int64 → float rounds once; through double it could round twice.
    float single = from == KB_INT64 ? (float)(int64_t)x : (float)number;
    uint32_t bits;
    __builtin_memcpy(&bits, &single, 4);
    return bits;
  }
  if (to == KB_FLOAT64) {
    __builtin_memcpy(&x, &number, 8);
    return x;
  }
  return kb_cast_scalar(from, to, x);
}

#endif
