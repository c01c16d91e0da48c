// The transpose of max pooling of float planes: each row of the result is gathered from the rows of windows
// that read it, in vectors.
#ifndef KB_POOL_SPREAD_H
#define KB_POOL_SPREAD_H

#include "pool_job.h"

// Sixteen times the same number.
typedef uint8_t kb_spread_number __attribute__((vector_size(16)));

// A row of windows that reads a row of the input, and the numbers of their elements there.
typedef struct kb_spread_reader {
  intptr_t place; // of the outputs where rows of them are kept
  const kb_spread_number *numbers;
} kb_spread_reader;

// Of a row of the input, those that read it, and how many rows of outputs have to be kept by then.
typedef struct kb_spread_line {
  const kb_spread_reader *readers;
  intptr_t count, kept;
} kb_spread_line;

typedef struct kb_spread_rows {
  const kb_window *window;
  const kb_spread_line *lines; // [rows of the input, of all depths]
  const intptr_t *places;      // [rows of the output], where they are kept, among numbers of nowhere
} kb_spread_rows;

typedef struct kb_spread_kernels {
  // dx of one plane; dy_kept and which_kept are where rows of outputs are kept.
  void (*spread)(const kb_spread_rows *s, float *dy_kept, uint8_t *which_kept, const float *dy,
                 const uint8_t *which, float *dx);
} kb_spread_kernels;

// Whether that is faster than to go through the outputs: for overlapping windows of few elements.
bool kb_pool_spreads_rows(kb_dtype dtype, const kb_window *window);
void kb_pool_run_spread(pool_job *job, size_t planes);

#endif
