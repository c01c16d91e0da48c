// Random permutations (Fisher and Yates), drawn so that the stream is PyTorch's.
#include "random_internal.h"

// From here on numbers below count need more than 32 bits: (2^32 − 1) / 20.
#define LARGE 214748364

static void fill_ascending(kb_dtype dtype, size_t count, void *out) {
  int64_t values[KB_RANDOM_CHUNK];
  for (size_t begin = 0; begin < count; begin += KB_RANDOM_CHUNK) {
    size_t n = count - begin < KB_RANDOM_CHUNK ? count - begin : KB_RANDOM_CHUNK;
    for (size_t i = 0; i < n; i++) {
      values[i] = (int64_t)(begin + i);
    }
    kb_random_store_integers(dtype, values, out, begin, n);
  }
}

// Swaps element i with one of those not yet placed. The words come in chunks; the large form takes
// one for the first element too, which stays where it is.
#define SHUFFLE(name, type)                                                                        \
  static void name(kb_generator *generator, size_t count, type *p) {                               \
    if (count >= LARGE) {                                                                          \
      for (size_t i = 0; i < count; i++) {                                                         \
        size_t z = (size_t)(kb_generator_next64(generator) % (i + 1));                             \
        type value = p[i];                                                                         \
        p[i] = p[z];                                                                               \
        p[z] = value;                                                                              \
      }                                                                                            \
      return;                                                                                      \
    }                                                                                              \
    uint32_t words[KB_RANDOM_CHUNK];                                                               \
    for (size_t begin = 0; begin + 1 < count; begin += KB_RANDOM_CHUNK) {                          \
      size_t rest = count - 1 - begin, n = rest < KB_RANDOM_CHUNK ? rest : KB_RANDOM_CHUNK;        \
      kb_random_words(generator, words, n);                                                        \
      for (size_t i = begin; i < begin + n; i++) {                                                 \
        size_t z = i + words[i - begin] % (uint32_t)(count - i);                                   \
        type value = p[i];                                                                         \
        p[i] = p[z];                                                                               \
        p[z] = value;                                                                              \
      }                                                                                            \
    }                                                                                              \
  }

SHUFFLE(shuffle8, uint8_t)
SHUFFLE(shuffle16, uint16_t)
SHUFFLE(shuffle32, uint32_t)
SHUFFLE(shuffle64, uint64_t)

void kb_random_permutation(kb_generator *generator, kb_dtype dtype, size_t count, void *out) {
  fill_ascending(dtype, count, out);
  switch (kb_dtype_size(dtype)) {
  case 1: shuffle8(generator, count, out); break;
  case 2: shuffle16(generator, count, out); break;
  case 4: shuffle32(generator, count, out); break;
  default: shuffle64(generator, count, out); break;
  }
}
