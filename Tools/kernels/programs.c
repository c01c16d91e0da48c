#include "check.h"

// Random programs, each element of which is also computed by plain C, an operation after the other.
static const kb_opcode opcodes[] = {
    KB_OP_add,    KB_OP_sub,  KB_OP_mul,        KB_OP_mul,    KB_OP_div,    KB_OP_maximum,
    KB_OP_minimum, KB_OP_lt,  KB_OP_le,         KB_OP_gt,     KB_OP_ge,     KB_OP_eq,
    KB_OP_ne,     KB_OP_select, KB_OP_select,   KB_OP_select, KB_OP_clamp,  KB_OP_fma,
    KB_OP_neg,    KB_OP_abs,  KB_OP_square,     KB_OP_sqrt,   KB_OP_reciprocal, KB_OP_relu,
};

// Of two equal numbers, zeros of either sign, the bounds keep the first operand.
#define REFERENCE(T, name, FMA, SQRT)                                                              \
  static T name(kb_opcode opcode, T x, T y, T z) {                                                 \
    switch (opcode) {                                                                              \
    case KB_OP_add: return x + y;                                                                  \
    case KB_OP_sub: return x - y;                                                                  \
    case KB_OP_mul: return x * y;                                                                  \
    case KB_OP_div: return x / y;                                                                  \
    case KB_OP_maximum: return isnan(x) || isnan(y) ? (T)NAN : y > x ? y : x;                      \
    case KB_OP_minimum: return isnan(x) || isnan(y) ? (T)NAN : y < x ? y : x;                      \
    case KB_OP_lt: return x < y;                                                                   \
    case KB_OP_le: return x <= y;                                                                  \
    case KB_OP_gt: return x > y;                                                                   \
    case KB_OP_ge: return x >= y;                                                                  \
    case KB_OP_eq: return x == y;                                                                  \
    case KB_OP_ne: return x != y;                                                                  \
    case KB_OP_select: return x != 0 ? y : z;                                                      \
    case KB_OP_clamp: return name(KB_OP_minimum, name(KB_OP_maximum, x, y, 0), z, 0);              \
    case KB_OP_fma: return FMA(x, y, z);                                                           \
    case KB_OP_neg: return -x;                                                                     \
    case KB_OP_abs: return x < 0 || x == 0 ? (T)copysign(x, 1) : x;                                \
    case KB_OP_square: return x * x;                                                               \
    case KB_OP_sqrt: return SQRT(x);                                                               \
    case KB_OP_reciprocal: return 1 / x;                                                           \
    case KB_OP_relu: return x <= 0 ? 0 : x;                                                        \
    default: abort();                                                                              \
    }                                                                                              \
  }
REFERENCE(float, reference32, fmaf, sqrtf)
REFERENCE(double, reference64, fma, sqrt)

static unsigned below(unsigned n) { return (unsigned)draw(0, n); }

static double draw_special(void) {
  static const double special[] = {0, -0.0, 1, -1, 3, 0.5, INFINITY, -INFINITY, NAN};
  return below(4) ? draw(-4, 4) : special[below(9)];
}

// Operand numbers of kb_program: inputs 0…, results from 32, immediates from 64.
static unsigned draw_operand(const kb_program *p) {
  if (below(4) == 0) return 64 + below(p->immediate_count);
  if (p->count && below(2)) return 32 + p->count - 1 - below(p->count < 4 ? p->count : 4);
  return below(p->inputs);
}

static kb_program draw_program(unsigned inputs, bool calls) {
  static const double immediates[] = {0, -0.0, 1, 3, -3, 0.5, 6, NAN};
  kb_program p = {.inputs = (uint16_t)inputs};
  const unsigned last = below(8);
  for (unsigned i = 0; i <= last; i++) kb_program_immediate(&p, immediates[i]);
  const unsigned count = 2 + below(9);
  while (p.count < count) {
    const kb_opcode opcode = opcodes[below(sizeof opcodes / sizeof *opcodes)];
    unsigned x[3];
    for (int j = 0; j < 3; j++) x[j] = draw_operand(&p);
    // A choice by a fresh comparison, mostly.
    if (opcode == KB_OP_select && below(4)) {
      const int condition = kb_program_append(&p, KB_OP_lt + below(4), (uint8_t)draw_operand(&p),
                                              (uint8_t)(64 + below(p.immediate_count)), 0);
      x[0] = (unsigned)condition;
    }
    kb_program_append(&p, calls && below(4) == 0 ? KB_OP_floor : opcode, (uint8_t)x[0],
                      (uint8_t)x[1], (uint8_t)x[2]);
  }
  // The result is a number.
  kb_program_append(&p, KB_OP_add, (uint8_t)(32 + p.count - 1), (uint8_t)draw_operand(&p), 0);
  return p;
}

#define EVALUATE(T, name, reference, FLOOR)                                                        \
  static T name(const kb_program *p, const T *x) {                                                 \
    T results[KB_MAX_INSTRUCTIONS];                                                                \
    for (int k = 0; k < p->count; k++) {                                                           \
      const kb_instruction in = p->code[k];                                                        \
      const uint8_t numbers[3] = {in.a, in.b, in.c};                                               \
      T v[3];                                                                                      \
      for (int j = 0; j < 3; j++)                                                                  \
        v[j] = j >= kb_opcode_arity((kb_opcode)in.opcode) ? 0                                      \
               : numbers[j] >= 64 ? (T)p->immediates[numbers[j] - 64]                              \
               : numbers[j] >= 32 ? results[numbers[j] - 32]                                       \
                                  : x[numbers[j]];                                                 \
      results[k] = in.opcode == KB_OP_floor ? FLOOR(v[0])                                          \
                                            : reference((kb_opcode)in.opcode, v[0], v[1], v[2]);   \
    }                                                                                              \
    return results[p->count - 1];                                                                  \
  }
EVALUATE(float, evaluate32, reference32, floorf)
EVALUATE(double, evaluate64, reference64, floor)

static float from_bfloat16(uint16_t x) {
  const uint32_t bits = (uint32_t)x << 16;
  float y;
  memcpy(&y, &bits, 4);
  return y;
}

// To nearest, and of two as near to the even one.
static uint16_t to_bfloat16(float x) {
  uint32_t bits;
  memcpy(&bits, &x, 4);
  const uint32_t rest = bits & 0xffff, upper = bits >> 16;
  if (isnan(x)) return 0x7fc0;
  return (uint16_t)(upper + (rest > 0x8000 || (rest == 0x8000 && upper & 1)));
}

static bool same(double x, double y) {
  return (isnan(x) && isnan(y)) || (x == y && signbit(x) == signbit(y));
}

enum { INPUTS = 3 };

static void check_program(kb_dtype dtype, const kb_program *p, size_t count, unsigned uniform) {
  const size_t size = dtype == KB_FLOAT64 ? 8 : dtype == KB_FLOAT32 ? 4 : 2;
  char *const x = malloc(INPUTS * count * size), *const y = malloc(count * size);
  for (size_t i = 0; i < INPUTS * count; i++) {
    const double number = draw_special();
    const float narrow = (float)number;
    const uint16_t half = to_bfloat16(narrow);
    const void *const from = size == 8 ? (const void *)&number : size == 4 ? (const void *)&narrow : &half;
    memcpy(x + i * size, from, size);
  }
  const intptr_t dims[] = {(intptr_t)count}, one[] = {0}, *strides[INPUTS] = {NULL};
  const void *inputs[INPUTS];
  for (int i = 0; i < INPUTS; i++) {
    inputs[i] = x + (size_t)i * count * size;
    if (uniform >> i & 1) strides[i] = one;
  }
  require(kb_elementwise(p, dtype, 1, dims, inputs, strides, y) == KB_OK, "a program runs");
  bool right = true;
  for (size_t i = 0; i < count; i++) {
    double wide[INPUTS], found, expected;
    float floats[INPUTS];
    for (int k = 0; k < INPUTS; k++) {
      const char *const from = (const char *)inputs[k] + (uniform >> k & 1 ? 0 : i * size);
      uint16_t half = 0;
      if (size == 8) memcpy(&wide[k], from, 8);
      if (size == 4) memcpy(&floats[k], from, 4);
      if (size == 2) memcpy(&half, from, 2), floats[k] = from_bfloat16(half);
    }
    if (size == 8) {
      memcpy(&found, y + i * size, 8);
      expected = evaluate64(p, wide);
    } else {
      float narrow = evaluate32(p, floats), result;
      uint16_t half;
      memcpy(&half, y + i * size, 2), memcpy(&result, y + i * size, size);
      found = size == 4 ? result : from_bfloat16(half);
      expected = size == 4 ? narrow : from_bfloat16(to_bfloat16(narrow));
    }
    right &= same(found, expected);
  }
  require(right, "a program gives what its operations give");
  free(x), free(y);
}

void check_programs(void) {
  static const kb_dtype dtypes[] = {KB_FLOAT32, KB_FLOAT64, KB_BFLOAT16};
  // Blocks and, from 4096 on, registers; whole chunks and what is left.
  static const size_t counts[] = {1, 77, 1024, 4096, 4099, 5000};
  for (int i = 0; i < 900; i++) {
    const kb_program p = draw_program(INPUTS, i % 3 == 0);
    for (int d = 0; d < 3; d++) check_program(dtypes[d], &p, counts[below(6)], below(3) ? 0 : below(8));
  }
  report("programs, bit for bit", 1, 0);
}
