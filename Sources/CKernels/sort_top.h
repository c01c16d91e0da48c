// The first k elements of a line, in the order of their keys.
#ifndef KB_SORT_TOP_H
#define KB_SORT_TOP_H

#include "include/kb_types.h"

// n < 2^32 elements, `stride` from each to the next; 1 ≤ k ≤ n. `sorted`: best first, the lower index first among
// equals; otherwise in order of position.
typedef struct kb_top {
  kb_dtype dtype;
  bool descending, sorted;
  size_t n, k;
  intptr_t stride;
} kb_top;

// Bytes that kb_top_line works in.
size_t kb_top_bytes(const kb_top *top);

// The low halves of words[0 ..< k] become the elements' indices.
void kb_top_line(const kb_top *top, const char *x, char *memory, uint64_t *words);

#endif
