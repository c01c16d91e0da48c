// Groups of elementwise operations that pass over memory once and may have several results.
//
// A group is made ready once and run often. Floating point only: chunks of all operations' operands stay
// in registers, with the operations of the ordinary kernels, so that results are theirs bit for bit.
#ifndef KB_FUSED_H
#define KB_FUSED_H

#include "kb_program.h"
#include "kb_tail.h"

#define KB_FUSED_INPUTS 16
#define KB_FUSED_OUTPUTS 16
#define KB_FUSED_INSTRUCTIONS 96
#define KB_FUSED_IMMEDIATES 32

// Operand numbers: inputs from 0, results of instructions from KB_FUSED_RESULT, immediates from
// KB_FUSED_IMMEDIATE. Comparisons and predicates give 0 or 1; as results of the group they are bytes.
#define KB_FUSED_RESULT 1000
#define KB_FUSED_IMMEDIATE 2000

typedef struct kb_fused_instruction {
  uint16_t opcode;
  uint16_t operands[3];
} kb_fused_instruction;

typedef struct kb_fused_program {
  kb_dtype dtype; // floating
  uint16_t inputs, count, immediate_count, outputs;
  bool input_is_flag[KB_FUSED_INPUTS]; // a byte, 0 or 1, for each element
  kb_fused_instruction code[KB_FUSED_INSTRUCTIONS];
  double immediates[KB_FUSED_IMMEDIATES];
  uint16_t results[KB_FUSED_OUTPUTS]; // numbers of instructions, each at most once
} kb_fused_program;

// An empty program; it is freed by kb_fused_program_free.
kb_fused_program *_Nonnull kb_fused_program_make(kb_dtype dtype);
void kb_fused_program_free(kb_fused_program *_Nonnull program);
// Each gives the operand's number, or -1 when the program is full.
int kb_fused_append_input(kb_fused_program *_Nonnull program, bool is_flag);
int kb_fused_append_immediate(kb_fused_program *_Nonnull program, double value);
int kb_fused_append(kb_fused_program *_Nonnull program, kb_opcode opcode,
                    const uint16_t *_Nonnull operands);
// Makes the result of an instruction, by its operand's number, one of the program's; false when full.
bool kb_fused_append_result(kb_fused_program *_Nonnull program, int operand);

typedef struct kb_fused kb_fused;

kb_fused *_Nonnull kb_fused_make(const kb_fused_program *_Nonnull program);
void kb_fused_free(kb_fused *_Nonnull fused);

// Whether an opcode runs on registers; others are calls of its kernel on chunks in memory.
bool kb_fused_in_registers(kb_opcode opcode);

// Whether an output may lie where an input does: all of an element is read before it is written.
bool kb_fused_may_replace(const kb_fused *_Nonnull fused, size_t output, size_t input);

// Inputs of equal shape and any strides in elements (NULL: contiguous; 0 repeats); outputs are contiguous.
void kb_fused_run(const kb_fused *_Nonnull fused, size_t rank, const intptr_t *_Nullable dims,
                  const void *_Nullable const *_Nullable inputs,
                  const intptr_t *_Nullable const *_Nullable strides,
                  void *_Nullable const *_Nullable outputs);

// The sum (or mean) of one output over the reduced dimensions (NULL: all), in outputs[output]: the bits of
// kb_reduce for that output, which itself is not kept. Inputs are contiguous or, where bit i of `uniform` is
// set, one element. Other outputs are written as by kb_fused_run.
void kb_fused_reduce(const kb_fused *_Nonnull fused, size_t output, bool mean, size_t rank,
                     const intptr_t *_Nullable dims, const bool *_Nullable reduced,
                     const void *_Nullable const *_Nullable inputs, unsigned uniform,
                     void *_Nullable const *_Nullable outputs);
// Whether kb_fused_reduce takes such a reduction: one that reads long rows.
bool kb_fused_reduces_well(size_t rank, const intptr_t *_Nullable dims,
                           const bool *_Nullable reduced);

// Whether memory, not arithmetic, takes the time of a group: as a tail it reads the result in the caches.
// Others gain nothing, and displace what the product reads.
bool kb_fused_is_light(const kb_fused *_Nonnull fused);

// A group as the tail of a result of so many columns, which is one of its inputs and may lie where one of
// its outputs does. Inputs are arrays like the result or, where bit i is set, one element (`uniform`), one
// for each row (`by_row`) or one for each column (`by_column`).
typedef struct kb_fused_tail {
  kb_tail tail;
  const kb_fused *_Nonnull fused;
  size_t columns;
  unsigned uniform, by_row, by_column;
  const void *_Nullable const *_Nullable inputs;
  void *_Nullable const *_Nullable outputs;
} kb_fused_tail;

kb_fused_tail kb_fused_make_tail(const kb_fused *_Nonnull fused, size_t columns, unsigned uniform,
                                 unsigned by_row, unsigned by_column,
                                 const void *_Nullable const *_Nullable inputs,
                                 void *_Nullable const *_Nullable outputs);

#endif
