// The largest elements of windows of float planes, a row of windows at a time, whose columns fill vectors.
#ifndef KB_POOL_LARGEST_H
#define KB_POOL_LARGEST_H

#include "pool_job.h"

// Row i of the input, counted over all depths, is looked at once for all windows that read it: for each column
// of windows, its largest element there is kept in one of a few slots.
typedef struct kb_largest_rows {
  const kb_window *window;
  kb_pool_range *const *ranges; // of windows, in each dimension
  intptr_t columns, taps;       // of the output, of a row of a window
  const intptr_t *residues;     // [stride], where the columns i, i + stride, … of a row are staged
  const intptr_t *offsets;      // [taps], what tap t of the first window reads of a staged row
  const intptr_t *places;       // [rows of the input], in `best` and `tap`
  const int32_t *first;         // [columns], the first tap inside
  float *x[2];                  // staged rows in turn, among −∞
  float *best;
  int32_t *tap; // which tap that is
} kb_largest_rows;

typedef struct kb_largest_kernels {
  // Of one plane of `count` elements. `which` may be NULL.
  void (*find)(const kb_largest_rows *s, intptr_t count, const float *x, float *y, uint8_t *which);
} kb_largest_kernels;

// Whether that is faster than sixteen planes at a time.
bool kb_pool_takes_rows(kb_dtype dtype, const pool_job *job);
void kb_pool_run_rows(pool_job *job, size_t planes);

#endif
