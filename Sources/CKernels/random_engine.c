// MT19937 (Matsumoto and Nishimura 1998) and PyTorch's 5056-byte form of its state.
#include "random_internal.h"

#include <string.h>

#define WORDS KB_GENERATOR_WORDS
#define SHIFT 397

void kb_generator_seed(kb_generator *generator, uint64_t seed) {
  memset(generator, 0, sizeof *generator);
  generator->seed = seed;
  generator->left = 1;
  uint32_t word = (uint32_t)seed;
  generator->words[0] = word;
  for (uint32_t j = 1; j < WORDS; j++) {
    word = UINT32_C(1812433253) * (word ^ (word >> 30)) + j;
    generator->words[j] = word;
  }
}

static inline uint32_t twist(uint32_t upper, uint32_t lower) {
  uint32_t mixed = (upper & 0x80000000u) | (lower & 0x7FFFFFFFu);
  return (mixed >> 1) ^ (-(lower & 1u) & 0x9908B0DFu);
}

// Split so that no loop needs an index modulo 624; both loops vectorise.
static void regenerate(uint32_t *s) {
  for (size_t i = 0; i < WORDS - SHIFT; i++) {
    s[i] = s[i + SHIFT] ^ twist(s[i], s[i + 1]);
  }
  for (size_t i = WORDS - SHIFT; i < WORDS - 1; i++) {
    s[i] = s[i - (WORDS - SHIFT)] ^ twist(s[i], s[i + 1]);
  }
  s[WORDS - 1] = s[SHIFT - 1] ^ twist(s[WORDS - 1], s[0]);
}

static inline uint32_t temper(uint32_t y) {
  y ^= y >> 11;
  y ^= (y << 7) & 0x9D2C5680u;
  y ^= (y << 15) & 0xEFC60000u;
  return y ^ (y >> 18);
}

// Makes left - 1, the words that remain in the block, at least 1.
static inline void refill(kb_generator *generator) {
  if (generator->left == 1) {
    regenerate(generator->words);
    generator->left = WORDS + 1;
    generator->next = 0;
  }
}

uint32_t kb_generator_next32(kb_generator *generator) {
  refill(generator);
  generator->left -= 1;
  return temper(generator->words[generator->next++]);
}

uint64_t kb_generator_next64(kb_generator *generator) {
  uint64_t high = kb_generator_next32(generator);
  return high << 32 | kb_generator_next32(generator);
}

void kb_random_words(kb_generator *generator, uint32_t *restrict out, size_t count) {
  while (count > 0) {
    refill(generator);
    size_t n = generator->left - 1 < count ? generator->left - 1 : count;
    const uint32_t *restrict words = generator->words + generator->next;
    for (size_t i = 0; i < n; i++) {
      out[i] = temper(words[i]);
    }
    generator->left -= (uint32_t)n;
    generator->next += (uint32_t)n;
    out += n;
    count -= n;
  }
}

void kb_random_units(kb_generator *generator, double *restrict out, size_t count) {
  uint32_t words[2 * KB_RANDOM_CHUNK];
  kb_random_words(generator, words, 2 * count);
  for (size_t i = 0; i < count; i++) {
    out[i] = kb_random_unit53((uint64_t)words[2 * i] << 32 | words[2 * i + 1]);
  }
}

// Offsets of the saved state; what is not listed is 0.
enum {
  AT_SEED = 0,
  AT_LEFT = 8,
  AT_SEEDED = 12,
  AT_NEXT = 16,
  AT_WORDS = 24,
  AT_NORMAL = 5024,
  AT_HAS_NORMAL = 5040,
  AT_FLOAT_NORMAL = 5048,
  AT_HAS_FLOAT_NORMAL = 5052,
};

static void put(uint8_t *bytes, size_t size, uint64_t value) {
  for (size_t i = 0; i < size; i++) {
    bytes[i] = (uint8_t)(value >> 8 * i);
  }
}

static uint64_t get(const uint8_t *bytes, size_t size) {
  uint64_t value = 0;
  for (size_t i = 0; i < size; i++) {
    value |= (uint64_t)bytes[i] << 8 * i;
  }
  return value;
}

void kb_generator_get_state(const kb_generator *generator, uint8_t *state) {
  memset(state, 0, KB_GENERATOR_STATE_BYTES);
  put(state + AT_SEED, 8, generator->seed);
  put(state + AT_LEFT, 4, generator->left);
  put(state + AT_SEEDED, 4, 1);
  put(state + AT_NEXT, 8, generator->next);
  for (size_t i = 0; i < WORDS; i++) {
    put(state + AT_WORDS + 8 * i, 8, generator->words[i]);
  }
  if (generator->has_normal) {
    uint64_t bits;
    memcpy(&bits, &generator->normal, sizeof bits);
    put(state + AT_NORMAL, 8, bits);
    put(state + AT_HAS_NORMAL, 4, 1);
  }
  if (generator->has_float_normal) {
    uint32_t bits;
    memcpy(&bits, &generator->float_normal, sizeof bits);
    put(state + AT_FLOAT_NORMAL, 4, bits);
    put(state + AT_HAS_FLOAT_NORMAL, 1, 1);
  }
}

kb_status kb_generator_set_state(kb_generator *generator, const uint8_t *state, size_t size) {
  if (size != KB_GENERATOR_STATE_BYTES || get(state + AT_SEEDED, 4) == 0) {
    return KB_INVALID_VALUE;
  }
  uint64_t left = get(state + AT_LEFT, 4), next = get(state + AT_NEXT, 8);
  if (left < 1 || left > WORDS || next > WORDS) {
    return KB_INVALID_VALUE;
  }
  // left - 1 words are read from `next` on before the block is regenerated.
  if (left > 1 && next + left - 1 > WORDS) {
    return KB_INVALID_VALUE;
  }
  memset(generator, 0, sizeof *generator);
  generator->seed = get(state + AT_SEED, 8);
  generator->left = (uint32_t)left;
  generator->next = (uint32_t)next;
  for (size_t i = 0; i < WORDS; i++) {
    generator->words[i] = (uint32_t)get(state + AT_WORDS + 8 * i, 4);
  }
  if (get(state + AT_HAS_NORMAL, 4) != 0) {
    uint64_t bits = get(state + AT_NORMAL, 8);
    memcpy(&generator->normal, &bits, sizeof bits);
    generator->has_normal = true;
  }
  if (state[AT_HAS_FLOAT_NORMAL] != 0) {
    uint32_t bits = (uint32_t)get(state + AT_FLOAT_NORMAL, 4);
    memcpy(&generator->float_normal, &bits, sizeof bits);
    generator->has_float_normal = true;
  }
  return KB_OK;
}
