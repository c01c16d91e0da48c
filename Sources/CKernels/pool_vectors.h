// Vectors of eight and of four floats, and how neighbours are taken apart and put together.
#ifndef KB_POOL_VECTORS_H
#define KB_POOL_VECTORS_H

#include <stdint.h>

// may_alias and aligned: pointers to these point into rows of floats.
typedef float wide __attribute__((vector_size(32), aligned(4), may_alias));
typedef int32_t wide_mask __attribute__((vector_size(32)));
typedef float narrow __attribute__((vector_size(16), aligned(4), may_alias));
typedef int32_t narrow_mask __attribute__((vector_size(16)));
typedef uint8_t wide_bytes __attribute__((vector_size(8), aligned(1), may_alias));
typedef uint8_t narrow_bytes __attribute__((vector_size(4), aligned(1), may_alias));

#define EVEN_WIDE(a, b) __builtin_shufflevector(a, b, 0, 2, 4, 6, 8, 10, 12, 14)
#define ODD_WIDE(a, b) __builtin_shufflevector(a, b, 1, 3, 5, 7, 9, 11, 13, 15)
#define LOW_WIDE(a, b) __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11)
#define HIGH_WIDE(a, b) __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15)
#define EVEN_NARROW(a, b) __builtin_shufflevector(a, b, 0, 2, 4, 6)
#define ODD_NARROW(a, b) __builtin_shufflevector(a, b, 1, 3, 5, 7)
#define LOW_NARROW(a, b) __builtin_shufflevector(a, b, 0, 4, 1, 5)
#define HIGH_NARROW(a, b) __builtin_shufflevector(a, b, 2, 6, 3, 7)

#endif
