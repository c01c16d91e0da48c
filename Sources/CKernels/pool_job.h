// What the tasks of pooling need to know.
#ifndef KB_POOL_JOB_H
#define KB_POOL_JOB_H

#include "kb_types.h"
#include "kb_window.h"
#include "pool_lanes.h"

typedef kb_pool_range pool_range;

// Elements of windows whose numbers are noted; KB_POOL_NOWHERE is none of them.
enum { KB_POOL_MOST_TAPS = 255, KB_POOL_NOWHERE = 255 };

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
  const void *x;
  void *y;
  int64_t *indices;
  uint8_t *which;          // which element of its window each output is
  const intptr_t *offsets; // [elements], of a window's from where it begins
  intptr_t elements;
  const uint8_t *numbers; // of a window's elements by their distances from where it begins
  size_t planes;
  const float *divisors; // of all outputs of a plane, for sixteen planes at once
} pool_job;

static inline intptr_t least(intptr_t a, intptr_t b) { return a < b ? a : b; }
static inline intptr_t most(intptr_t a, intptr_t b) { return a > b ? a : b; }
static inline bool is_empty(pool_range range) { return range.start == range.stop; }

// The tap of a dimension through which output `o` reads `position`.
static inline intptr_t tap_of(const kb_window *w, int d, intptr_t o, intptr_t position) {
  return (position + w->padding_begin[d] - o * w->stride[d]) / w->dilation[d];
}

// Planes per task: enough elements to be worth a task, by shape alone.
static inline size_t plane_grain(const pool_job *job) {
  intptr_t elements = most(job->inputs, job->outputs);
  return (size_t)most(1, 16384 / most(1, elements));
}

// Whether some window holds padding alone.
static inline bool kb_pool_has_empty(const pool_job *job) {
  for (int d = 0; d < 3; d++)
    for (intptr_t o = 0; o < job->window.output[d]; o++)
      if (is_empty(job->ranges[d][o])) return true;
  return false;
}

typedef enum kb_pool_kind {
  KB_POOL_MAX,
  KB_POOL_AVERAGE,
  KB_POOL_AVERAGE_GRADIENT,
} kb_pool_kind;

// Whether sixteen planes at a time are possible and faster; for means, also if it is one mean of each plane.
bool kb_pool_takes_lanes(kb_dtype dtype, const pool_job *job, size_t planes);
bool kb_pool_takes_means(kb_dtype dtype, const pool_job *job, size_t planes);
void kb_pool_run_lanes(kb_pool_kind kind, pool_job *job, size_t planes);

#endif
