// Uniform integers, by remainder of a 32-bit or a 64-bit word.
#include "random_internal.h"

#pragma STDC FP_CONTRACT OFF

// From this range on a number takes 64 bits.
#define WIDE_RANGE (UINT64_C(1) << 28)

// base + word mod range, wrapping. A range of 0 stands for 2^64.
static void fill_wide(kb_generator *generator, kb_dtype dtype, size_t count, uint64_t range,
                      uint64_t base, void *out) {
  int64_t values[KB_RANDOM_CHUNK];
  uint32_t words[2 * KB_RANDOM_CHUNK];
  bool masks = (range & (range - 1)) == 0;
  for (size_t begin = 0; begin < count; begin += KB_RANDOM_CHUNK) {
    size_t n = count - begin < KB_RANDOM_CHUNK ? count - begin : KB_RANDOM_CHUNK;
    kb_random_words(generator, words, 2 * n);
    for (size_t i = 0; i < n; i++) {
      uint64_t word = (uint64_t)words[2 * i] << 32 | words[2 * i + 1];
      values[i] = (int64_t)((masks ? word & (range - 1) : word % range) + base);
    }
    kb_random_store_integers(dtype, values, out, begin, n);
  }
}

static void fill_narrow(kb_generator *generator, kb_dtype dtype, size_t count, uint32_t range,
                        uint64_t base, void *out) {
  int64_t values[KB_RANDOM_CHUNK];
  uint32_t words[KB_RANDOM_CHUNK];
  for (size_t begin = 0; begin < count; begin += KB_RANDOM_CHUNK) {
    size_t n = count - begin < KB_RANDOM_CHUNK ? count - begin : KB_RANDOM_CHUNK;
    kb_random_words(generator, words, n);
    for (size_t i = 0; i < n; i++) {
      values[i] = (int64_t)(words[i] % range + base);
    }
    kb_random_store_integers(dtype, values, out, begin, n);
  }
}

static void fill_range(kb_generator *generator, kb_dtype dtype, size_t count, uint64_t range,
                       uint64_t base, void *out) {
  if (range - 1 >= WIDE_RANGE - 1) {
    fill_wide(generator, dtype, count, range, base, out);
  } else {
    fill_narrow(generator, dtype, count, (uint32_t)range, base, out);
  }
}

// Digits of a floating dtype, 0 for others.
static int digits(kb_dtype dtype) {
  switch (dtype) {
  case KB_FLOAT32: return 24;
  case KB_FLOAT64: return 53;
  case KB_FLOAT16: return 11;
  case KB_BFLOAT16: return 8;
  default: return 0;
  }
}

// The largest integer of a dtype; for floating ones, up to which all are represented.
static uint64_t largest(kb_dtype dtype) {
  switch (dtype) {
  case KB_INT8: return INT8_MAX;
  case KB_INT16: return INT16_MAX;
  case KB_INT32: return INT32_MAX;
  case KB_INT64: return INT64_MAX;
  case KB_UINT8: return UINT8_MAX;
  case KB_BOOL: return 1;
  default: return UINT64_C(1) << digits(dtype);
  }
}

// An integer to the dtype and back. What 64 bits cannot hold becomes the smallest integer, as on
// x86; PyTorch's streams near 2^63 follow from that.
static int64_t through(kb_dtype dtype, int64_t value) {
  double rounded = dtype == KB_FLOAT64 ? (double)value : kb_random_round(dtype, (float)value);
  return rounded >= -0x1p63 && rounded < 0x1p63 ? (int64_t)rounded : INT64_MIN;
}

// The distance of neighbours of the dtype at a value that it does not represent.
static uint64_t spacing(kb_dtype dtype, int64_t value) {
  uint64_t magnitude = value < 0 ? -(uint64_t)value : (uint64_t)value;
  int exponent = -1;
  for (; magnitude != 0; magnitude >>= 1) {
    exponent++;
  }
  int shift = exponent - digits(dtype) + 1;
  return shift > 0 ? UINT64_C(1) << shift : 1;
}

static int64_t bound_up(kb_dtype dtype, int64_t low) {
  int64_t next = (int64_t)((uint64_t)low + 1), rounded = through(dtype, next);
  return rounded < low ? (int64_t)((uint64_t)rounded + spacing(dtype, next)) : low;
}

static int64_t bound_down(kb_dtype dtype, int64_t high) {
  int64_t last = (int64_t)((uint64_t)high - 1), rounded = through(dtype, last);
  return rounded >= high ? (int64_t)((uint64_t)rounded - spacing(dtype, last)) : high;
}

kb_status kb_random_integers(kb_generator *generator, kb_dtype dtype, size_t count, int64_t low,
                             int64_t high, void *out) {
  if (digits(dtype) != 0) {
    low = bound_up(dtype, low);
    high = bound_down(dtype, high);
  }
  if (low >= high) {
    return KB_INVALID_VALUE;
  }
  fill_range(generator, dtype, count, (uint64_t)high - (uint64_t)low, (uint64_t)low, out);
  return KB_OK;
}

void kb_random_integers_from(kb_generator *generator, kb_dtype dtype, size_t count, int64_t low,
                             void *out) {
  if (low == INT64_MIN) {
    fill_wide(generator, dtype, count, 0, 0, out);
    return;
  }
  if (digits(dtype) != 0) {
    low = bound_up(dtype, low);
  }
  fill_range(generator, dtype, count, largest(dtype) - (uint64_t)low + 1, (uint64_t)low, out);
}

void kb_random_integers_full(kb_generator *generator, kb_dtype dtype, size_t count, void *out) {
  uint64_t range = largest(dtype) + 1;
  // Here the dtype, not the range, decides how many bits a number takes.
  if (dtype == KB_INT64 || dtype == KB_FLOAT64) {
    fill_wide(generator, dtype, count, range, 0, out);
  } else {
    fill_narrow(generator, dtype, count, (uint32_t)range, 0, out);
  }
}
