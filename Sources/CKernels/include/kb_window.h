// Sliding windows over up to three spatial dimensions, shared by convolution and pooling.
#ifndef KB_WINDOW_H
#define KB_WINDOW_H

#include <stddef.h>
#include <stdint.h>

// One entry per spatial dimension, outermost first (depth, height, width). Fewer dimensions are
// stored last, the leading entries being input 1, output 1, kernel 1, stride 1, padding 0, dilation
// 1.
//
// Tap k of output o reads input position o · stride − padding_begin + k · dilation. `output` is the
// caller's (ceil mode, padding 'same', output_padding); positions outside of the input read
// padding. kernel, stride and dilation are ≥ 1, sizes ≥ 0.
typedef struct kb_window {
  intptr_t input[3], output[3], kernel[3], stride[3], padding_begin[3], padding_end[3], dilation[3];
} kb_window;

#endif
