// Size classes: multiples of 64 bytes up to 512, then eight per doubling, so at most an eighth is
// wasted.
#ifndef KB_ALLOC_CLASSES_H
#define KB_ALLOC_CLASSES_H

#include <stddef.h>
#include <stdint.h>

enum {
  KB_CLASS_COUNT = 8 + 8 * (48 - 9), // up to 2^48 bytes, more than an address space holds
  KB_CACHED_CLASSES = 8 + 8 * (16 - 9), // up to 64 KB: kept per thread
};

static inline unsigned kb_class_of(size_t bytes) {
  if (bytes <= 512) {
    return bytes == 0 ? 0 : (unsigned)((bytes - 1) >> 6);
  }
  unsigned exponent = 63 - (unsigned)__builtin_clzll(bytes - 1);
  return 8 + (exponent - 9) * 8 + (unsigned)((bytes - 1) >> (exponent - 3) & 7);
}

static inline size_t kb_class_size(unsigned index) {
  if (index < 8) {
    return ((size_t)index + 1) << 6;
  }
  unsigned exponent = 9 + (index - 8) / 8;
  return (size_t)(9 + (index - 8) % 8) << (exponent - 3);
}

#endif
