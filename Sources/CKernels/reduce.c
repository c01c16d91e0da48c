// Reductions to values.
#include "kb_reduce.h"

#include <math.h>

#include "reduce_run.h"

void kb_reduce(kb_reduction op, kb_dtype in, kb_dtype out, size_t rank, const intptr_t *dims,
               const bool *reduced, const void *x, const intptr_t *strides, void *result) {
  if (op == KB_REDUCE_LOGSUMEXP) {
    kb_reduce_logsumexp(in, out, rank, dims, reduced, x, strides, result);
    return;
  }
  kb_reduce_job j = {.out = out, .result = result, .type = kb_compute_of(out)};
  kb_plan_reduction(&j.plan, rank, dims, reduced, strides, false);
  kb_load_map map = KB_LOAD_VALUE;
  switch (op) {
    case KB_REDUCE_SUM:
      j.fold = KB_FOLD_SUM;
      break;
    case KB_REDUCE_MEAN:
      j.fold = KB_FOLD_SUM, j.finish = FINISH_MEAN;
      break;
    case KB_REDUCE_PROD:
      j.fold = KB_FOLD_PROD;
      break;
    case KB_REDUCE_MAX:
      j.fold = KB_FOLD_MAX;
      break;
    case KB_REDUCE_MIN:
      j.fold = KB_FOLD_MIN;
      break;
    case KB_REDUCE_ANY:
    case KB_REDUCE_ALL:
    case KB_REDUCE_COUNT_NONZERO:
      j.fold = KB_FOLD_SUM, j.type = KB_COMPUTE_INT64, map = KB_LOAD_NONZERO;
      j.finish = op == KB_REDUCE_ANY ? FINISH_ANY : op == KB_REDUCE_ALL ? FINISH_ALL : FINISH_VALUE;
      break;
    case KB_REDUCE_SUM_SQUARES:
      j.fold = KB_FOLD_SUM_SQUARES, map = KB_LOAD_ABS;
      break;
    case KB_REDUCE_SUM_ABS:
      j.fold = KB_FOLD_SUM_ABS, map = KB_LOAD_ABS;
      break;
    case KB_REDUCE_LOGSUMEXP:
      break;
  }
  kb_run_reduction(&j, in, map, x, NULL);
}

void kb_reduce_from(const kb_reduce_source *source, bool mean, kb_dtype dtype, size_t rank,
                    const intptr_t *dims, const bool *reduced, void *result) {
  kb_reduce_job j = {.out = dtype, .result = result, .type = kb_compute_of(dtype), .fold = KB_FOLD_SUM};
  if (mean) j.finish = FINISH_MEAN;
  kb_plan_reduction(&j.plan, rank, dims, reduced, NULL, false);
  kb_run_reduction(&j, dtype, KB_LOAD_VALUE, NULL, source);
}

bool kb_reduces_runs(size_t rank, const intptr_t *dims, const bool *reduced) {
  kb_reduce_plan plan;
  kb_plan_reduction(&plan, rank, dims, reduced, NULL, false);
  if (plan.columns) return plan.inner >= 256 && plan.kept_strides[plan.kept_rank - 1] == 1;
  const size_t last = plan.reduced_rank - 1;
  return plan.reduced_dims[last] >= 512 && plan.reduced_strides[last] == 1;
}

static void power_reduce(double p, bool root, kb_dtype in, kb_dtype out, size_t rank,
                         const intptr_t *dims, const bool *reduced, const void *x,
                         const intptr_t *strides, void *result) {
  kb_reduce_job j = {.out = out, .result = result, .type = kb_compute_of(out)};
  kb_plan_reduction(&j.plan, rank, dims, reduced, strides, false);
  kb_load_map map = KB_LOAD_ABS;
  if (p == 0) {
    j.fold = KB_FOLD_SUM, j.type = KB_COMPUTE_INT64, map = KB_LOAD_NONZERO;
  } else if (p == 1) {
    j.fold = KB_FOLD_SUM_ABS;
  } else if (p == 2) {
    j.fold = KB_FOLD_SUM_SQUARES;
  } else if (isinf(p)) {
    j.fold = p > 0 ? KB_FOLD_MAX_ABS : KB_FOLD_MIN_ABS;
  } else {
    j.fold = KB_FOLD_SUM, j.power = p;
  }
  if (root && p != 0 && p != 1 && !isinf(p)) j.finish = FINISH_ROOT, j.root = p;
  kb_run_reduction(&j, in, map, x, NULL);
}

void kb_norm(double p, kb_dtype in, kb_dtype out, size_t rank, const intptr_t *dims,
             const bool *reduced, const void *x, const intptr_t *strides, void *result) {
  power_reduce(p, true, in, out, rank, dims, reduced, x, strides, result);
}

void kb_power_sum(double p, kb_dtype in, kb_dtype out, size_t rank, const intptr_t *dims,
                  const bool *reduced, const void *x, const intptr_t *strides, void *result) {
  power_reduce(p, false, in, out, rank, dims, reduced, x, strides, result);
}
