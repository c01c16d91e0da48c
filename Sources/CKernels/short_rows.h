// Short rows of bytes without a call: whole registers, the last of which may overlap the one before.
#ifndef KB_SHORT_ROWS_H
#define KB_SHORT_ROWS_H

#include <stddef.h>
#include <string.h>

// What a call costs no longer counts in rows of more bytes.
enum { KB_SHORT_ROW = 512 };

// `from` advances with `to`, or stays where `step` is 0 and what is there repeats in any piece of a
// power of two of bytes. Neither is touched outside of the row.
static inline __attribute__((always_inline)) void kb_move_row(char *to, const char *from, size_t step,
                                                              size_t bytes) {
#define KB_MOVE_ENDS(piece)                                                                        \
  do {                                                                                             \
    memcpy(to, from, piece);                                                                       \
    memcpy(to + bytes - piece, from + step * (bytes - piece), piece);                              \
  } while (0)
  if (bytes >= 32) {
    for (size_t i = 0; i + 32 < bytes; i += 32) memcpy(to + i, from + step * i, 32);
    memcpy(to + bytes - 32, from + step * (bytes - 32), 32);
  } else if (bytes >= 16) {
    KB_MOVE_ENDS(16);
  } else if (bytes >= 8) {
    KB_MOVE_ENDS(8);
  } else if (bytes >= 4) {
    KB_MOVE_ENDS(4);
  } else if (bytes >= 2) {
    KB_MOVE_ENDS(2);
  } else if (bytes == 1) {
    *to = *from;
  }
#undef KB_MOVE_ENDS
}

static inline void kb_copy_bytes(char *to, const char *from, size_t bytes) {
  if (bytes > KB_SHORT_ROW)
    memcpy(to, from, bytes);
  else
    kb_move_row(to, from, 1, bytes);
}

// An element of 1, 2, 4, 8 or 16 bytes as often as it fits.
typedef struct kb_pattern {
  char bytes[32];
} kb_pattern;

static inline kb_pattern kb_make_pattern(size_t size, const void *element) {
  kb_pattern pattern;
  for (size_t at = 0; at < sizeof pattern; at += size) memcpy(pattern.bytes + at, element, size);
  return pattern;
}

// Whole elements. What lies from there to `end` is written later, or now.
static inline void kb_fill_bytes(char *to, const kb_pattern *pattern, size_t bytes, const char *end) {
  if (bytes <= sizeof *pattern && end - to >= (ptrdiff_t)sizeof *pattern)
    memcpy(to, pattern, sizeof *pattern);
  else
    kb_move_row(to, pattern->bytes, 0, bytes);
}

#endif
