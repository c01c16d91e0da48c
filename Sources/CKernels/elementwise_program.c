// The interpreter of elementwise programs: each instruction runs over a block of elements whose
// intermediate values stay in the first-level cache.
#include <string.h>

#include "elementwise.h"
#include "elementwise_nest.h"
#include "include/kb_copy.h"
#include "include/kb_fused.h"
#include "registers.h"

#define REGISTER 32
#define IMMEDIATE 64
#define OPERANDS 72

typedef struct {
  kb_kernel kernel;
  uint8_t operands[3]; // numbers as in the program; a missing one repeats the first
  uint8_t uniform;     // bits of the operands that are one element
  bool once;           // all of them: computed for one element
  bool predicate, rounds, last;
  uint8_t slot;
} step;

typedef struct {
  kb_dtype dtype, computing; // halves are computed in float
  size_t size, out_size, count, inputs;
  size_t pitch; // bytes of a slot
  uint32_t used_inputs, uniform_inputs;
  uint8_t input_slots[KB_MAX_INPUTS]; // of halves, converted
  uint8_t slots, flag_slot;
  step steps[KB_MAX_INSTRUCTIONS];
  uint64_t immediates[KB_MAX_IMMEDIATES][2];
} plan;

static bool is_uniform(unsigned operand, uint32_t inputs, uint32_t registers) {
  if (operand >= IMMEDIATE) return true;
  return operand >= REGISTER ? registers >> (operand - REGISTER) & 1 : inputs >> operand & 1;
}

static void make_plan(plan *p, const kb_program *program, kb_dtype dtype, unsigned uniform) {
  p->dtype = dtype;
  p->computing = kb_is_half(dtype) ? KB_FLOAT32 : dtype;
  p->size = kb_dtype_size(p->computing);
  p->count = program->count;
  p->inputs = program->inputs;
  p->uniform_inputs = uniform;
  p->used_inputs = 0;
  for (size_t i = 0; i < program->immediate_count; i++) {
    if (dtype == KB_COMPLEX128) {
      memcpy(p->immediates[i], &program->immediates[i], 8);
      p->immediates[i][1] = 0;
    } else {
      p->immediates[i][0] = kb_scalar_from_double(p->computing, program->immediates[i]);
    }
  }
  uint8_t last_use[OPERANDS];
  memset(last_use, 0, sizeof last_use);
  for (size_t k = 0; k < program->count; k++) {
    const kb_instruction in = program->code[k];
    const int arity = kb_opcode_arity((kb_opcode)in.opcode);
    const uint8_t operands[3] = {in.a, in.b, in.c};
    for (int j = 0; j < arity; j++) {
      last_use[operands[j]] = (uint8_t)k;
      if (operands[j] < REGISTER) p->used_inputs |= 1u << operands[j];
    }
  }
  // Slots are reused once their value is dead; the result of an instruction may replace an operand.
  uint64_t taken = 0;
  uint8_t slots = 0;
  bool flags = false;
#define TAKE(slot)                                                                                 \
  do {                                                                                             \
    slot = (uint8_t)__builtin_ctzll(~taken);                                                       \
    taken |= 1ull << slot;                                                                         \
    if (slot >= slots) slots = (uint8_t)(slot + 1);                                                \
  } while (0)
  if (kb_is_half(dtype))
    for (size_t i = 0; i < program->inputs; i++)
      if (p->used_inputs >> i & 1) TAKE(p->input_slots[i]);
  uint32_t uniform_registers = 0;
  for (size_t k = 0; k < program->count; k++) {
    const kb_instruction in = program->code[k];
    const kb_opcode opcode = (kb_opcode)in.opcode;
    const int arity = kb_opcode_arity(opcode);
    step *const s = &p->steps[k];
    s->kernel = kb_find_kernel(opcode, p->computing);
    s->operands[0] = s->operands[1] = s->operands[2] = in.a;
    if (arity > 1) s->operands[1] = in.b;
    if (arity > 2) s->operands[2] = in.c;
    s->uniform = 0;
    for (int j = 0; j < arity; j++)
      if (is_uniform(s->operands[j], uniform, uniform_registers)) s->uniform |= (uint8_t)(1 << j);
    s->once = s->uniform == (1 << arity) - 1;
    if (s->once) {
      s->uniform = 0;
      uniform_registers |= 1u << k;
    }
    s->predicate = kb_opcode_is_predicate(opcode);
    s->last = k + 1 == program->count;
    s->rounds = kb_is_half(dtype) && opcode == KB_OP_copy && !s->last;
    flags |= s->predicate && !s->last;
    for (int j = 0; j < arity; j++) {
      const unsigned operand = s->operands[j];
      if (operand >= REGISTER && operand < IMMEDIATE && last_use[operand] == k)
        taken &= ~(1ull << p->steps[operand - REGISTER].slot);
    }
    TAKE(s->slot);
  }
  p->flag_slot = slots;
  p->slots = (uint8_t)(slots + flags);
  p->out_size = p->steps[p->count - 1].predicate ? 1 : kb_dtype_size(dtype);
#undef TAKE
}

// 0 and 1 of the computing dtype from bytes.
static void widen(kb_dtype dtype, size_t n, const uint8_t *x, void *out) {
#define CASE(name, T)                                                                              \
  case name:                                                                                       \
    for (size_t i = 0; i < n; i++) ((T *)out)[i] = (T)x[i];                                        \
    break;
  switch (dtype) {
  case KB_FLOAT32: kb_active_kernels->float32_from_flags(n, x, out); break;
  case KB_FLOAT64: kb_active_kernels->float64_from_flags(n, x, out); break;
    CASE(KB_INT8, int8_t)
    CASE(KB_INT16, int16_t)
    CASE(KB_INT32, int32_t)
    CASE(KB_INT64, int64_t)
    CASE(KB_UINT8, uint8_t)
    CASE(KB_BOOL, uint8_t)
    CASE(KB_COMPLEX64, float _Complex)
    CASE(KB_COMPLEX128, double _Complex)
  }
#undef CASE
}

static void repeat(size_t size, size_t n, const char *x, char *out) {
  const intptr_t dims[1] = {(intptr_t)n};
  kb_fill(size, 1, dims, x, out, NULL);
}

static kb_status run_block(const void *context, size_t n, const void *const *in, void *out,
                           char *scratch) {
  const plan *const p = context;
  const void *values[OPERANDS];
  const bool half = p->dtype != p->computing;
  const kb_half_kernels *const halves = &kb_active_kernels->half;
  void (*const from)(size_t, const uint16_t *, float *) =
      p->dtype == KB_FLOAT16 ? halves->from_float16 : halves->from_bfloat16;
  void (*const to)(size_t, const float *, uint16_t *) =
      p->dtype == KB_FLOAT16 ? halves->to_float16 : halves->to_bfloat16;
  for (size_t i = 0; i < p->inputs; i++) {
    values[i] = in[i];
    if (!half || !(p->used_inputs >> i & 1)) continue;
    float *const converted = (float *)(scratch + p->input_slots[i] * p->pitch);
    from(p->uniform_inputs >> i & 1 ? 1 : n, in[i], converted);
    values[i] = converted;
  }
  for (size_t i = 0; i < KB_MAX_IMMEDIATES; i++) values[IMMEDIATE + i] = p->immediates[i];

  _Alignas(16) char one[16];
  uint16_t rounded[1024];
  for (size_t k = 0; k < p->count; k++) {
    const step *const s = &p->steps[k];
    const size_t m = s->once ? 1 : n;
    char *const slot = scratch + s->slot * p->pitch;
    char *const direct = s->once ? one : out;
    char *const target = s->predicate ? (s->last ? direct : scratch + p->flag_slot * p->pitch)
                         : s->last && !half ? direct
                                            : slot;
    const kb_status status = s->kernel(m, values[s->operands[0]], values[s->operands[1]],
                                       values[s->operands[2]], target, s->uniform);
    if (__builtin_expect(status != KB_OK, 0)) return status;
    if (s->last) {
      if (half && !s->predicate) to(m, (const float *)slot, (uint16_t *)direct);
      if (s->once) repeat(p->out_size, n, one, out);
      return KB_OK;
    }
    if (s->predicate) widen(p->computing, m, (const uint8_t *)target, slot);
    if (s->rounds) {
      to(m, (const float *)slot, rounded);
      from(m, rounded, (float *)slot);
    }
    values[REGISTER + k] = slot;
  }
  return KB_OK;
}

// Blocks go through the first level cache once for each instruction, halves twice more for their conversions.
// Where all instructions run on registers and there are elements enough to repay their translation, a pass
// over memory does. Other instructions are calls, which also fetch and store at an even pace where blocks wait
// for memory in some passes and leave it idle in others; their chunks have to be large enough to repay them.
static bool runs_on_registers(const kb_program *program, kb_dtype dtype, const kb_nest *nest) {
  enum { LEAST_ELEMENTS = 4096, LEAST_CALL_BYTES = 512 };
  if (nest->count < LEAST_ELEMENTS) return false;
  if (kb_is_half(dtype)) {
    if (program->code[0].opcode == KB_OP_copy) return false;
  } else if (program->count < 2 || (dtype != KB_FLOAT32 && dtype != KB_FLOAT64)) {
    return false;
  }
  // What is one element for all is computed once in blocks. A power by itself may be a product or two: as with
  // other cheap kernels on halves, a call would cost as much.
  const kb_opcode first = (kb_opcode)program->code[0].opcode;
  const bool repays = program->count > 1 ||
                      (first != KB_OP_pow && kb_opcode_cost(first, KB_FLOAT32) >= 4);
  const bool calls = repays && nest->uniform == 0 &&
                     kb_active_kernels->float32_registers->chunk_bytes >= LEAST_CALL_BYTES;
  for (size_t k = 0; k < program->count && !calls; k++)
    if (!kb_fused_in_registers((kb_opcode)program->code[k].opcode)) return false;
  return true;
}

static uint16_t fused_operand(unsigned operand) {
  if (operand >= IMMEDIATE) return (uint16_t)(operand - IMMEDIATE + KB_FUSED_IMMEDIATE);
  return (uint16_t)(operand >= REGISTER ? operand - REGISTER + KB_FUSED_RESULT : operand);
}

_Static_assert(KB_MAX_INPUTS <= KB_FUSED_INPUTS && KB_MAX_IMMEDIATES <= KB_FUSED_IMMEDIATES &&
                   KB_MAX_INSTRUCTIONS <= KB_FUSED_INSTRUCTIONS,
               "a program is a group");

static void run_on_registers(const kb_program *program, kb_dtype dtype, size_t rank,
                             const intptr_t *dims, const void *const *inputs,
                             const intptr_t *const *strides, void *out) {
  kb_fused_program group = {.dtype = dtype, .inputs = (uint16_t)program->inputs,
                            .count = (uint16_t)program->count, .outputs = 1,
                            .immediate_count = (uint16_t)program->immediate_count,
                            .results = {(uint16_t)(program->count - 1)}};
  for (size_t k = 0; k < program->count; k++) {
    const kb_instruction in = program->code[k];
    group.code[k] = (kb_fused_instruction){
        in.opcode, {fused_operand(in.a), fused_operand(in.b), fused_operand(in.c)}};
  }
  for (size_t i = 0; i < program->immediate_count; i++) group.immediates[i] = program->immediates[i];
  kb_fused *const fused = kb_fused_make(&group);
  kb_fused_run(fused, rank, dims, inputs, strides, &out);
  kb_fused_free(fused);
}

kb_status kb_elementwise(const kb_program *program, kb_dtype dtype, size_t rank,
                         const intptr_t *dims, const void *const *inputs,
                         const intptr_t *const *strides, void *out) {
  const size_t size = kb_dtype_size(dtype);
  size_t sizes[KB_MAX_INPUTS], cost = 0;
  for (size_t i = 0; i < program->inputs; i++) sizes[i] = size;
  const kb_opcode last = (kb_opcode)program->code[program->count - 1].opcode;
  kb_nest nest;
  kb_nest_init(&nest, rank, dims, program->inputs, inputs, sizes, strides, out,
               kb_opcode_is_predicate(last) ? 1 : size);
  if (nest.count == 0) return KB_OK;
  if (runs_on_registers(program, dtype, &nest)) {
    run_on_registers(program, dtype, rank, dims, inputs, strides, out);
    return KB_OK;
  }
  plan p;
  make_plan(&p, program, dtype, nest.uniform);
  for (size_t k = 0; k < program->count; k++)
    cost += kb_opcode_cost((kb_opcode)program->code[k].opcode, dtype);
  // One instruction runs on the arrays themselves. Blocks of 4 KB, of half with many live values.
  size_t block = SIZE_MAX, scratch = 0;
  p.pitch = 0;
  if (program->count > 1 || kb_is_half(dtype)) {
    const size_t limit = p.slots > 4 ? 2048 : 4096;
    block = limit / p.size;
    // Not a multiple of 4 KB, or stores would wait for loads of the other slots.
    p.pitch = limit + 64;
    scratch = p.slots * p.pitch;
  }
  // Copies of libc stream by themselves.
  const bool by_itself =
      program->count == 1 && kb_opcode_streams(last, dtype) && !p.steps[0].once;
  if (last != KB_OP_copy && (program->count > 1 || kb_cost_streams(cost, by_itself)) &&
      kb_nest_streams(&nest)) {
    nest.fence = by_itself;
    if (nest.fence) p.steps[0].uniform |= KB_STREAM;
    else nest.stage = program->count > 1 ? 4096 : 512;
  }
  return kb_nest_run(&nest, block, cost, scratch, run_block, &p);
}
