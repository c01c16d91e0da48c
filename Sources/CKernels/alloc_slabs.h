// Memory from the system, and slabs of it that small blocks are cut from. Callers hold the allocator's
// lock.
#ifndef KB_ALLOC_SLABS_H
#define KB_ALLOC_SLABS_H

#include "alloc_classes.h"

// A free block's first word links it to the next free one.
typedef struct kb_free_block {
  struct kb_free_block *next;
} kb_free_block;

// The free blocks of each class that no thread's cache holds.
extern kb_free_block *kb_free_blocks[KB_CLASS_COUNT];

#define KB_HUGE_PAGE ((size_t)2 << 20)
// Blocks above this size have no slab.
#define KB_SLAB_LIMIT ((size_t)256 << 10)

// Fresh memory, NULL when the system has none.
void *kb_map_aligned(size_t size, size_t alignment);

// A new block of that class, of at most KB_SLAB_LIMIT, or NULL when the system has no more memory.
void *kb_slab_block(unsigned class_index);
// Returns to the system every slab whose blocks are all in kb_free_blocks.
void kb_slab_trim(void);
// Bytes held from the system.
uint64_t kb_slab_reserved(void);

#endif
