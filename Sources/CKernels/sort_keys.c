// Sorting of keys: short lines by counting, others by their digits.
#include "isa.h"
#include "sort_internal.h"

#define KEYS(T, K, EXPRESSION)                                                                     \
  do {                                                                                             \
    const T *const from = x;                                                                       \
    K *const to = keys;                                                                            \
    const K flip = descending ? (K)-1 : 0;                                                         \
    if (stride == 1) {                                                                             \
      for (size_t i = 0; i < n; i++) {                                                             \
        const T v = from[i];                                                                       \
        to[i] = (EXPRESSION) ^ flip;                                                               \
      }                                                                                            \
    } else {                                                                                       \
      for (size_t i = 0; i < n; i++) {                                                             \
        const T v = from[(intptr_t)i * stride];                                                    \
        to[i] = (EXPRESSION) ^ flip;                                                               \
      }                                                                                            \
    }                                                                                              \
  } while (0)

void kb_load_keys(kb_dtype dtype, bool descending, size_t n, const void *x, intptr_t stride,
                  void *keys) {
  switch (dtype) {
    case KB_FLOAT32: KEYS(float, uint32_t, kb_key_float(v)); break;
    case KB_FLOAT64: KEYS(double, uint64_t, kb_key_double(v)); break;
    case KB_FLOAT16: KEYS(uint16_t, uint32_t, kb_key_float(kb_float16_to_float(v))); break;
    case KB_BFLOAT16: KEYS(uint16_t, uint32_t, kb_key_float(kb_bfloat16_to_float(v))); break;
    case KB_INT8: KEYS(int8_t, uint32_t, (uint32_t)(v + 128)); break;
    case KB_INT16: KEYS(int16_t, uint32_t, (uint32_t)(v + 32768)); break;
    case KB_INT32: KEYS(int32_t, uint32_t, (uint32_t)v ^ 0x80000000); break;
    case KB_INT64: KEYS(int64_t, uint64_t, kb_key_int(v)); break;
    default: KEYS(uint8_t, uint32_t, v); break;
  }
}

#define BODY "sort_ranks_body.inc"
#include "isa_each.inc"

typedef struct rankers {
  kb_ranker *ranks32, *ranks64;
} rankers;
static const rankers rankers_baseline = {ranks32_baseline, ranks64_baseline};
#if defined(__x86_64__)
static const rankers rankers_avx2 = {ranks32_avx2, ranks64_avx2};
static const rankers rankers_avx512 = {ranks32_avx512, ranks64_avx512};
#endif

kb_ranker *kb_find_ranker(unsigned bits) {
  const rankers *const active = KB_ACTIVE(rankers);
  return bits == 32 ? active->ranks32 : active->ranks64;
}

// Lines of a length that the compiler knows: comparisons of all pairs, without loops.
#define RANK_TINY(bits)                                                                            \
  static inline __attribute__((always_inline)) void rank_tiny_##bits(                              \
      size_t lines, size_t n, const uint##bits##_t *keys, uint32_t *ranks) {                       \
    for (size_t line = 0; line < lines; line++, keys += n, ranks += n)                             \
      for (size_t i = 0; i < n; i++) {                                                             \
        uint32_t rank = 0;                                                                         \
        for (size_t k = 0; k < i; k++) rank += keys[k] <= keys[i];                                 \
        for (size_t k = i + 1; k < n; k++) rank += keys[k] < keys[i];                              \
        ranks[i] = rank;                                                                           \
      }                                                                                            \
  }                                                                                                \
  static bool rank_tiny_lines_##bits(size_t lines, size_t n, const void *keys, uint32_t *ranks) {  \
    switch (n) {                                                                                   \
      case 2: rank_tiny_##bits(lines, 2, keys, ranks); return true;                                \
      case 3: rank_tiny_##bits(lines, 3, keys, ranks); return true;                                \
      case 4: rank_tiny_##bits(lines, 4, keys, ranks); return true;                                \
      default: return false;                                                                       \
    }                                                                                              \
  }
RANK_TINY(32)
RANK_TINY(64)

void kb_rank_lines(unsigned bits, size_t lines, size_t n, const void *keys, uint32_t *ranks) {
  if ((bits == 32 ? rank_tiny_lines_32 : rank_tiny_lines_64)(lines, n, keys, ranks)) return;
  kb_ranker *const rank = kb_find_ranker(bits);
  for (size_t line = 0; line < lines; line++)
    rank(n, (const char *)keys + line * n * (bits / 8), ranks + line * n);
}

// Radix sort of the words' bits 32 ..< 32 + bits; they come to lie in `words` again.
static void sort_words(size_t n, unsigned bits, uint64_t *words, uint64_t *scratch) {
  // Long digits pay where there are more words than places to count, and both stay in the second level.
  enum { MOST = 4, WIDEST = 11, FEW = 1 << 13, MANY = 1 << 18 };
  const unsigned most = n < FEW || n > MANY ? 8 : WIDEST, digits = (bits + most - 1) / most;
  if (digits == 0) return;
  const unsigned width = (bits + digits - 1) / digits, values = 1u << width;
  uint32_t counts[MOST << WIDEST];
  memset(counts, 0, (digits << width) * sizeof *counts);
  for (size_t i = 0; i < n; i++) {
    const uint64_t key = words[i] >> 32;
    for (unsigned d = 0; d < digits; d++)
      counts[d << width | (key >> d * width & (values - 1))]++;
  }
  uint64_t *from = words, *to = scratch;
  for (unsigned d = 0; d < digits; d++) {
    uint32_t *const places = counts + (d << width);
    uint32_t at = 0;
    const unsigned shift = 32 + d * width;
    if (places[from[0] >> shift & (values - 1)] == n) continue;
    for (unsigned v = 0; v < values; v++) {
      const uint32_t count = places[v];
      places[v] = at;
      at += count;
    }
    for (size_t i = 0; i < n; i++) to[places[from[i] >> shift & (values - 1)]++] = from[i];
    uint64_t *const other = from;
    from = to, to = other;
  }
  if (from != words) memcpy(words, from, n * sizeof *words);
}

static unsigned significant_bits(uint64_t x) { return x ? 64 - (unsigned)__builtin_clzll(x) : 0; }

static void sort_words32(size_t n, const uint32_t *keys, uint64_t *words) {
  uint32_t least = UINT32_MAX, most = 0;
  for (size_t i = 0; i < n; i++) {
    least = keys[i] < least ? keys[i] : least;
    most = keys[i] > most ? keys[i] : most;
  }
  for (size_t i = 0; i < n; i++) words[i] = (uint64_t)(keys[i] - least) << 32 | i;
  sort_words(n, significant_bits(most - least), words, words + n);
}

// Words whose low halves are indices, by their keys. Those that agree in the upper 32 of the bits in which
// keys differ are sorted again among themselves, by the others.
static void sort_words64(size_t n, const uint64_t *keys, uint64_t *words, uint64_t *scratch) {
  enum { FEW = 16 };
  if (n <= FEW) {
    for (size_t i = 1; i < n; i++) {
      const uint64_t word = words[i], key = keys[(uint32_t)word];
      size_t k = i;
      for (; k > 0 && key < keys[(uint32_t)words[k - 1]]; k--) words[k] = words[k - 1];
      words[k] = word;
    }
    return;
  }
  uint64_t least = UINT64_MAX, most = 0;
  for (size_t i = 0; i < n; i++) {
    const uint64_t key = keys[(uint32_t)words[i]];
    least = key < least ? key : least;
    most = key > most ? key : most;
  }
  const unsigned bits = significant_bits(most - least), shift = bits > 32 ? bits - 32 : 0;
  for (size_t i = 0; i < n; i++) {
    const uint32_t index = (uint32_t)words[i];
    words[i] = (keys[index] - least) >> shift << 32 | index;
  }
  sort_words(n, bits - shift, words, scratch);
  if (shift == 0) return;
  for (size_t i = 0, end; i < n; i = end) {
    for (end = i + 1; end < n && words[end] >> 32 == words[i] >> 32;) end++;
    if (end > i + 1) sort_words64(end - i, keys, words + i, scratch);
  }
}

void kb_sort_keys(unsigned bits, size_t n, const void *keys, uint64_t *words) {
  if (bits == 32) {
    sort_words32(n, keys, words);
    return;
  }
  for (size_t i = 0; i < n; i++) words[i] = i;
  sort_words64(n, keys, words, words + n);
}
