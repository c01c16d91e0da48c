// Convolutions of sixteen images at once: their pixels lie side by side, so that maps of any width fill the
// vectors.
#ifndef KB_CONV_IMAGES_H
#define KB_CONV_IMAGES_H

#include "conv_tile.h"
#include "conv_weight.h"

// Whether a convolution with dense outputs, or its weight gradient, is one that this is faster for.
bool kb_images_serves(kb_dtype dtype, const kb_conv_gather *gather, intptr_t batch, intptr_t channels,
                      intptr_t rows);
bool kb_images_serves_weight(kb_dtype dtype, const kb_conv_gather *gather, intptr_t batch,
                             intptr_t channels, intptr_t rows);

// What kb_conv_run_tiles does, where kb_images_serves.
void kb_images_run(const kb_conv_tiling *tiling);
// What kb_conv_run_weight does, where kb_images_serves_weight.
void kb_images_run_weight(const kb_conv_weight_job *job);

#endif
