// Patch matrices: the image as a convolution's matrix product reads it.
#ifndef KB_CONV_GATHER_H
#define KB_CONV_GATHER_H

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

// For output pixels begin ..< end, counted over all images (at most KB_CONV_MAX_TILE), writes the
// rows patches[channel · taps + tap][pixel], `pitch` bytes apart. `x` is the first channel in image
// 0, images are `image_pitch` bytes apart. pitch ≥ (end − begin) · size + KB_CONV_SLACK.
void kb_conv_gather_tile(const kb_conv_gather *gather, const void *x, size_t image_pitch,
                         intptr_t channels, intptr_t begin, intptr_t end, void *patches,
                         size_t pitch);

// A run of output pixels: where it begins, in bytes, in its tile and (for a tap at 0) in staged
// rows.
typedef struct kb_conv_run {
  size_t target, source, bytes;
} kb_conv_run;

// result[run] = Σ over taps of w[tap] · staged[run + offsets[tap]]. Reads and writes up to
// KB_CONV_SLACK bytes more than a run has.
typedef void (*kb_conv_sum_runs)(const char *staged, const kb_conv_run *runs, size_t run_count,
                                 const size_t *offsets, intptr_t taps, const float *w,
                                 float *result);
kb_conv_sum_runs kb_conv_sum_runs_active(void);

// The most taps of kb_conv_sum_tile.
enum { KB_CONV_MAX_SUMMED = 64 };

// For convolutions of one channel: result[row][pixel] = Σ over taps of w[row][tap] ·
// patches[tap][pixel], without the patches. Rows of the result are `pitch` ≥ end − begin + 16
// floats apart.
void kb_conv_sum_tile(const kb_conv_gather *gather, const float *x, size_t image_pitch,
                      intptr_t begin, intptr_t end, intptr_t rows, const float *w, float *result,
                      intptr_t pitch);

#endif
