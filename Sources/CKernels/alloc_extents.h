// Large blocks: pieces of regions, which split when they are taken and join when they are free, so that
// what one size has left serves another. Callers hold the allocator's lock.
#ifndef KB_ALLOC_EXTENTS_H
#define KB_ALLOC_EXTENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// A free piece of `size` bytes, a multiple of 64; NULL when there is none. From the smallest that is
// large enough, so that large ones stay whole.
void *kb_extent_take(size_t size);
// The same from the end of a region or from a new one; NULL when the system has no memory.
void *kb_extent_fresh(size_t size);
// Puts a piece back. False when there is no memory to note it: it is lost then.
bool kb_extent_free(void *start, size_t size);
// Returns to the system the regions that are free, and what is free at the ends of others.
void kb_extent_trim(void);
// Bytes that hold blocks or lie between them.
uint64_t kb_extent_reserved(void);

#endif
