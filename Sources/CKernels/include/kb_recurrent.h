// A layer of recurrent cells over whole sequences, and its gradient. float32 and float64.
//
// Rows stand step by step: those of step t follow those of step t − 1. Sequence b takes part in the
// steps with more than b rows; the numbers of rows never increase. All arrays are contiguous, and
// results are the same bits for any number of threads.
#ifndef KB_RECURRENT_H
#define KB_RECURRENT_H

#include "kb_types.h"

typedef enum { KB_RNN_TANH, KB_RNN_RELU, KB_LSTM, KB_GRU } kb_cell;

typedef struct kb_recurrent {
  kb_cell cell;
  kb_dtype dtype;
  size_t input, hidden, steps;
  const intptr_t *batch_sizes; // rows of each step; the first number is the batch
  bool reversed;               // from the last step to the first
} kb_recurrent;

// Gates of a cell: 1, or 4 (i, f, g, o) of an LSTM, or 3 (r, z, n) of a GRU.
size_t kb_recurrent_gates(kb_cell cell);
// Numbers that the gradient reads of each row: activated gates, for a GRU also what r multiplies.
size_t kb_recurrent_kept(kb_cell cell, size_t hidden);

// x [rows, input]; weight_x [gates · hidden, input] and weight_h [gates · hidden, hidden] with their
// biases [gates · hidden] or NULL; h, c [batch, hidden] to begin with, c of an LSTM only.
// Gives hs [rows, hidden], the states at the ends hn, cn [batch, hidden], and for the gradient kept
// [rows, kb_recurrent_kept] (not for plain cells) and cs [rows, hidden] (of an LSTM).
void kb_recurrent_forward(const kb_recurrent *layer, const void *x, const void *weight_x,
                          const void *weight_h, const void *bias_x, const void *bias_h,
                          const void *h, const void *c, void *hs, void *hn, void *cn, void *kept,
                          void *cs);

// Cotangents of what the forward pass takes, each of which may be NULL.
typedef struct kb_recurrent_cotangents {
  void *x, *weight_x, *weight_h, *bias_x, *bias_h, *h, *c;
} kb_recurrent_cotangents;

// They come from those of hs, hn and cn, each of which may be NULL too.
void kb_recurrent_backward(const kb_recurrent *layer, const void *x, const void *weight_x,
                           const void *weight_h, const void *h, const void *c, const void *hs,
                           const void *kept, const void *cs, const void *dhs, const void *dhn,
                           const void *dcn, const kb_recurrent_cotangents *to);

#endif
