// Results that nobody finds in the caches go to memory past them: no line is read before it is overwritten.
#ifndef KB_STREAM_H
#define KB_STREAM_H

#include <stdbool.h>
#include <stddef.h>

// Whether a call that reads and writes so many bytes of arrays streams its results: together they are
// larger than the last cache level, and results are not a small part.
static inline bool kb_streams(size_t read, size_t written) {
  enum { LAST_LEVEL = 32 << 20 };
  return written >= LAST_LEVEL / 8 && read + written > LAST_LEVEL;
}

// Orders streamed stores before whatever tells others of them. It waits for memory: once a task.
static inline void kb_stream_fence(void) {
#if defined(__x86_64__)
  __builtin_ia32_sfence();
#endif
}

// Copies `bytes`, wherever they begin and end, past the caches; kb_stream_fence() after the last one.
void kb_stream_row(void *out, const void *x, size_t bytes);

// What is read in no order is asked for so much ahead, from arrays larger than the second level.
enum { KB_FETCHED_BYTES = 4 << 10, KB_LARGE_BYTES = 1 << 20 };

// How many rows ahead that is.
static inline size_t kb_rows_ahead(size_t bytes) {
  return bytes < KB_FETCHED_BYTES ? KB_FETCHED_BYTES / bytes : 1;
}

// Whether a line of which so many elements are taken in no order is asked for whole, beforehand.
static inline bool kb_fetches_lines(size_t taken, size_t length, size_t size, size_t all_bytes) {
  enum { FIRST_LEVEL_SHARE = 16 << 10 };
  return taken * 4 >= length && length * size <= FIRST_LEVEL_SHARE && all_bytes > KB_LARGE_BYTES;
}

// Asks for memory that is read soon.
static inline void kb_fetch_row(const void *x, size_t bytes) {
  for (size_t i = 0; i < bytes; i += 64) __builtin_prefetch((const char *)x + i);
}

#endif
