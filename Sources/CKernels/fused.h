// A group of elementwise operations as its code: what translation makes and runs read.
#ifndef KB_FUSED_INTERNAL_H
#define KB_FUSED_INTERNAL_H

#include "elementwise.h"
#include "include/kb_fused.h"
#include "registers.h"

// What an address of the code stands for.
typedef enum { NOWHERE, INPUT, OUTPUT, SLOT, CONSTANT } place_kind;
typedef struct {
  place_kind kind;
  uint16_t number;
} place;

typedef struct {
  kb_register_op op; // KB_R_COUNT: the second entry of a call
  kb_kernel kernel;  // of that entry
  place p, q;
} entry;

// A LOAD, an instruction, a STORE to scratch memory and one to an output at most; calls take two.
#define MAX_ENTRIES (5 * KB_FUSED_INSTRUCTIONS + KB_FUSED_INPUTS)
#define MAX_SLOTS (KB_FUSED_INSTRUCTIONS + KB_FUSED_INPUTS)

struct kb_fused {
  kb_dtype dtype; // in which it computes
  size_t size, inputs, outputs, cost;
  size_t input_sizes[KB_FUSED_INPUTS], output_sizes[KB_FUSED_OUTPUTS];
  const kb_register_set *set;
  size_t entries, slots, constants;
  // Where the code reads each input last and writes each output.
  uint16_t last_read[KB_FUSED_INPUTS], written[KB_FUSED_OUTPUTS];
  bool is_read[KB_FUSED_INPUTS];
  char *values; // a chunk for each constant
  entry *code;
};

// The bytes of memory that kb_fused_rows works in, 64-byte aligned.
size_t kb_fused_workspace(const kb_fused *f);
// Rows of n elements; in each, inputs are arrays or, where bit i of `uniform` is set, one element. `steps` are
// the bytes from row to row of each input and then of each output, whose addresses are moved along.
void kb_fused_rows(const kb_fused *f, char *memory, size_t rows, size_t n, const char **inputs,
                   unsigned uniform, char **outputs, const intptr_t *steps);
// n elements like the one at x, of 1, 2, 4 or 8 bytes.
void kb_repeat(size_t size, size_t n, const void *x, void *to);

#endif
