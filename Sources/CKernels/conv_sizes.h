// Arithmetic of the convolutions' files.
#ifndef KB_CONV_SIZES_H
#define KB_CONV_SIZES_H

#include <stdint.h>

static inline intptr_t smaller(intptr_t a, intptr_t b) { return a < b ? a : b; }
static inline intptr_t larger(intptr_t a, intptr_t b) { return a > b ? a : b; }
static inline intptr_t divided_up(intptr_t a, intptr_t b) { return (a + b - 1) / b; }

#endif
