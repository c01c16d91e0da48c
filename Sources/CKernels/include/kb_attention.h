// Scaled dot product attention and its gradient, float32 and float64. Scores exist for a few queries
// at a time only. Results are the same bits for any number of threads.
#ifndef KB_ATTENTION_H
#define KB_ATTENTION_H

#include "kb_types.h"

// Strides are in elements, one for each of the `rank` leading dimensions and one for the two last.
typedef struct kb_attention_operand {
  void *data; // of the inputs only read
  const intptr_t *strides;
} kb_attention_operand;

typedef struct kb_attention {
  kb_dtype dtype;
  size_t rank;          // of the leading dimensions
  const intptr_t *dims; // their sizes
  size_t queries, keys, width, value_width;
  bool causal; // query i takes part in keys 0 ... i
  double scale;
  kb_dtype mask_dtype; // KB_BOOL, true where a key takes part, or `dtype`, added to the scores
} kb_attention;

// out[..., queries, value_width] = softmax(q · kᵀ · scale + mask) · v. `statistics`, contiguous
// [..., queries, 2], gets of each query what its exponentials are shifted and multiplied by.
// mask.data may be NULL. A query whose keys are all masked gets zeros.
void kb_attention_forward(const kb_attention *call, kb_attention_operand q, kb_attention_operand k,
                          kb_attention_operand v, kb_attention_operand mask,
                          kb_attention_operand out, void *statistics);

// The cotangents of q, k, v and of the mask from that of out; those with data NULL are left out.
void kb_attention_backward(const kb_attention *call, kb_attention_operand q, kb_attention_operand k,
                           kb_attention_operand v, kb_attention_operand mask,
                           kb_attention_operand out, const void *statistics,
                           kb_attention_operand dout, kb_attention_operand dq,
                           kb_attention_operand dk, kb_attention_operand dv,
                           kb_attention_operand dmask);

#endif
