#include "kb_cross_entropy.h"

#include <math.h>
#include <string.h>

#include "layer_rows.h"
#include "kb_threads.h"

#pragma STDC FP_CONTRACT OFF

typedef struct job {
  kb_cross_entropy call;
  const kb_layer_set *set;
  size_t size;
  const char *x, *weight, *dlosses;
  intptr_t stride;
  const int64_t *targets;
  char *losses, *statistics, *dx;
  double total_weight;
} job;

static double get(const job *j, const void *x, size_t i) {
  return j->call.dtype == KB_FLOAT64 ? ((const double *)x)[i] : (double)((const float *)x)[i];
}

static void set(const job *j, void *x, size_t i, double value) {
  if (j->call.dtype == KB_FLOAT64)
    ((double *)x)[i] = value;
  else
    ((float *)x)[i] = (float)value;
}

static double weight_of(const job *j, size_t class) {
  return j->weight ? get(j, j->weight, class) : 1;
}

// Σ w[c] (log Σ exp(x − largest) − (x[c] − largest))
static double spread_loss(const job *j, const char *x, double largest, double log_sum) {
  double sum = 0;
  for (size_t c = 0; c < j->call.classes; c++)
    sum += weight_of(j, c) * (log_sum - (get(j, x, c) - largest));
  return sum;
}

static void forward(void *context, size_t begin, size_t end) {
  const job *j = context;
  const size_t n = j->call.classes;
  for (size_t row = begin; row < end; row++) {
    const char *x = j->x + row * n * j->size;
    double largest, sum, loss = 0;
    j->set->log_sum(n, x, &largest, &sum);
    set(j, j->statistics, 2 * row, largest), set(j, j->statistics, 2 * row + 1, sum);
    if (j->targets[row] != j->call.ignored) {
      const size_t target = (size_t)j->targets[row];
      const double log_sum = log(sum), s = j->call.smoothing;
      loss = (1 - s) * weight_of(j, target) * (log_sum - (get(j, x, target) - largest));
      if (s > 0) loss += s / (double)n * spread_loss(j, x, largest, log_sum);
    }
    set(j, j->losses, row, loss);
  }
}

static void backward(void *context, size_t begin, size_t end) {
  const job *j = context;
  const size_t n = j->call.classes;
  for (size_t row = begin; row < end; row++) {
    char *dx = j->dx + row * n * j->size;
    if (j->targets[row] == j->call.ignored) {
      memset(dx, 0, n * j->size);
      continue;
    }
    const size_t target = (size_t)j->targets[row];
    const double g = get(j, j->dlosses + (intptr_t)row * j->stride * (intptr_t)j->size, 0);
    const double own = g * (1 - j->call.smoothing) * weight_of(j, target);
    const double spread = g * j->call.smoothing / (double)n;
    j->set->cross_entropy_back(n, j->x + row * n * j->size, get(j, j->statistics, 2 * row),
                               (own + spread * j->total_weight) / get(j, j->statistics, 2 * row + 1),
                               j->weight, spread, dx);
    set(j, dx, target, get(j, dx, target) - own);
  }
}

static void prepare(job *j) {
  j->set = kb_layer_for(j->call.dtype);
  j->size = kb_dtype_size(j->call.dtype);
  for (size_t c = 0; c < j->call.classes; c++) j->total_weight += weight_of(j, c);
}

kb_status kb_cross_entropy_forward(const kb_cross_entropy *call, const void *x,
                                   const int64_t *targets, const void *weight, void *losses,
                                   void *statistics, int64_t *bad) {
  for (size_t row = 0; row < call->rows; row++) {
    const int64_t target = targets[row];
    if (target != call->ignored && (target < 0 || target >= (int64_t)call->classes)) {
      *bad = target;
      return KB_INDEX_OUT_OF_RANGE;
    }
  }
  job j = {.call = *call, .x = x, .targets = targets, .weight = weight, .losses = losses,
           .statistics = statistics};
  prepare(&j);
  kb_parallel_for(call->rows, 8192 / (call->classes + 1) + 1, forward, &j);
  return KB_OK;
}

void kb_cross_entropy_backward(const kb_cross_entropy *call, const void *dlosses, intptr_t stride,
                               const void *x, const int64_t *targets, const void *weight,
                               const void *statistics, void *dx) {
  job j = {.call = *call, .dlosses = dlosses, .stride = stride, .x = x, .targets = targets,
           .weight = weight, .statistics = (char *)(uintptr_t)statistics, .dx = dx};
  prepare(&j);
  kb_parallel_for(call->rows, 8192 / (call->classes + 1) + 1, backward, &j);
}
