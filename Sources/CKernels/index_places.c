// Lists of places, eight flags at a time: their bits choose a row of a table, which is stored whole, and
// the next row begins where the set ones end. No branch depends on the flags.
#include "index_places.h"

#include <string.h>

#include "isa.h"

#define BODY "index_flags_body.inc"
#include "isa_each.inc"

typedef void flagger(kb_dtype dtype, size_t n, const void *x, intptr_t stride, uint8_t *flags);

void kb_flag_nonzero(kb_dtype dtype, size_t n, const void *x, intptr_t stride, uint8_t *flags) {
  flagger *const active = KB_ACTIVE(flag);
  active(dtype, n, x, stride, flags);
}

// Byte k of a row is the place of the k-th set bit of its number.
#define PLACE(bits, i)                                                                             \
  (((uint64_t)(bits) >> (i) & 1) * (i) << 8 * __builtin_popcount((bits) & ((1 << (i)) - 1)))
#define ROW(bits)                                                                                  \
  (PLACE(bits, 1) | PLACE(bits, 2) | PLACE(bits, 3) | PLACE(bits, 4) | PLACE(bits, 5) |            \
   PLACE(bits, 6) | PLACE(bits, 7))
#define ROWS4(bits) ROW(bits), ROW((bits) + 1), ROW((bits) + 2), ROW((bits) + 3)
#define ROWS16(bits) ROWS4(bits), ROWS4((bits) + 4), ROWS4((bits) + 8), ROWS4((bits) + 12)
#define ROWS64(bits) ROWS16(bits), ROWS16((bits) + 16), ROWS16((bits) + 32), ROWS16((bits) + 48)
static const uint64_t rows[256] = {ROWS64(0), ROWS64(64), ROWS64(128), ROWS64(192)};

typedef uint8_t eight_bytes __attribute__((vector_size(8)));
typedef uint16_t eight_places __attribute__((vector_size(16)));

static const uint64_t ones = 0x0101010101010101;

// 1 in each byte of which any bit is set.
static inline uint64_t set_bytes(uint64_t word) {
  const uint64_t low = 0x7f * ones;
  return (((word & low) + low) | word) >> 7 & ones;
}

size_t kb_find_places(size_t n, const uint8_t *flags, uint16_t *places) {
  size_t found = 0, i = 0;
  for (; i + 8 <= n; i += 8) {
    uint64_t word;
    memcpy(&word, flags + i, 8);
    word = set_bytes(word);
    // Each product brings bit 8k of the word to bit 56 + k, or adds all bytes in the highest one.
    const uint64_t row = rows[word * 0x0102040810204080 >> 56];
    eight_bytes bytes;
    memcpy(&bytes, &row, 8);
    const eight_places eight = __builtin_convertvector(bytes, eight_places) + (uint16_t)i;
    memcpy(places + found, &eight, sizeof eight);
    found += word * ones >> 56;
  }
  for (; i < n; i++) {
    places[found] = (uint16_t)i;
    found += flags[i] != 0;
  }
  return found;
}
