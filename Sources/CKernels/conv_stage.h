// Staging: the part of a channel that some outputs read, with its padding, each row split into one
// run for each residue of the stride. Every tap of an output row is then one contiguous run.
#ifndef KB_CONV_STAGE_H
#define KB_CONV_STAGE_H

#include "conv_gather.h"

// The input rows and columns that are read, in coordinates where padding is positive area.
typedef struct kb_conv_box {
  intptr_t start[3], extent[3], run; // run: elements of one residue in a staged row
} kb_conv_box;

// Sets `run` from `extent`; returns the bytes of a staged row.
size_t kb_conv_box_runs(const kb_conv_gather *gather, kb_conv_box *box);

// Writes extent[0] · extent[1] rows, `row_bytes` apart, and up to KB_CONV_SLACK bytes after them.
void kb_conv_stage_channel(const kb_conv_gather *gather, const kb_conv_box *box,
                           const char *channel, char *staged, size_t row_bytes);

#endif
