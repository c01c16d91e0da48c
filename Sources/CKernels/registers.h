// Threaded code over eight vector registers: what a group of elementwise operations runs as.
//
// Eight registers hold a chunk of one operand, the accumulator; other operands are read from memory: an
// array, a chunk of scratch memory, or a constant that fills one. Each instruction ends in a jump to the
// next. A chunk is read from the arrays once, whatever the number of operations.
#ifndef KB_REGISTERS_H
#define KB_REGISTERS_H

#include "elementwise.h"

// What is narrower than a lane, flags and halves, is widened when it is loaded; halves are rounded when they are
// stored. AT_LEAST and AT_MOST are maximum and minimum with what is not NaN, one number for all lanes.
//
// A call runs an ordinary kernel on memory and loads its results. The names with FROM and OF have their
// operands the other way round: memory - accumulator. SELECT_BY is accumulator ? p : q, SELECT_THIS
// p ? accumulator : q, SELECT_ELSE p ? q : accumulator; FMA is accumulator * p + q, FMA_OF p * q + it.
// TAKE_LT is p < number ? q : accumulator, LEAVE_LT p < number ? accumulator : q, and so on.
#define KB_REGISTER_OPS(X)                                                                         \
  X(end, END) X(load, LOAD) X(load_flags, LOAD_FLAGS) X(load_float16, LOAD_FLOAT16)                \
  X(load_bfloat16, LOAD_BFLOAT16) X(store, STORE) X(stream, STREAM) X(store_flags, STORE_FLAGS)    \
  X(store_float16, STORE_FLOAT16) X(store_bfloat16, STORE_BFLOAT16) X(call, CALL)                  \
  X(call_flags, CALL_FLAGS) X(neg, NEG) X(abs, ABS) X(square, SQUARE) X(sqrt, SQRT)                \
  X(reciprocal, RECIPROCAL) X(relu, RELU) X(at_least, AT_LEAST) X(at_most, AT_MOST)                \
  X(select_by, SELECT_BY) X(select_this, SELECT_THIS) X(select_else, SELECT_ELSE) X(fma, FMA)      \
  X(fma_of, FMA_OF) X(take_lt, TAKE_LT) X(take_le, TAKE_LE) X(take_gt, TAKE_GT)                    \
  X(take_ge, TAKE_GE) X(leave_lt, LEAVE_LT) X(leave_le, LEAVE_LE) X(leave_gt, LEAVE_GT)            \
  X(leave_ge, LEAVE_GE) KB_REGISTER_BINARIES(X, , ) KB_REGISTER_BINARIES(X, _number, _NUMBER)

// Of an array, and of one number for all lanes, which is read once.
#define KB_REGISTER_BINARIES(X, form, FORM)                                                        \
  X(add##form, ADD##FORM) X(sub##form, SUB##FORM) X(sub_from##form, SUB_FROM##FORM)                \
  X(mul##form, MUL##FORM) X(div##form, DIV##FORM) X(div_of##form, DIV_OF##FORM)                    \
  X(maximum##form, MAXIMUM##FORM) X(maximum_of##form, MAXIMUM_OF##FORM)                            \
  X(minimum##form, MINIMUM##FORM) X(minimum_of##form, MINIMUM_OF##FORM) X(eq##form, EQ##FORM)      \
  X(ne##form, NE##FORM) X(lt##form, LT##FORM) X(le##form, LE##FORM) X(gt##form, GT##FORM)          \
  X(ge##form, GE##FORM)

typedef enum kb_register_op {
#define KB_REGISTER_OP(name, NAME) KB_R_##NAME,
  KB_REGISTER_OPS(KB_REGISTER_OP)
#undef KB_REGISTER_OP
  KB_R_COUNT
} kb_register_op;

// The form for one number of an operation on arrays.
static inline kb_register_op kb_number_form(kb_register_op op) {
  if (op < KB_R_ADD || op >= KB_R_ADD_NUMBER) return op;
  return (kb_register_op)(op + (KB_R_ADD_NUMBER - KB_R_ADD));
}

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
// the masks that of p and the kernel's `uniform`. TAKE and LEAVE take two: p, q; then the number.

// Chunks are 8 vectors.
typedef struct kb_register_set {
  size_t chunk_bytes;
  // From the byte offset `begin` in arrays of the computing dtype, a chunk at a time, to `end`.
  void (*run)(const kb_register_code *code, size_t begin, size_t end);
} kb_register_set;

#endif
