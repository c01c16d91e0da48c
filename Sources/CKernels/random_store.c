// Conversion between the doubles and integers of the samplers and the dtype of an array.
#include "random_internal.h"
#include "half.h"

#pragma STDC FP_CONTRACT OFF

// C leaves a number outside the integer's range undefined; x86 gives the smallest integer, and so
// must every machine for equal bits.
static int32_t truncate32(double value) {
  return value > -0x1p31 - 1 && value < 0x1p31 ? (int32_t)value : INT32_MIN;
}

static int64_t truncate64(double value) {
  return value >= -0x1p63 && value < 0x1p63 ? (int64_t)value : INT64_MIN;
}

#define STORE(type, expression)                                                                    \
  {                                                                                                \
    type *restrict to = (type *)out + begin;                                                       \
    for (size_t i = 0; i < count; i++) {                                                           \
      to[i] = (type)(expression);                                                                  \
    }                                                                                              \
    break;                                                                                         \
  }

void kb_random_store(kb_dtype dtype, const double *restrict values, void *out, size_t begin,
                     size_t count) {
  switch (dtype) {
  case KB_FLOAT32: STORE(float, values[i])
  case KB_FLOAT64: STORE(double, values[i])
  case KB_FLOAT16: STORE(uint16_t, kb_float_to_float16((float)values[i]))
  case KB_BFLOAT16: STORE(uint16_t, kb_float_to_bfloat16((float)values[i]))
  case KB_INT8: STORE(int8_t, truncate32(values[i]))
  case KB_INT16: STORE(int16_t, truncate32(values[i]))
  case KB_INT32: STORE(int32_t, truncate32(values[i]))
  case KB_INT64: STORE(int64_t, truncate64(values[i]))
  case KB_UINT8: STORE(uint8_t, truncate32(values[i]))
  case KB_BOOL: STORE(uint8_t, values[i] != 0)
  default: break;
  }
}

void kb_random_store_integers(kb_dtype dtype, const int64_t *restrict values, void *out,
                              size_t begin, size_t count) {
  switch (dtype) {
  case KB_FLOAT32: STORE(float, values[i])
  case KB_FLOAT64: STORE(double, values[i])
  case KB_FLOAT16: STORE(uint16_t, kb_float_to_float16((float)values[i]))
  case KB_BFLOAT16: STORE(uint16_t, kb_float_to_bfloat16((float)values[i]))
  case KB_INT8: STORE(int8_t, values[i])
  case KB_INT16: STORE(int16_t, values[i])
  case KB_INT32: STORE(int32_t, values[i])
  case KB_INT64: STORE(int64_t, values[i])
  case KB_UINT8: STORE(uint8_t, values[i])
  case KB_BOOL: STORE(uint8_t, values[i] != 0)
  default: break;
  }
}

double kb_random_load(kb_dtype dtype, const void *values, size_t index) {
  switch (dtype) {
  case KB_FLOAT64: return ((const double *)values)[index];
  case KB_FLOAT16: return kb_float16_to_float(((const uint16_t *)values)[index]);
  case KB_BFLOAT16: return kb_bfloat16_to_float(((const uint16_t *)values)[index]);
  default: return ((const float *)values)[index];
  }
}

double kb_random_round(kb_dtype dtype, double value) {
  switch (dtype) {
  case KB_FLOAT64: return value;
  case KB_FLOAT16: return kb_float16_to_float(kb_float_to_float16((float)value));
  case KB_BFLOAT16: return kb_bfloat16_to_float(kb_float_to_bfloat16((float)value));
  default: return (float)value;
  }
}
