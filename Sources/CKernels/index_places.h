// Which elements of a block are set: first as a byte each, then as a list of their places.
#ifndef KB_INDEX_PLACES_H
#define KB_INDEX_PLACES_H

#include "include/kb_types.h"

// The bytes, the places, and what they lead to together stay in the first level.
enum { KB_PLACES_BLOCK = 1024 };

// flags[i] = x[i * stride] != 0, as 0 or 1.
void kb_flag_nonzero(kb_dtype dtype, size_t n, const void *x, intptr_t stride, uint8_t *flags);

// The places i < n ≤ KB_PLACES_BLOCK at which flags[i] is not 0, in order; returns how many there are.
// `places` has room for a whole block.
size_t kb_find_places(size_t n, const uint8_t *flags, uint16_t *places);

#endif
