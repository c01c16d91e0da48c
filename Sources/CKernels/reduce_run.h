// A reduction to values: what reduce.c sets up and reduce_run.c does.
#ifndef KB_REDUCE_RUN_H
#define KB_REDUCE_RUN_H

#include "reduce_internal.h"

typedef enum { FINISH_VALUE, FINISH_MEAN, FINISH_ROOT, FINISH_ANY, FINISH_ALL } kb_reduce_finish;

typedef struct kb_reduce_job {
  kb_reduce_plan plan;
  kb_row_reader reader;
  kb_fold fold;
  kb_compute type;
  double power; // |x|^power before the sum, unless 0
  double root;  // result^(1/root) for FINISH_ROOT
  kb_reduce_finish finish;
  bool bytes; // counts nonzero bytes that lie one after the other
  kb_dtype out;
  char *result;
  const kb_fold_kernels *kernels;
  kb_storer store;
  kb_reduce_cut cut;
  void *partials; // totals [segments][outputs], NULL when there is one segment
} kb_reduce_job;

// The plan, fold, type, finish and result are set; the rest follows from them and the array, or the source in
// its place.
void kb_run_reduction(kb_reduce_job *job, kb_dtype in, kb_load_map map, const void *x,
                      const kb_reduce_source *source);

#endif
