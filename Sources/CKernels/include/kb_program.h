// The elementwise program: what eager evaluation and a fused group both run.
//
// A program computes one value per element. All inputs have the same dtype. Instruction k writes
// register KB_REGISTER(k); operands are inputs, earlier registers or immediates. The value of the last
// instruction is the result. Comparisons and predicates give 0 or 1 of the computing dtype inside a
// program; as the last instruction they give bool. Halves are computed in float and rounded at the end, or
// where a copy says so.
#ifndef KB_PROGRAM_H
#define KB_PROGRAM_H

#include "kb_types.h"

// name, arity, result is bool
#define KB_OPCODES(X)                                                                              \
  X(copy, 1, 0)                                                                                    \
  X(neg, 1, 0) X(abs, 1, 0) X(sign, 1, 0) X(square, 1, 0) X(sqrt, 1, 0) X(rsqrt, 1, 0)             \
  X(reciprocal, 1, 0) X(exp, 1, 0) X(exp2, 1, 0) X(expm1, 1, 0) X(log, 1, 0) X(log2, 1, 0)         \
  X(log10, 1, 0) X(log1p, 1, 0) X(sin, 1, 0) X(cos, 1, 0) X(tan, 1, 0) X(asin, 1, 0)               \
  X(acos, 1, 0) X(atan, 1, 0) X(sinh, 1, 0) X(cosh, 1, 0) X(tanh, 1, 0) X(asinh, 1, 0)             \
  X(acosh, 1, 0) X(atanh, 1, 0) X(sigmoid, 1, 0) X(relu, 1, 0) X(silu, 1, 0) X(gelu, 1, 0)         \
  X(gelu_tanh, 1, 0) X(erf, 1, 0) X(erfc, 1, 0) X(floor, 1, 0) X(ceil, 1, 0) X(trunc, 1, 0)        \
  X(round, 1, 0) X(conj, 1, 0) X(bitwise_not, 1, 0) X(logical_not, 1, 1) X(isnan, 1, 1)            \
  X(isinf, 1, 1) X(isfinite, 1, 1)                                                                 \
  X(add, 2, 0) X(sub, 2, 0) X(mul, 2, 0) X(div, 2, 0) X(floor_div, 2, 0) X(trunc_div, 2, 0)        \
  X(remainder, 2, 0) X(fmod, 2, 0) X(pow, 2, 0) X(maximum, 2, 0) X(minimum, 2, 0) X(fmax, 2, 0)    \
  X(fmin, 2, 0) X(atan2, 2, 0) X(hypot, 2, 0) X(copysign, 2, 0) X(xlogy, 2, 0)                     \
  X(bitwise_and, 2, 0) X(bitwise_or, 2, 0) X(bitwise_xor, 2, 0) X(shift_left, 2, 0)                \
  X(shift_right, 2, 0) X(relu_slope, 2, 0) /* x, or 0 where y == 0 */                              \
  X(gelu_slope, 2, 0) X(gelu_tanh_slope, 2, 0) /* a * gelu'(b) */                                  \
  X(eq, 2, 1) X(ne, 2, 1) X(lt, 2, 1) X(le, 2, 1) X(gt, 2, 1) X(ge, 2, 1)                          \
  X(logical_and, 2, 1) X(logical_or, 2, 1) X(logical_xor, 2, 1)                                    \
  X(fma, 3, 0)   /* a * b + c, one rounding where the dtype is floating */                         \
  X(clamp, 3, 0) /* min(max(a, b), c): NaN stays, b > c gives c */                                 \
  X(select, 3, 0) /* a != 0 ? b : c */

typedef enum kb_opcode {
#define KB_OPCODE(name, arity, predicate) KB_OP_##name,
  KB_OPCODES(KB_OPCODE)
#undef KB_OPCODE
  KB_OPCODE_COUNT
} kb_opcode;

#define KB_MAX_INSTRUCTIONS 24
#define KB_MAX_IMMEDIATES 8
#define KB_MAX_INPUTS 16

// Operand numbers: 0… inputs, 32… registers, 64… immediates.
typedef struct kb_instruction {
  uint8_t opcode, a, b, c;
} kb_instruction;

typedef struct kb_program {
  uint16_t inputs, count, immediate_count;
  kb_instruction code[KB_MAX_INSTRUCTIONS];
  double immediates[KB_MAX_IMMEDIATES];
} kb_program;

// The program of one instruction on its inputs.
static inline kb_program kb_program_single(kb_opcode opcode, uint16_t arity) {
  kb_program program = {.inputs = arity, .count = 1, .code = {{(uint8_t)opcode, 0, 1, 2}}};
  return program;
}

// Appends an instruction and gives its register's operand number; -1 when the program is full.
static inline int kb_program_append(kb_program *_Nonnull program, kb_opcode opcode, uint8_t a,
                                    uint8_t b, uint8_t c) {
  if (program->count == KB_MAX_INSTRUCTIONS) return -1;
  program->code[program->count] = (kb_instruction){(uint8_t)opcode, a, b, c};
  return 32 + program->count++;
}

// Appends an immediate and gives its operand number; -1 when there is no room.
static inline int kb_program_immediate(kb_program *_Nonnull program, double value) {
  if (program->immediate_count == KB_MAX_IMMEDIATES) return -1;
  program->immediates[program->immediate_count] = value;
  return 64 + program->immediate_count++;
}

// The arity of an opcode and whether its result, as a program's last, is bool.
int kb_opcode_arity(kb_opcode opcode);
bool kb_opcode_is_predicate(kb_opcode opcode);
const char *_Nonnull kb_opcode_name(kb_opcode opcode);

#endif
