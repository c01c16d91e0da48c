#include "check.h"

// Arithmetic sequences to the bit.
static void check_reals(size_t count, double start, double step) {
  float *floats = malloc((count + 1) * sizeof *floats);
  double *doubles = malloc((count + 1) * sizeof *doubles);
  int16_t *shorts = malloc((count + 1) * sizeof *shorts);
  floats[count] = 7, doubles[count] = 7, shorts[count] = 7;
  kb_arange(KB_FLOAT32, count, start, step, floats);
  kb_arange(KB_FLOAT64, count, start, step, doubles);
  kb_arange(KB_INT16, count, start, step, shorts);
  bool good = floats[count] == 7 && doubles[count] == 7 && shorts[count] == 7;
  for (size_t i = 0; i < count; i++) {
    // The product is rounded before it is added.
    volatile double product = (double)i * step;
    const double expected = start + product;
    good &= floats[i] == (float)expected && doubles[i] == expected;
    if (fabs(expected) < 32768) good &= shorts[i] == (int16_t)expected;
  }
  require(good, "arange of reals");
  free(floats), free(doubles), free(shorts);
}

static void check_integers(size_t count, int64_t start, int64_t step) {
  int64_t *longs = malloc((count + 1) * sizeof *longs);
  int32_t *ints = malloc((count + 1) * sizeof *ints);
  uint8_t *bytes = malloc(count + 1);
  float *floats = malloc((count + 1) * sizeof *floats);
  longs[count] = 7, ints[count] = 7, bytes[count] = 7, floats[count] = 7;
  kb_arange_integer(KB_INT64, count, start, step, longs);
  kb_arange_integer(KB_INT32, count, start, step, ints);
  kb_arange_integer(KB_UINT8, count, start, step, bytes);
  kb_arange_integer(KB_FLOAT32, count, start, step, floats);
  bool good = longs[count] == 7 && ints[count] == 7 && bytes[count] == 7 && floats[count] == 7;
  for (size_t i = 0; i < count; i++) {
    const uint64_t expected = (uint64_t)start + i * (uint64_t)step;
    good &= longs[i] == (int64_t)expected && ints[i] == (int32_t)expected;
    good &= bytes[i] == (uint8_t)expected && floats[i] == (float)(int64_t)expected;
  }
  require(good, "arange of integers");
  free(longs), free(ints), free(bytes), free(floats);
}

void check_sequences(void) {
  static const size_t counts[] = {0, 1, 3, 7, 8, 15, 16, 17, 31, 1023, 1024, 1025, 5000};
  for (size_t c = 0; c < sizeof counts / sizeof *counts; c++) {
    check_reals(counts[c], 0, 1);
    check_reals(counts[c], 0.1, 0.3);
    check_reals(counts[c], -3e5, -1.0 / 3);
    check_integers(counts[c], 0, 1);
    check_integers(counts[c], 5, -3);
    check_integers(counts[c], INT64_MAX - 10, 7919);
    check_integers(counts[c], -4, INT64_MAX / 3);
  }
}
