// Threaded code over eight vector registers: what a group of elementwise operations runs as.
//
// Eight registers hold a chunk of one operand, the accumulator; other operands are read from memory: an
// array, a chunk of scratch memory, or a constant that fills one. Each instruction ends in a jump to the
// next. A chunk is read from the arrays once, whatever the number of operations.
#ifndef KB_REGISTERS_H
#define KB_REGISTERS_H

#include "elementwise.h"

// What is narrower than a lane, flags and halves, is widened when it is loaded; halves are rounded when they are
// stored. AT_LEAST and AT_MOST are maximum and minimum with what is not NaN.
//
// A call runs an ordinary kernel on memory and loads its results. The names with FROM and OF have their
// operands the other way round: memory - accumulator. SELECT_BY is accumulator ? p : q, SELECT_THIS
// p ? accumulator : q, SELECT_ELSE p ? q : accumulator; FMA is accumulator * p + q, FMA_OF p * q + it.
#define KB_REGISTER_OPS(X)                                                                         \
  X(end, END) X(load, LOAD) X(load_flags, LOAD_FLAGS) X(load_float16, LOAD_FLOAT16)                \
  X(load_bfloat16, LOAD_BFLOAT16) X(store, STORE) X(stream, STREAM) X(store_flags, STORE_FLAGS)    \
  X(store_float16, STORE_FLOAT16) X(store_bfloat16, STORE_BFLOAT16) X(call, CALL)                  \
  X(call_flags, CALL_FLAGS) X(neg, NEG) X(abs, ABS) X(square, SQUARE) X(sqrt, SQRT)                \
  X(reciprocal, RECIPROCAL) X(relu, RELU) X(add, ADD) X(sub, SUB) X(sub_from, SUB_FROM)            \
  X(mul, MUL) X(div, DIV) X(div_of, DIV_OF) X(maximum, MAXIMUM) X(maximum_of, MAXIMUM_OF)          \
  X(minimum, MINIMUM) X(minimum_of, MINIMUM_OF) X(at_least, AT_LEAST) X(at_most, AT_MOST)          \
  X(eq, EQ) X(ne, NE) X(lt, LT) X(le, LE) X(gt, GT) X(ge, GE) X(select_by, SELECT_BY)              \
  X(select_this, SELECT_THIS) X(select_else, SELECT_ELSE) X(fma, FMA) X(fma_of, FMA_OF)

typedef enum kb_register_op {
#define KB_REGISTER_OP(name, NAME) KB_R_##NAME,
  KB_REGISTER_OPS(KB_REGISTER_OP)
#undef KB_REGISTER_OP
  KB_R_COUNT
} kb_register_op;

typedef struct kb_register_code {
  union {
    kb_register_op op;
    kb_kernel kernel; // of the second entry of a call
  };
  const char *p, *q;
  // All ones for an array, which the offset walks through; 0 for a chunk of scratch memory.
  int32_t p_mask, q_mask;
} kb_register_code;
// A call takes two entries: operands p, q; then the kernel, operand p and the chunk for results, q, and in
// the masks that of p and the kernel's `uniform`.

// Chunks are 8 vectors.
typedef struct kb_register_set {
  size_t chunk_bytes;
  // From the byte offset `begin` in arrays of the computing dtype, a chunk at a time, to `end`.
  void (*run)(const kb_register_code *code, size_t begin, size_t end);
} kb_register_set;

#endif
