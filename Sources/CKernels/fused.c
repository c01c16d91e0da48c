// Groups of elementwise operations: translation to threaded code.
#include "fused.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "include/kb_alloc.h"
#include "include/kb_copy.h"

// --- Programs

kb_fused_program *kb_fused_program_make(kb_dtype dtype) {
  kb_fused_program *const p = calloc(1, sizeof *p);
  if (!p) abort();
  p->dtype = dtype;
  return p;
}

void kb_fused_program_free(kb_fused_program *p) { free(p); }

int kb_fused_append_input(kb_fused_program *p, bool is_flag) {
  if (p->inputs == KB_FUSED_INPUTS) return -1;
  p->input_is_flag[p->inputs] = is_flag;
  return p->inputs++;
}

int kb_fused_append_immediate(kb_fused_program *p, double value) {
  for (int i = 0; i < p->immediate_count; i++) // 0 and -0 are two
    if (!memcmp(&p->immediates[i], &value, sizeof value)) return KB_FUSED_IMMEDIATE + i;
  if (p->immediate_count == KB_FUSED_IMMEDIATES) return -1;
  p->immediates[p->immediate_count] = value;
  return KB_FUSED_IMMEDIATE + p->immediate_count++;
}

int kb_fused_append(kb_fused_program *p, kb_opcode opcode, const uint16_t *operands) {
  if (p->count == KB_FUSED_INSTRUCTIONS) return -1;
  kb_fused_instruction *const in = &p->code[p->count];
  in->opcode = (uint16_t)opcode;
  for (int j = 0; j < kb_opcode_arity(opcode); j++) in->operands[j] = operands[j];
  return KB_FUSED_RESULT + p->count++;
}

bool kb_fused_append_result(kb_fused_program *p, int operand) {
  if (p->outputs == KB_FUSED_OUTPUTS) return false;
  p->results[p->outputs++] = (uint16_t)(operand - KB_FUSED_RESULT);
  return true;
}

// --- Translation

typedef struct {
  const kb_fused_program *program;
  kb_fused *fused;
  entry code[MAX_ENTRIES];
  // The last instruction that reads each operand; inputs, then results.
  int last_use[KB_FUSED_INPUTS + KB_FUSED_INSTRUCTIONS];
  int slot_of[KB_FUSED_INPUTS + KB_FUSED_INSTRUCTIONS];
  int accumulator; // the operand that it holds, or -1
  bool postponed[KB_FUSED_INSTRUCTIONS]; // comparisons that are part of a choice
  bool taken[MAX_SLOTS];
} translation;

// The number of an input or result among both.
static int index_of(const translation *t, unsigned operand) {
  (void)t;
  return operand >= KB_FUSED_RESULT ? (int)(operand - KB_FUSED_RESULT) + KB_FUSED_INPUTS
                                    : (int)operand;
}

static entry *emit(translation *t, kb_register_op op, place p, place q) {
  entry *const e = &t->code[t->fused->entries++];
  *e = (entry){op, NULL, p, q};
  return e;
}

static const place nowhere = {NOWHERE, 0};

static int take_slot(translation *t) {
  int slot = 0;
  while (t->taken[slot]) slot++;
  t->taken[slot] = true;
  if ((size_t)slot >= t->fused->slots) t->fused->slots = (size_t)slot + 1;
  return slot;
}

// Whether an operand is narrower in its array than in a register.
static bool is_narrow(const translation *t, unsigned operand) {
  return operand < KB_FUSED_RESULT &&
         (t->program->input_is_flag[operand] || kb_is_half(t->program->dtype));
}

static kb_register_op half_load(const translation *t) {
  return t->program->dtype == KB_FLOAT16 ? KB_R_LOAD_FLOAT16 : KB_R_LOAD_BFLOAT16;
}

static kb_register_op half_store(const translation *t) {
  return t->program->dtype == KB_FLOAT16 ? KB_R_STORE_FLOAT16 : KB_R_STORE_BFLOAT16;
}

static kb_register_op store_form(const translation *t, kb_opcode opcode) {
  if (kb_opcode_is_predicate(opcode)) return KB_R_STORE_FLAGS;
  return kb_is_half(t->program->dtype) ? half_store(t) : KB_R_STORE;
}

// Rounds the accumulator to the half that it would be in an array.
static void round_half(translation *t) {
  const place slot = {SLOT, (uint16_t)take_slot(t)};
  emit(t, half_store(t), slot, nowhere);
  emit(t, half_load(t), slot, nowhere);
  t->taken[slot.number] = false; // read back at once
}

// Keeps the accumulator in scratch memory if it is read after instruction k, or at it when `now`.
static void keep(translation *t, int k, bool now) {
  const int i = t->accumulator;
  if (i < 0 || t->slot_of[i] >= 0) return;
  if (i < KB_FUSED_INPUTS && !is_narrow(t, (unsigned)i)) return; // read again from its array
  if (t->last_use[i] < k || (t->last_use[i] == k && !now)) return;
  t->slot_of[i] = take_slot(t);
  emit(t, KB_R_STORE, (place){SLOT, (uint16_t)t->slot_of[i]}, nowhere);
}

static bool is_held(const translation *t, unsigned operand) {
  return operand < KB_FUSED_IMMEDIATE && index_of(t, operand) == t->accumulator;
}

static bool is_unwidened(const translation *t, unsigned operand) {
  return is_narrow(t, operand) && t->slot_of[operand] < 0 && !is_held(t, operand);
}

static void load(translation *t, int k, unsigned operand);

// Where an operand is read from memory; what is narrow is widened and kept at its first use.
static place memory_of(translation *t, int k, unsigned operand) {
  if (operand >= KB_FUSED_IMMEDIATE)
    return (place){CONSTANT, (uint16_t)(operand - KB_FUSED_IMMEDIATE)};
  const int i = index_of(t, operand);
  if (t->slot_of[i] < 0 && is_narrow(t, operand)) {
    if (!is_held(t, operand)) load(t, k, operand);
    keep(t, k, true);
  }
  if (t->slot_of[i] >= 0) return (place){SLOT, (uint16_t)t->slot_of[i]};
  if (i == t->accumulator && i >= KB_FUSED_INPUTS) {
    keep(t, k, true);
    return (place){SLOT, (uint16_t)t->slot_of[i]};
  }
  return (place){INPUT, (uint16_t)i};
}

static void load(translation *t, int k, unsigned operand) {
  if (is_held(t, operand)) return;
  keep(t, k, true);
  if (is_narrow(t, operand) && t->slot_of[operand] < 0) {
    const bool is_flag = t->program->input_is_flag[operand];
    emit(t, is_flag ? KB_R_LOAD_FLAGS : half_load(t), (place){INPUT, (uint16_t)operand}, nowhere);
  } else {
    t->accumulator = -1; // what it held is kept; memory_of must not keep it again
    const place p = memory_of(t, k, operand);
    emit(t, KB_R_LOAD, p, nowhere);
  }
  t->accumulator = operand < KB_FUSED_IMMEDIATE ? index_of(t, operand) : -1;
}

typedef struct {
  kb_register_op op, reversed; // KB_R_COUNT: none
} binary_forms;

static binary_forms forms_of(kb_opcode opcode) {
  switch (opcode) {
  case KB_OP_add: return (binary_forms){KB_R_ADD, KB_R_ADD};
  case KB_OP_sub: return (binary_forms){KB_R_SUB, KB_R_SUB_FROM};
  case KB_OP_mul: return (binary_forms){KB_R_MUL, KB_R_MUL};
  case KB_OP_div: return (binary_forms){KB_R_DIV, KB_R_DIV_OF};
  case KB_OP_maximum: return (binary_forms){KB_R_MAXIMUM, KB_R_MAXIMUM_OF};
  case KB_OP_minimum: return (binary_forms){KB_R_MINIMUM, KB_R_MINIMUM_OF};
  case KB_OP_eq: return (binary_forms){KB_R_EQ, KB_R_EQ};
  case KB_OP_ne: return (binary_forms){KB_R_NE, KB_R_NE};
  case KB_OP_lt: return (binary_forms){KB_R_LT, KB_R_GT};
  case KB_OP_le: return (binary_forms){KB_R_LE, KB_R_GE};
  case KB_OP_gt: return (binary_forms){KB_R_GT, KB_R_LT};
  case KB_OP_ge: return (binary_forms){KB_R_GE, KB_R_LE};
  default: return (binary_forms){KB_R_COUNT, KB_R_COUNT};
  }
}

static kb_register_op unary_form(kb_opcode opcode) {
  switch (opcode) {
  case KB_OP_neg: return KB_R_NEG;
  case KB_OP_abs: return KB_R_ABS;
  case KB_OP_square: return KB_R_SQUARE;
  case KB_OP_sqrt: return KB_R_SQRT;
  case KB_OP_reciprocal: return KB_R_RECIPROCAL;
  case KB_OP_relu: return KB_R_RELU;
  default: return KB_R_COUNT;
  }
}

bool kb_fused_in_registers(kb_opcode opcode) {
  switch (opcode) {
  case KB_OP_copy: case KB_OP_conj: case KB_OP_select: case KB_OP_fma: case KB_OP_clamp: return true;
  default: return unary_form(opcode) != KB_R_COUNT || forms_of(opcode).op != KB_R_COUNT;
  }
}

// A bound that is a number needs no test for NaN. As the first operand it would be what two zeros give.
static kb_register_op bound_form(const translation *t, kb_register_op op, place bound) {
  if (bound.kind != CONSTANT || isnan(t->program->immediates[bound.number])) return op;
  return op == KB_R_MAXIMUM ? KB_R_AT_LEAST : op == KB_R_MINIMUM ? KB_R_AT_MOST : op;
}

static bool is_number(unsigned operand) { return operand >= KB_FUSED_IMMEDIATE; }

static bool is_one(const translation *t, unsigned operand) {
  return is_number(operand) && t->program->immediates[operand - KB_FUSED_IMMEDIATE] == 1;
}

// The choice by a comparison with a number; KB_R_COUNT: none.
static kb_register_op choice_form(kb_opcode opcode, bool leaves) {
  switch (opcode) {
  case KB_OP_lt: return leaves ? KB_R_LEAVE_LT : KB_R_TAKE_LT;
  case KB_OP_le: return leaves ? KB_R_LEAVE_LE : KB_R_TAKE_LE;
  case KB_OP_gt: return leaves ? KB_R_LEAVE_GT : KB_R_TAKE_GT;
  case KB_OP_ge: return leaves ? KB_R_LEAVE_GE : KB_R_TAKE_GE;
  default: return KB_R_COUNT;
  }
}

// Marks the comparisons with a number that one choice reads and nothing else, which is when they are made.
static void postpone(translation *t) {
  const kb_fused_program *const program = t->program;
  int uses[KB_FUSED_INSTRUCTIONS] = {0};
  for (int k = 0; k < program->count; k++) {
    t->postponed[k] = false;
    const kb_fused_instruction *const in = &program->code[k];
    for (int j = 0; j < kb_opcode_arity((kb_opcode)in->opcode); j++)
      if (in->operands[j] >= KB_FUSED_RESULT && !is_number(in->operands[j]))
        uses[in->operands[j] - KB_FUSED_RESULT]++;
  }
  for (int o = 0; o < program->outputs; o++) uses[program->results[o]]++;
  for (int k = 0; k < program->count; k++) {
    const unsigned condition = program->code[k].operands[0];
    if (program->code[k].opcode != KB_OP_select || condition < KB_FUSED_RESULT
        || is_number(condition) || uses[condition - KB_FUSED_RESULT] != 1)
      continue;
    const kb_fused_instruction *const from = &program->code[condition - KB_FUSED_RESULT];
    if (choice_form((kb_opcode)from->opcode, false) == KB_R_COUNT || is_number(from->operands[0])
        || !is_number(from->operands[1]))
      continue;
    t->postponed[condition - KB_FUSED_RESULT] = true;
    int *const last = &t->last_use[index_of(t, from->operands[0])];
    if (*last < k) *last = k;
  }
}

// x[0] compared with a number, as `comparison` says, ? x[1] : x[2].
static void choose(translation *t, int k, const kb_fused_instruction *comparison,
                   const uint16_t *x) {
  const bool leaves = !is_held(t, x[2]) && (is_held(t, x[1]) || !is_number(x[1]));
  const uint16_t held = x[leaves ? 1 : 2], other = x[leaves ? 2 : 1];
  memory_of(t, k, x[0]);
  memory_of(t, k, other);
  load(t, k, held);
  const place p = memory_of(t, k, x[0]), q = memory_of(t, k, other);
  keep(t, k, false);
  emit(t, choice_form((kb_opcode)comparison->opcode, leaves), p, q);
  emit(t, KB_R_COUNT, memory_of(t, k, comparison->operands[1]), nowhere);
}

// The kernel of any opcode, on memory.
static void call(translation *t, int k, kb_opcode opcode, const uint16_t *operands, int arity) {
  place places[3];
  unsigned uniform = 0;
  for (int j = 0; j < arity; j++) {
    places[j] = memory_of(t, k, operands[j]);
    if (places[j].kind == CONSTANT) uniform |= 1u << j;
  }
  for (int j = arity; j < 3; j++) places[j] = places[0];
  if (uniform == (1u << arity) - 1) uniform = 0; // constants fill chunks
  keep(t, k, false);
  const bool flags = kb_opcode_is_predicate(opcode);
  emit(t, flags ? KB_R_CALL_FLAGS : KB_R_CALL, places[0], places[1]);
  const int slot = take_slot(t);
  entry *const second =
      emit(t, KB_R_COUNT, places[2], (place){SLOT, (uint16_t)slot});
  second->kernel = kb_find_kernel(opcode, t->fused->dtype);
  second->q.number = (uint16_t)slot;
  second->op = (kb_register_op)(KB_R_COUNT + uniform);
  t->taken[slot] = false; // read back at once
}

static void instruction(translation *t, int k) {
  if (t->postponed[k]) return;
  const kb_fused_instruction *const in = &t->program->code[k], *comparison = NULL;
  const kb_opcode opcode = (kb_opcode)in->opcode;
  const int arity = kb_opcode_arity(opcode);
  uint16_t x[3] = {in->operands[0], in->operands[1], in->operands[2]};
  if (x[0] >= KB_FUSED_RESULT && !is_number(x[0]) && t->postponed[x[0] - KB_FUSED_RESULT]) {
    comparison = &t->program->code[x[0] - KB_FUSED_RESULT];
    x[0] = comparison->operands[0];
  }
  const binary_forms forms = forms_of(opcode);
  // Its value for this exponent, however it is reached.
  const bool squares = opcode == KB_OP_pow && x[1] >= KB_FUSED_IMMEDIATE
                       && t->program->immediates[x[1] - KB_FUSED_IMMEDIATE] == 2;
  if (opcode == KB_OP_copy || opcode == KB_OP_conj) {
    load(t, k, x[0]);
    keep(t, k, false);
    if (opcode == KB_OP_copy && kb_is_half(t->program->dtype)) round_half(t);
  } else if ((opcode == KB_OP_mul || opcode == KB_OP_div) && is_one(t, x[1])) {
    load(t, k, x[0]);
    keep(t, k, false);
  } else if (comparison) {
    choose(t, k, comparison, x);
  } else if (squares || (arity == 1 && unary_form(opcode) != KB_R_COUNT)) {
    load(t, k, x[0]);
    keep(t, k, false);
    emit(t, squares ? KB_R_SQUARE : unary_form(opcode), nowhere, nowhere);
  } else if (forms.op != KB_R_COUNT) {
    bool reversed = is_held(t, x[1]) && !is_held(t, x[0]);
    // What has to be widened takes the accumulator's place, rather than both going through memory.
    if (is_held(t, x[reversed]) && is_unwidened(t, x[!reversed])) reversed = !reversed;
    const uint16_t other = reversed ? x[0] : x[1];
    place p = memory_of(t, k, other); // may load it first, where it has to be widened
    load(t, k, reversed ? x[1] : x[0]);
    if (p.kind == INPUT) p = memory_of(t, k, other);
    keep(t, k, false);
    emit(t, bound_form(t, reversed ? forms.reversed : forms.op, p), p, nowhere);
  } else if (opcode == KB_OP_select || opcode == KB_OP_fma) {
    int held = 0;
    for (int j = 2; j >= 0; j--)
      if (is_held(t, x[j])) held = j;
    const uint16_t others[2] = {x[held == 0 ? 1 : 0], x[held == 2 ? 1 : 2]};
    memory_of(t, k, others[0]);
    memory_of(t, k, others[1]);
    load(t, k, x[held]);
    const place p = memory_of(t, k, others[0]), q = memory_of(t, k, others[1]);
    keep(t, k, false);
    static const kb_register_op select[3] = {KB_R_SELECT_BY, KB_R_SELECT_THIS, KB_R_SELECT_ELSE};
    static const kb_register_op fma[3] = {KB_R_FMA, KB_R_FMA, KB_R_FMA_OF};
    emit(t, (opcode == KB_OP_fma ? fma : select)[held], p, q);
  } else if (opcode == KB_OP_clamp) {
    memory_of(t, k, x[1]), memory_of(t, k, x[2]);
    load(t, k, x[0]);
    const place low = memory_of(t, k, x[1]), high = memory_of(t, k, x[2]);
    keep(t, k, false);
    emit(t, bound_form(t, KB_R_MAXIMUM, low), low, nowhere);
    emit(t, bound_form(t, KB_R_MINIMUM, high), high, nowhere);
  } else {
    call(t, k, opcode, x, arity);
  }
  for (int j = 0; j < arity; j++) {
    if (x[j] >= KB_FUSED_IMMEDIATE) continue;
    const int i = index_of(t, x[j]);
    if (t->last_use[i] <= k && t->slot_of[i] >= 0) {
      t->taken[t->slot_of[i]] = false;
      t->slot_of[i] = -1;
    }
  }
  t->accumulator = KB_FUSED_INPUTS + k;
  for (uint16_t o = 0; o < t->program->outputs; o++) {
    if (t->program->results[o] != k) continue;
    t->fused->written[o] = (uint16_t)t->fused->entries;
    emit(t, store_form(t, opcode), (place){OUTPUT, o}, nowhere);
  }
}

kb_fused *kb_fused_make(const kb_fused_program *program) {
  kb_fused *const f = calloc(1, sizeof *f);
  if (!f) abort();
  translation translation, *const t = &translation; // nothing is read of code that is not emitted
  t->program = program;
  t->fused = f;
  t->accumulator = -1;
  memset(t->taken, false, sizeof t->taken);
  f->dtype = kb_is_half(program->dtype) ? KB_FLOAT32 : program->dtype;
  f->size = kb_dtype_size(f->dtype);
  const size_t element = kb_dtype_size(program->dtype);
  f->inputs = program->inputs;
  f->outputs = program->outputs;
  f->constants = program->immediate_count;
  f->set = f->dtype == KB_FLOAT64 ? kb_active_kernels->float64_registers
                                  : kb_active_kernels->float32_registers;
  for (size_t i = 0; i < KB_FUSED_INPUTS + KB_FUSED_INSTRUCTIONS; i++) {
    t->slot_of[i] = -1;
    t->last_use[i] = -1;
  }
  for (int k = 0; k < program->count; k++) {
    const kb_fused_instruction *const in = &program->code[k];
    for (int j = 0; j < kb_opcode_arity((kb_opcode)in->opcode); j++)
      if (in->operands[j] < KB_FUSED_IMMEDIATE) t->last_use[index_of(t, in->operands[j])] = k;
    f->cost += kb_opcode_cost((kb_opcode)in->opcode, f->dtype);
  }
  for (size_t i = 0; i < f->inputs; i++) f->input_sizes[i] = program->input_is_flag[i] ? 1 : element;
  for (size_t o = 0; o < f->outputs; o++) {
    const kb_opcode opcode = (kb_opcode)program->code[program->results[o]].opcode;
    f->output_sizes[o] = kb_opcode_is_predicate(opcode) ? 1 : element;
  }
  postpone(t);
  for (int k = 0; k < program->count; k++) instruction(t, k);
  emit(t, KB_R_END, nowhere, nowhere);
  f->code = malloc(f->entries * sizeof(entry));
  if (!f->code) abort();
  memcpy(f->code, t->code, f->entries * sizeof(entry));
  for (size_t e = 0; e < f->entries; e++)
    for (int j = 0; j < 2; j++) {
      const place p = j ? f->code[e].q : f->code[e].p;
      if (p.kind != INPUT) continue;
      f->is_read[p.number] = true;
      f->last_read[p.number] = (uint16_t)e;
    }
  const size_t chunk = f->set->chunk_bytes;
  f->values = kb_alloc(f->constants * chunk + 1);
  for (size_t c = 0; c < f->constants; c++) {
    const uint64_t word = kb_scalar_from_double(f->dtype, program->immediates[c]);
    kb_repeat(f->size, chunk / f->size, &word, f->values + c * chunk);
  }
  return f;
}

void kb_fused_free(kb_fused *f) {
  kb_free(f->values, f->constants * f->set->chunk_bytes + 1);
  free(f->code);
  free(f);
}

bool kb_fused_may_replace(const kb_fused *f, size_t output, size_t input) {
  return f->input_sizes[input] == f->output_sizes[output]
         && (!f->is_read[input] || f->last_read[input] < f->written[output]);
}
