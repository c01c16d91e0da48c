// Element types, as Swift's `DType` numbers them.
#ifndef KB_TYPES_H
#define KB_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t kb_dtype;

enum {
  KB_FLOAT32 = 0,
  KB_FLOAT64 = 1,
  KB_FLOAT16 = 2,
  KB_BFLOAT16 = 3,
  KB_INT8 = 4,
  KB_INT16 = 5,
  KB_INT32 = 6,
  KB_INT64 = 7,
  KB_UINT8 = 8,
  KB_BOOL = 9,       // one byte, 0 or 1
  KB_COMPLEX64 = 10, // two floats, real first
  KB_COMPLEX128 = 11,
  KB_DTYPE_COUNT = 12,
};

static inline size_t kb_dtype_size(kb_dtype dtype) {
  static const uint8_t sizes[KB_DTYPE_COUNT] = {4, 8, 2, 2, 1, 2, 4, 8, 1, 1, 8, 16};
  return sizes[dtype];
}

// What a kernel found wrong in its data. Shapes and dtypes are checked before a kernel is called.
typedef int kb_status;

enum {
  KB_OK = 0,
  KB_DIVIDE_BY_ZERO = 1,    // integer division or remainder by zero
  KB_INDEX_OUT_OF_RANGE = 2, // an index tensor points outside of the indexed dimension
  KB_NEGATIVE_POWER = 3,    // an integer to a negative integer power
  KB_INVALID_VALUE = 4,     // e.g. a negative or NaN probability
};

#endif
