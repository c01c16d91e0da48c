// The gradient of max pooling by rows of a float plane, which are vectors.
#ifndef KB_POOL_GRADIENT_H
#define KB_POOL_GRADIENT_H

#include "pool_job.h"

enum { KB_POOL_STAGED_ROWS = 8 }; // of a window, at most

// What a plane's gradient needs. Rows have room for whole vectors of sixteen elements; row i of the input is
// kept in slot i % slots, its largest elements found once for all windows that read it.
typedef struct kb_pool_stage {
  intptr_t height, width, rows, columns; // of the input, of the output
  intptr_t taps, padding, stride;        // of a row; a stride of 1 or 2
  const intptr_t *offsets;               // [taps], what tap t of the first output reads of a staged row
  const intptr_t *residues;              // [2], where the first two columns are staged
  const kb_pool_range *range;            // [rows] of the output, rows of the input
  const int32_t *first;                  // [columns], the first tap inside
  const int32_t *inside;                 // all ones for columns, then 0
  float *x[2];                           // rows in turn, between columns of −∞
  intptr_t slots, pitch;
  const intptr_t *places; // [height], i % slots · pitch
  float *best;   // [slots, pitch], the largest elements of each row of a window
  int32_t *tap;  // which taps these are
  float *sums;   // what goes back there; zeros before and after
} kb_pool_stage;

typedef struct kb_pool_gradient_kernels {
  // dx of one plane.
  void (*gradient)(const kb_pool_stage *stage, const float *x, const float *dy, float *dx);
} kb_pool_gradient_kernels;

// Whether that is faster than sixteen planes at a time.
bool kb_pool_takes_rows(kb_dtype dtype, const pool_job *job);
void kb_pool_run_rows(pool_job *job, size_t planes);

#endif
