// Elementwise kernels. Arrays are row-major contiguous unless strides are given (in elements; NULL means
// contiguous; 0 repeats). All inputs have `dtype`; the output has `dtype`, or bool for a predicate.
// Scalar and vector evaluation of one opcode give the same bits.
#ifndef KB_ELEMENTWISE_H
#define KB_ELEMENTWISE_H

#include "kb_program.h"

// One element, held in the low bytes of a word (a complex64 fills it; complex128 is not held so).
uint64_t kb_unary_scalar(kb_opcode opcode, kb_dtype dtype, uint64_t x);
uint64_t kb_binary_scalar(kb_opcode opcode, kb_dtype dtype, uint64_t x, uint64_t y, kb_status *status);

// *z = opcode(*x, *y); y is NULL for one operand. Not for integers, of which a division can fail.
typedef struct kb_scalar_op {
  kb_opcode opcode;
  kb_dtype dtype;
  const uint64_t *x, *y;
  uint64_t *z;
} kb_scalar_op;
// One after the other.
void kb_scalar_run(size_t count, const kb_scalar_op *operations);

// Contiguous, one instruction. `x_uniform`, `y_uniform`: the pointer holds a single element for all.
// `out` may be the same memory as an input.
kb_status kb_unary(kb_opcode opcode, kb_dtype dtype, size_t count, const void *x, void *out);
kb_status kb_binary(kb_opcode opcode, kb_dtype dtype, size_t count, const void *x, bool x_uniform,
                    const void *y, bool y_uniform, void *out);

// Any program over inputs of equal shape and any strides; `out` is contiguous.
// `inputs[i]` with `strides[i] == NULL` is contiguous.
kb_status kb_elementwise(const kb_program *program, kb_dtype dtype, size_t rank, const intptr_t *dims,
                         const void *const *inputs, const intptr_t *const *strides, void *out);

// out = condition ? x : y, for elements of `size` bytes (1, 2, 4, 8, 16); condition is bool.
void kb_where(size_t size, size_t rank, const intptr_t *dims, const void *condition,
              const intptr_t *condition_strides, const void *x, const intptr_t *x_strides,
              const void *y, const intptr_t *y_strides, void *out);

// |z| of complex elements as real ones.
void kb_complex_abs(kb_dtype dtype, size_t rank, const intptr_t *dims, const void *x,
                    const intptr_t *strides, void *out);

#endif
