// Resampling of the last 1, 2 or 3 dimensions. x is [planes, input…], y is [planes, output…],
// contiguous.
#ifndef KB_INTERPOLATE_H
#define KB_INTERPOLATE_H

#include "kb_types.h"

enum {
  KB_INTERPOLATE_NEAREST = 0,       // floor(o · step)
  KB_INTERPOLATE_NEAREST_EXACT = 1, // floor((o + ½) · step)
  KB_INTERPOLATE_LINEAR = 2,        // linear, bilinear, trilinear
  KB_INTERPOLATE_CUBIC = 3,         // convolution kernel with A = −0.75 (−0.5 when antialiased)
};

// Entries as in kb_window: unused leading dimensions have input 1, output 1 and are left alone.
// `factor[d]` is the user's scale factor where it defines the sampling step (1 / factor), or 0 to
// take the step from the sizes (input / output; (input − 1) / (output − 1) with align_corners). The
// latter ignores `factor`. As in PyTorch, sizes that are equal (linear) or, with the nearest mode
// in two dimensions, equal or doubled, take that as the factor whatever was given.
typedef struct kb_interpolation {
  int mode;
  bool align_corners; // false for the nearest modes
  bool antialias;     // linear and cubic: widens the filter when shrinking
  intptr_t input[3], output[3]; // ≥ 1 unless planes is 0
  double factor[3];
} kb_interpolation;

// Floating dtypes (half types compute in float), any non-complex dtype for the nearest modes, and
// uint8 for linear and cubic (rounded to nearest even and clamped).
void kb_interpolate(kb_dtype dtype, const kb_interpolation *interpolation, size_t planes,
                    const void *x, void *y);
// Transpose of kb_interpolate; floating dtypes.
void kb_interpolate_gradient(kb_dtype dtype, const kb_interpolation *interpolation, size_t planes,
                             const void *dy, void *dx);

#endif
