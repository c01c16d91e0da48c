// Kernels of bool: bytes that are 0 or 1. Addition is or, multiplication and, as in PyTorch.
#include "elementwise.h"

#include "elementwise_loops.inc"

#define T uint8_t

UNARY_LOOP(bool_copy, T, T, x)
UNARY_LOOP(bool_not, T, T, x ^ 1)
UNARY_LOOP(bool_false, T, T, 0)
UNARY_LOOP(bool_true, T, T, 1)
BINARY_LOOP(bool_or, T, T, x | y)
BINARY_LOOP(bool_and, T, T, x & y)
BINARY_LOOP(bool_xor, T, T, x ^ y)
BINARY_LOOP(bool_eq, T, T, x == y)
BINARY_LOOP(bool_lt, T, T, x < y)
BINARY_LOOP(bool_le, T, T, x <= y)
BINARY_LOOP(bool_gt, T, T, x > y)
BINARY_LOOP(bool_ge, T, T, x >= y)
TERNARY_LOOP(bool_fma, T, T, (x & y) | z)
TERNARY_LOOP(bool_clamp, T, T, (x | y) & z)
TERNARY_LOOP(bool_select, T, T, x ? y : z)

const kb_kernel kb_kernels_bool[KB_OPCODE_COUNT] = {
    [KB_OP_copy] = bool_copy,          [KB_OP_abs] = bool_copy,
    [KB_OP_sign] = bool_copy,          [KB_OP_square] = bool_copy,
    [KB_OP_relu] = bool_copy,          [KB_OP_floor] = bool_copy,
    [KB_OP_ceil] = bool_copy,          [KB_OP_trunc] = bool_copy,
    [KB_OP_round] = bool_copy,         [KB_OP_conj] = bool_copy,
    [KB_OP_bitwise_not] = bool_not,    [KB_OP_logical_not] = bool_not,
    [KB_OP_isnan] = bool_false,        [KB_OP_isinf] = bool_false,
    [KB_OP_isfinite] = bool_true,      [KB_OP_add] = bool_or,
    [KB_OP_sub] = bool_xor,            [KB_OP_mul] = bool_and,
    [KB_OP_pow] = bool_ge, // 0 to the power 1 is the only 0
    [KB_OP_maximum] = bool_or,         [KB_OP_minimum] = bool_and,
    [KB_OP_fmax] = bool_or,            [KB_OP_fmin] = bool_and,
    [KB_OP_bitwise_and] = bool_and,    [KB_OP_bitwise_or] = bool_or,
    [KB_OP_bitwise_xor] = bool_xor,    [KB_OP_eq] = bool_eq,
    [KB_OP_ne] = bool_xor,             [KB_OP_lt] = bool_lt,
    [KB_OP_le] = bool_le,              [KB_OP_gt] = bool_gt,
    [KB_OP_ge] = bool_ge,              [KB_OP_logical_and] = bool_and,
    [KB_OP_logical_or] = bool_or,      [KB_OP_logical_xor] = bool_xor,
    [KB_OP_fma] = bool_fma,            [KB_OP_clamp] = bool_clamp,
    [KB_OP_select] = bool_select,
};
