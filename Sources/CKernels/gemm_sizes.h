// Arithmetic of the matrix products' files.
#ifndef KB_GEMM_SIZES_H
#define KB_GEMM_SIZES_H

#include <stddef.h>
#include <stdint.h>

static inline size_t smaller(size_t x, size_t y) { return x < y ? x : y; }
static inline size_t larger(size_t x, size_t y) { return x > y ? x : y; }
static inline size_t divided_up(size_t x, size_t y) { return (x + y - 1) / y; }

static inline const char *at(const char *base, intptr_t elements, size_t size) {
  return base + elements * (intptr_t)size;
}

#endif
