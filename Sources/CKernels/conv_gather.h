// Patch matrices: the image as a convolution's matrix product reads it.
#ifndef KB_CONV_GATHER_H
#define KB_CONV_GATHER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// The most output pixels of one tile, and the bytes after each row of patches that a gather may
// overwrite.
enum { KB_CONV_MAX_TILE = 256, KB_CONV_SLACK = 64 };

// Tap k of output o reads o · stride − padding + k · dilation; outside of the input is zero.
typedef struct kb_conv_gather {
  size_t size; // bytes of an element
  intptr_t input[3], output[3], kernel[3], stride[3], padding[3], dilation[3];
} kb_conv_gather;

static inline intptr_t kb_conv_count(const intptr_t dims[3]) { return dims[0] * dims[1] * dims[2]; }

// A 1 × 1 convolution without stride or padding reads the image as it lies.
bool kb_conv_reads_in_place(const kb_conv_gather *gather);

// A 1 × 1 convolution with a stride and no padding reads every stride-th pixel.
bool kb_conv_reads_pixels(const kb_conv_gather *gather);
// The convolution of these, without a stride.
kb_conv_gather kb_conv_of_pixels(const kb_conv_gather *gather);
// Planes of them, [planes][output]; NULL if it is another, or not of float.
float *kb_conv_read_pixels(const kb_conv_gather *gather, const void *x, intptr_t planes);
// The reverse: planes with these pixels, and fill[plane % fills] (0 if NULL) in between.
void kb_conv_spread_pixels(const kb_conv_gather *gather, const float *pixels, intptr_t planes,
                           const float *fill, intptr_t fills, float *x);

// For output pixels begin ..< end, counted over all images (at most KB_CONV_MAX_TILE), writes the
// rows patches[channel · taps + tap][pixel], `pitch` bytes apart. `x` is the first channel in image
// 0, images are `image_pitch` bytes apart. pitch ≥ (end − begin) · size + KB_CONV_SLACK.
void kb_conv_gather_tile(const kb_conv_gather *gather, const void *x, size_t image_pitch,
                         intptr_t channels, intptr_t begin, intptr_t end, void *patches,
                         size_t pitch);

#endif
