// The weight gradient of convolution as matrix products over gathered patches.
#ifndef KB_CONV_WEIGHT_H
#define KB_CONV_WEIGHT_H

#include "conv_gather.h"
#include "kb_types.h"

typedef struct kb_conv_weight_job {
  kb_dtype dtype; // not a half type
  kb_conv_gather gather;
  intptr_t batch, groups, channels, rows; // channels and rows (output channels) of one group
  const void *x, *dy;
  const uint8_t *dy_which; // where a pooled dy came from, as in kb_conv_tiling
  void *dw; // [groups, rows, channels · taps]
} kb_conv_weight_job;

void kb_conv_run_weight(const kb_conv_weight_job *job);
// Whether it can take a pooled dy.
bool kb_conv_spreads_weight(const kb_conv_weight_job *job);

#endif
