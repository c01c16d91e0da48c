// Which outputs of a convolution read the input through a tap, and not the padding; in volumes, which planes
// some slices of the output read.
#ifndef KB_CONV_SLICES_H
#define KB_CONV_SLICES_H

#include "conv_gather.h"
#include "conv_sizes.h"

typedef struct conv_range {
  intptr_t first, last; // last: behind the end
} conv_range;

// Where output 0 reads through tap `tap` of dimension d; may be negative.
static inline intptr_t tap_place(const kb_conv_gather *gather, int d, intptr_t tap) {
  return tap * gather->dilation[d] - gather->padding[d];
}

// Which of outputs first ..< last of a dimension read inside of the input.
static inline conv_range outputs_inside(const kb_conv_gather *gather, int d, intptr_t tap,
                                        intptr_t first, intptr_t last) {
  const intptr_t place = tap_place(gather, d, tap), stride = gather->stride[d];
  const intptr_t rest = gather->input[d] - place;
  const intptr_t begin = larger(first, place < 0 ? divided_up(-place, stride) : 0);
  return (conv_range){begin, larger(begin, smaller(last, rest > 0 ? divided_up(rest, stride) : 0))};
}

// The planes of the input from the first to the last that slices first ..< last read.
static inline conv_range planes_read(const kb_conv_gather *gather, intptr_t first, intptr_t last) {
  const intptr_t stride = gather->stride[0];
  const intptr_t begin = larger(first * stride + tap_place(gather, 0, 0), 0);
  const intptr_t end = (last - 1) * stride + tap_place(gather, 0, gather->kernel[0] - 1) + 1;
  return (conv_range){begin, larger(begin, smaller(end, gather->input[0]))};
}

// Whether each output slice reads a plane inside of the input.
static inline bool all_slices_read(const kb_conv_gather *gather) {
  for (intptr_t slice = 0; slice < gather->output[0]; slice++) {
    bool reads = false;
    for (intptr_t tap = 0; tap < gather->kernel[0]; tap++) {
      const conv_range inside = outputs_inside(gather, 0, tap, slice, slice + 1);
      reads = reads || inside.first < inside.last;
    }
    if (!reads) return false;
  }
  return true;
}

#endif
