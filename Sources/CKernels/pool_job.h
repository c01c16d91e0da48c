// What the tasks of pooling need to know.
#ifndef KB_POOL_JOB_H
#define KB_POOL_JOB_H

#include "kb_types.h"
#include "kb_window.h"
#include "pool_lanes.h"

typedef kb_pool_range pool_range;

// The outputs low ..< high of the last dimension for which a tap lies inside of the input.
typedef struct tap_range {
  intptr_t low, high;
} tap_range;

// What a task needs to know; `ranges` holds the clipped windows of each output in each dimension.
typedef struct pool_job {
  kb_window window;
  pool_range *ranges[3];
  tap_range *taps;
  intptr_t inputs, outputs; // elements of a plane
  bool count_include_pad;
  intptr_t divisor_override;
  size_t range_bytes;
  const void *x, *dy; // dy: only for the gradient of max pooling
  void *y;
  int64_t *indices;
  size_t planes;
  const float *divisors; // of all outputs of a plane, for sixteen planes at once
} pool_job;

static inline intptr_t least(intptr_t a, intptr_t b) { return a < b ? a : b; }
static inline intptr_t most(intptr_t a, intptr_t b) { return a > b ? a : b; }

// Planes per task: enough elements to be worth a task, by shape alone.
static inline size_t plane_grain(const pool_job *job) {
  intptr_t elements = most(job->inputs, job->outputs);
  return (size_t)most(1, 16384 / most(1, elements));
}

typedef enum kb_pool_kind {
  KB_POOL_MAX,
  KB_POOL_MAX_GRADIENT,
  KB_POOL_AVERAGE,
  KB_POOL_AVERAGE_GRADIENT,
} kb_pool_kind;

// Whether sixteen planes at a time are faster; for means, also if it is one mean of each plane.
bool kb_pool_takes_lanes(kb_dtype dtype, const pool_job *job, size_t planes);
bool kb_pool_takes_means(kb_dtype dtype, const pool_job *job, size_t planes);
void kb_pool_run_lanes(kb_pool_kind kind, pool_job *job, size_t planes);

#endif
