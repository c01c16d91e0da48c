// Rows of the fused layers (recurrent cells, attention, cross entropy): one set of kernels on floats
// for each instruction set, one on doubles.
#ifndef KB_LAYER_ROWS_H
#define KB_LAYER_ROWS_H

#include "include/kb_types.h"

// Pointers are to elements of the set's type; n counts elements of a row, and of one gate.
typedef struct kb_layer_set {
  // x, s: the gates' sums from the input and from the state. state is replaced, and h written.
  void (*rnn)(size_t n, bool relu, const void *x, const void *s, void *state, void *h);
  // dh: the cotangent that comes from the next step; dy, unless NULL, that of the output. d_gates gets
  // those of the gates' sums.
  void (*rnn_back)(size_t n, bool relu, const void *dy, const void *dh, const void *h,
                   void *d_gates);
  void (*lstm)(size_t n, const void *x, const void *s, void *state, void *c, void *kept, void *cs,
               void *h);
  // dc is replaced.
  void (*lstm_back)(size_t n, const void *dy, const void *dh, void *dc, const void *kept,
                    const void *c, const void *before, void *d_gates);
  // bias may be NULL.
  void (*gru)(size_t n, const void *x, const void *s, const void *bias, void *state, void *kept,
              void *h);
  // dh is replaced by the part that passes by the gates; dx, d_gates: of what the input and the state
  // contribute.
  void (*gru_back)(size_t n, const void *dy, void *dh, const void *kept, const void *before,
                   void *dx, void *d_gates);

  // s = s · scale + mask; the largest. mask may be NULL.
  double (*scores)(size_t n, void *s, double scale, const void *mask);
  // s = exp(s − shift); the sum.
  double (*exponentials)(size_t n, void *s, double shift);
  // s = p = exp(s · scale + mask − shift) · factor, dp = p (dp − mean) · scale. dmask, unless NULL,
  // gets p (dp − mean).
  void (*attention_back)(size_t n, void *s, void *dp, double scale, const void *mask, double shift,
                         double factor, double mean, void *dmask);
  double (*dot)(size_t n, const void *x, const void *y);
  void (*scale)(size_t n, double factor, const void *x, void *y);

  // The largest of x and Σ exp(x − largest).
  void (*log_sum)(size_t n, const void *x, double *largest, double *sum);
  // dx = exp(x − shift) · factor − weight[i] · spread; weight NULL: 1.
  void (*cross_entropy_back)(size_t n, const void *x, double shift, double factor,
                             const void *weight, double spread, void *dx);
} kb_layer_set;

extern const kb_layer_set kb_layer_baseline, kb_layer_double;
#if defined(__x86_64__)
extern const kb_layer_set kb_layer_avx2, kb_layer_avx512;
#endif

// The set for KB_FLOAT32 or KB_FLOAT64 on this processor.
const kb_layer_set *kb_layer_for(kb_dtype dtype);

#endif
