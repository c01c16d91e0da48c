// What the samplers share: words in bulk, units, and conversion to the output's dtype.
#ifndef KB_RANDOM_INTERNAL_H
#define KB_RANDOM_INTERNAL_H

#include "kb_random.h"

// Elements drawn at a time: words and doubles of a chunk stay in the first-level cache.
#define KB_RANDOM_CHUNK 256

// The next `count` words.
void kb_random_words(kb_generator *generator, uint32_t *out, size_t count);
// The next `count` ≤ KB_RANDOM_CHUNK doubles in [0, 1), two words each.
void kb_random_units(kb_generator *generator, double *out, size_t count);
// One standard normal, from the cache when there is one.
double kb_random_standard_normal(kb_generator *generator);

// The low 53 bits as a number in [0, 1).
static inline double kb_random_unit53(uint64_t word) {
  return (double)(int64_t)(word & ((UINT64_C(1) << 53) - 1)) * 0x1p-53;
}
// The low 24 bits as a number in [0, 1).
static inline float kb_random_unit24(uint32_t word) {
  return (float)(int32_t)(word & 0xFFFFFF) * 0x1p-24f;
}
static inline double kb_random_unit(kb_generator *generator) {
  return kb_random_unit53(kb_generator_next64(generator));
}

// Elements [begin, begin + count) of a real `out`, converted as C does; half types through float.
void kb_random_store(kb_dtype dtype, const double *values, void *out, size_t begin, size_t count);
void kb_random_store_integers(kb_dtype dtype, const int64_t *values, void *out, size_t begin,
                              size_t count);
// One element of a floating dtype, and a value rounded to that dtype.
double kb_random_load(kb_dtype dtype, const void *values, size_t index);
double kb_random_round(kb_dtype dtype, double value);

// Fills `out` with law(unit, a, b), one unit for each element.
static inline __attribute__((always_inline)) void
kb_random_each(kb_generator *generator, kb_dtype dtype, size_t count, void *out,
               double (*law)(double unit, double a, double b), double a, double b) {
  double values[KB_RANDOM_CHUNK];
  for (size_t begin = 0; begin < count; begin += KB_RANDOM_CHUNK) {
    size_t n = count - begin < KB_RANDOM_CHUNK ? count - begin : KB_RANDOM_CHUNK;
    kb_random_units(generator, values, n);
    for (size_t i = 0; i < n; i++) {
      values[i] = law(values[i], a, b);
    }
    kb_random_store(dtype, values, out, begin, n);
  }
}

#endif
