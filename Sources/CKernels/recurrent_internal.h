// What the two directions of a recurrent layer share.
#ifndef KB_RECURRENT_INTERNAL_H
#define KB_RECURRENT_INTERNAL_H

#include "gemm.h"
#include "kb_recurrent.h"
#include "layer_rows.h"

// Between rows of scratch: rows a power of two apart share a few cache sets.
#define KB_RECURRENT_PADDING 16

typedef struct kb_recurrent_plan {
  kb_recurrent layer;
  const kb_layer_set *rows;
  const kb_gemm_kernels *gemm;
  size_t size, width, gates; // bytes of an element and of a state, numbers of a row of gates
  size_t kept, batch;
  size_t *offsets; // rows before each step, and all
  size_t slices;   // of the sequences
} kb_recurrent_plan;

// `kb_recurrent_end` frees what the plan holds.
kb_recurrent_plan kb_recurrent_begin(const kb_recurrent *layer);
void kb_recurrent_end(kb_recurrent_plan *plan);

// The step that is run as number `number`.
static inline size_t kb_recurrent_step(const kb_recurrent_plan *p, size_t number) {
  return p->layer.reversed ? p->layer.steps - 1 - number : number;
}

// How many of the sequences begin ..< end take part in a step.
static inline size_t kb_recurrent_active(const kb_recurrent_plan *p, size_t step, size_t begin,
                                         size_t end) {
  const size_t all = (size_t)p->layer.batch_sizes[step];
  return all <= begin ? 0 : (all < end ? all : end) - begin;
}

static inline size_t kb_recurrent_slice(const kb_recurrent_plan *p, size_t slice) {
  return p->batch * slice / p->slices;
}

// Rows of `bytes`; zeros where there is nothing to copy from.
void kb_recurrent_copy(size_t rows, size_t bytes, const char *from, size_t from_row, char *to,
                       size_t to_row);

#endif
