// Convolution of 1, 2 or 3 spatial dimensions: the bilinear operation and its two transposes.
//
// Layouts, all contiguous: x [batch, in_channels, input…], w [out_channels, in_channels / groups,
// kernel…], y [batch, out_channels, output…]. Every dtype but bool: half types accumulate in float
// and round once, integers wrap. Nothing is conjugated: the gradient for complex numbers conjugates
// first. Same bits for any number of threads. Outputs do not overlap inputs and need no
// initialisation.
#ifndef KB_CONV_H
#define KB_CONV_H

#include "kb_tail.h"
#include "kb_types.h"
#include "kb_window.h"

typedef struct kb_convolution {
  kb_window window; // paddings may be negative here; padding_end is not read (output says it)
  intptr_t batch, in_channels, out_channels, groups; // groups ≥ 1 divides both channel counts
} kb_convolution;

// y = x ⋆ w (+ bias[out_channels] unless NULL). Cross-correlation, as all frameworks call
// convolution. The elements are given to `tail`, unless it is NULL, when they are final.
void kb_conv_forward(kb_dtype dtype, const kb_convolution *conv, const void *x, const void *w,
                     const void *bias, void *y, const kb_tail *tail);

// dx = the transpose of kb_conv_forward in x, applied to dy: also the transposed convolution, whose
// input is dy, whose weight is w [its in_channels, its out_channels / groups, kernel…] and whose
// output, of the spatial size window.input, is dx. `bias` [in_channels] or NULL is added to dx.
void kb_conv_input_gradient(kb_dtype dtype, const kb_convolution *conv, const void *dy,
                            const void *w, const void *bias, void *dx, const kb_tail *tail);

// dw = the transpose of kb_conv_forward in w, applied to dy.
void kb_conv_weight_gradient(kb_dtype dtype, const kb_convolution *conv, const void *x,
                             const void *dy, void *dw);

// `on` keeps 3 × 3 convolutions in float, also of volumes, from using Winograd's algorithm, which
// multiplies a quarter as often and rounds more. Off unless the environment has KOBAI_PRECISE=1. For all
// threads, or between enter and leave for what the calling thread asks for.
void kb_conv_set_precise(bool on);
bool kb_conv_precise(void);
void kb_conv_enter_precise(void);
void kb_conv_leave_precise(void);

#endif
