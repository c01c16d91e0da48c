// What the sorting files share: keys of elements, in whose order the elements are sorted.
#ifndef KB_SORT_INTERNAL_H
#define KB_SORT_INTERNAL_H

#include <stdbool.h>
#include <string.h>

#include "half.h"
#include "include/kb_types.h"

// Order-preserving keys; every NaN is the largest, -0 is 0.
static inline uint32_t kb_key_float(float x) {
  const uint32_t bits = kb_float_bits(x == 0 ? 0 : x);
  const uint32_t key = bits & 0x80000000 ? ~bits : bits | 0x80000000;
  return x != x ? UINT32_MAX : key;
}

static inline uint64_t kb_key_double(double x) {
  uint64_t bits;
  const double value = x == 0 ? 0 : x;
  memcpy(&bits, &value, 8);
  const uint64_t key = bits >> 63 ? ~bits : bits | (uint64_t)1 << 63;
  return x != x ? UINT64_MAX : key;
}

static inline uint64_t kb_key_int(int64_t x) { return (uint64_t)x ^ (uint64_t)1 << 63; }

static inline unsigned kb_key_bits(kb_dtype dtype) {
  switch (dtype) {
    case KB_FLOAT64: case KB_INT64: return 64;
    case KB_INT8: case KB_UINT8: case KB_BOOL: return 8;
    case KB_INT16: return 16;
    default: return 32;
  }
}

// Lines of so many elements at most are sorted by counting, for each of them, those that precede it.
enum { KB_SHORT_LINE = 64 };

// The keys of n elements, as uint32_t for types of up to 32 bits, uint64_t for others; inverted for a
// descending order.
void kb_load_keys(kb_dtype dtype, bool descending, size_t n, const void *x, intptr_t stride,
                  void *keys);

// Gives the place of each of n ≤ KB_SHORT_LINE elements in the sorted line, for keys of 32 or 64 bits. Whole
// vectors of 64 bytes are read, and of places written: up to KB_SHORT_LINE.
typedef void kb_ranker(size_t n, const void *keys, uint32_t *ranks);
kb_ranker *kb_find_ranker(unsigned bits);

// The same of lines that follow each other.
void kb_rank_lines(unsigned bits, size_t lines, size_t n, const void *keys, uint32_t *ranks);

// Sorts n < 2^32 keys: words[i] becomes the index of the element at place i, in its low 32 bits. `words` has
// room for 2 n.
void kb_sort_keys(unsigned bits, size_t n, const void *keys, uint64_t *words);

#endif
