#include "kb_sequence.h"

#include "isa.h"
#include "kb_copy.h"

#include <math.h>
#include <string.h>

#pragma STDC FP_CONTRACT OFF

// Numbers made between two conversions: they stay in the first-level cache.
enum { BLOCK = 1024 };

static void convert(kb_dtype from, kb_dtype to, size_t count, const void *numbers, void *out,
                    size_t index) {
  intptr_t dims = (intptr_t)count;
  kb_cast(from, to, 1, &dims, numbers, NULL, (char *)out + index * kb_dtype_size(to));
}

static size_t block_size(size_t count, size_t begin) {
  return count - begin < BLOCK ? count - begin : BLOCK;
}

typedef struct sequences {
  void (*reals_float)(size_t first, size_t n, double start, double step, float *out);
  void (*reals_double)(size_t first, size_t n, double start, double step, double *out);
  void (*integers_int32)(size_t first, size_t n, uint64_t start, uint64_t step, int32_t *out);
  void (*integers_int64)(size_t first, size_t n, uint64_t start, uint64_t step, int64_t *out);
} sequences;

#define BODY "sequence_body.inc"
#include "isa_each.inc"

void kb_arange(kb_dtype dtype, size_t count, double start, double step, void *out) {
  const sequences *const active = KB_ACTIVE(sequences);
  double numbers[BLOCK];
  for (size_t begin = 0; begin < count; begin += BLOCK) {
    const size_t n = block_size(count, begin);
    if (dtype == KB_FLOAT32) {
      active->reals_float(begin, n, start, step, (float *)out + begin);
    } else if (dtype == KB_FLOAT64) {
      active->reals_double(begin, n, start, step, (double *)out + begin);
    } else {
      active->reals_double(begin, n, start, step, numbers);
      convert(KB_FLOAT64, dtype, n, numbers, out, begin);
    }
  }
}

void kb_arange_integer(kb_dtype dtype, size_t count, int64_t start, int64_t step, void *out) {
  const sequences *const active = KB_ACTIVE(sequences);
  const uint64_t first = (uint64_t)start, distance = (uint64_t)step;
  int64_t numbers[BLOCK];
  for (size_t begin = 0; begin < count; begin += BLOCK) {
    const size_t n = block_size(count, begin);
    if (dtype == KB_INT64) {
      active->integers_int64(begin, n, first, distance, (int64_t *)out + begin);
    } else if (dtype == KB_INT32) {
      active->integers_int32(begin, n, first, distance, (int32_t *)out + begin);
    } else {
      active->integers_int64(begin, n, first, distance, numbers);
      convert(KB_INT64, dtype, n, numbers, out, begin);
    }
  }
}

// Counted from the nearer end, so that both ends are exact.
static double between(double start, double end, double step, size_t count, size_t i) {
  return i < count / 2 || count == 1 ? start + step * (double)i
                                     : end - step * (double)(count - 1 - i);
}

static double step_of(double start, double end, size_t count) {
  return count > 1 ? (end - start) / (double)(count - 1) : 0;
}

void kb_linspace(kb_dtype dtype, size_t count, double start, double end, double imaginary_start,
                 double imaginary_end, void *out) {
  bool is_complex = dtype == KB_COMPLEX64 || dtype == KB_COMPLEX128;
  size_t parts = is_complex ? 2 : 1;
  double step = step_of(start, end, count);
  double imaginary_step = step_of(imaginary_start, imaginary_end, count);
  double numbers[2 * BLOCK];
  for (size_t begin = 0; begin < count; begin += BLOCK) {
    size_t n = block_size(count, begin);
    for (size_t i = 0; i < n; i++) {
      numbers[i * parts] = between(start, end, step, count, begin + i);
      if (is_complex) {
        numbers[i * 2 + 1] =
            between(imaginary_start, imaginary_end, imaginary_step, count, begin + i);
      }
    }
    convert(is_complex ? KB_COMPLEX128 : KB_FLOAT64, dtype, n, numbers, out, begin);
  }
}

void kb_logspace(kb_dtype dtype, size_t count, double start, double end, double base, void *out) {
  double step = step_of(start, end, count);
  double numbers[BLOCK];
  for (size_t begin = 0; begin < count; begin += BLOCK) {
    size_t n = block_size(count, begin);
    for (size_t i = 0; i < n; i++) {
      numbers[i] = pow(base, between(start, end, step, count, begin + i));
    }
    convert(KB_FLOAT64, dtype, n, numbers, out, begin);
  }
}

void kb_eye(kb_dtype dtype, size_t rows, size_t columns, void *out) {
  size_t size = kb_dtype_size(dtype);
  if (rows == 0 || columns == 0) {
    return;
  }
  memset(out, 0, rows * columns * size);
  double number = 1;
  char one[16];
  convert(KB_FLOAT64, dtype, 1, &number, one, 0);
  for (size_t i = 0; i < rows && i < columns; i++) {
    memcpy((char *)out + i * (columns + 1) * size, one, size);
  }
}
