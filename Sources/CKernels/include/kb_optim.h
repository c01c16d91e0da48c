// One step of an optimizer over several parameters at once. Elementwise: an element's new value and
// new state follow from its old ones, its gradient and a few coefficients.
#ifndef KB_OPTIM_H
#define KB_OPTIM_H

#include "kb_types.h"

typedef enum {
  KB_OPTIM_SGD,
  KB_OPTIM_ADAM,
  KB_OPTIM_RMSPROP,
  KB_OPTIM_ADADELTA,
  KB_OPTIM_ADAGRAD,
  KB_OPTIM_ADAMAX,
  KB_OPTIM_NADAM,
  KB_OPTIM_RADAM,
  KB_OPTIM_RPROP,
  KB_OPTIM_ASGD,
  KB_OPTIM_COUNT,
} kb_optim_rule;

enum {
  KB_OPTIM_MAXIMIZE = 1,   // the gradient changes its sign
  KB_OPTIM_DECAY = 2,      // g += c0 * p
  KB_OPTIM_DECOUPLED = 4,  // p *= c0
  KB_OPTIM_MOMENTUM = 8,   // a momentum buffer is kept
  KB_OPTIM_NESTEROV = 16,
  KB_OPTIM_FIRST = 32,     // the momentum buffer (or the average) starts here
  KB_OPTIM_AMSGRAD = 64,
  KB_OPTIM_CENTERED = 128,
  KB_OPTIM_RECTIFIED = 256,
};

// One parameter. A result may be written over the array it follows from. State that a rule does not
// use is NULL. Half types are computed in float and rounded when they are stored; complex numbers are
// pairs of reals, of which `count` counts both.
//
//            s0          s1         s2       c0     c1       c2      c3       c4 …
//   SGD      momentum                        decay  momentum 1-damp  -lr
//   ADAM     mean        square     maximum  decay  1-beta1  beta2   1-beta2  √(1-beta2ᵗ) eps -lr/(1-beta1ᵗ)
//   RMSPROP  square      momentum   mean     decay  alpha    1-alpha eps      momentum -lr
//   ADADELTA square      delta               decay  rho      1-rho   eps      -lr
//   ADAGRAD  sum                             decay  eps      -lr
//   ADAMAX   mean        largest             decay  1-beta1  beta2   eps      -lr/(1-beta1ᵗ)
//   NADAM    mean        square              decay  1-beta1  beta2   1-beta2  1-beta2ᵗ eps -lr(g) -lr(mean)
//   RADAM    mean        square              decay  1-beta1  beta2   1-beta2  1-beta1ᵗ eps lr √(1-beta2ᵗ) rect
//   RPROP    previous g  step size           eta-   eta+     least   most
//   ASGD     average                         decay  1-λ·eta  -eta    mu
typedef struct {
  size_t start; // elements of the parameters before this one
  size_t count;
  kb_dtype dtype;
  uint32_t flags;
  const void *grad, *param, *s0, *s1, *s2;
  void *new_param, *new_s0, *new_s1, *new_s2;
  double c0, c1, c2, c3, c4, c5, c6, c7, c8;
} kb_optim_item;

void kb_optim_step(kb_optim_rule rule, size_t items, const kb_optim_item *item);

#endif
