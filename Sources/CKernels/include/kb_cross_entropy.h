// Cross entropy of rows of logits with classes, and its gradient, float32 and float64.
#ifndef KB_CROSS_ENTROPY_H
#define KB_CROSS_ENTROPY_H

#include "kb_types.h"

typedef struct kb_cross_entropy {
  kb_dtype dtype;
  size_t rows, classes;
  int64_t ignored;  // the class of a row that gives 0
  double smoothing; // how much of each target is spread over all classes
} kb_cross_entropy;

// losses[i] = (1 − s) w[t] l[t] + s / classes Σ w[c] l[c], l = −log softmax(x[i]), t = targets[i].
// All arrays are contiguous; weight may be NULL. `statistics` [rows, 2] gets the largest of each row and
// its sum of exponentials. KB_INDEX_OUT_OF_RANGE, with the target in *bad, for one that is no class.
kb_status kb_cross_entropy_forward(const kb_cross_entropy *call, const void *x,
                                   const int64_t *targets, const void *weight, void *losses,
                                   void *statistics, int64_t *bad);

// dx from the cotangents of the losses, which are `stride` elements apart.
void kb_cross_entropy_backward(const kb_cross_entropy *call, const void *dlosses, intptr_t stride,
                               const void *x, const int64_t *targets, const void *weight,
                               const void *statistics, void *dx);

#endif
