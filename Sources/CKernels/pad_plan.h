// What padding and its gradient share: index maps, in which every padded position of a dimension knows the
// input position it shows. Trailing dimensions without padding move as blocks, the inside of a row as one
// run.
#ifndef KB_PAD_PLAN_H
#define KB_PAD_PLAN_H

#include "include/kb_pad.h"
#include "short_rows.h"

// Rows run along the last dimension, the lines of a plane along the one before. Maps hold −1 where the
// constant is shown.
typedef struct kb_pad_plan {
  size_t rank;
  intptr_t *dims, *padded, **maps;
  intptr_t rows, block;     // padded rows; elements of a block
  intptr_t run_start, run;  // of the last dimension: outputs that show consecutive inputs
  bool constant;            // what is outside of the run
  bool whole;               // every input is shown, once
  size_t size, bytes;       // bytes of an element, of the plan's memory
  kb_pattern value;
  const void *x;
  void *out;
  kb_dtype dtype;
  intptr_t inputs, outputs; // elements per item of the first dimension, if that is not padded
} kb_pad_plan;

// Its maps are to be given back by kb_pad_end.
kb_pad_plan kb_pad_begin(int mode, size_t rank, const intptr_t *dims, const intptr_t *before,
                         const intptr_t *after);
void kb_pad_end(kb_pad_plan *plan);

// What the rows of a call have in common.
typedef struct kb_pad_shape {
  size_t block_bytes, row_bytes, run_bytes;
  intptr_t columns, width, run_end;
  const intptr_t *map;
} kb_pad_shape;

kb_pad_shape kb_pad_shape_of(const kb_pad_plan *plan);

// Neighbouring rows: a plane's lines of one dimension, or the only row.
typedef struct kb_pad_lines {
  const intptr_t *map;    // the input line of each
  intptr_t count, source; // how many; the plane's first input line, or −1
} kb_pad_lines;

// Those from a padded row on, `most` at most.
kb_pad_lines kb_pad_lines_from(const kb_pad_plan *plan, intptr_t row, intptr_t most);

// The input line that the i-th of them shows, or −1.
static inline intptr_t kb_pad_source_line(const kb_pad_lines *lines, intptr_t i) {
  return lines->source < 0 || lines->map[i] < 0 ? -1 : lines->source + lines->map[i];
}

// So many rows of so many elements are worth a task.
static inline size_t kb_pad_grain(intptr_t elements) {
  return elements >= 16384 ? 1 : (size_t)(16384 / (elements > 0 ? elements : 1));
}

#endif
