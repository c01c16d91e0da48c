#if defined(__linux__) && !defined(_GNU_SOURCE)
#define _GNU_SOURCE 1
#endif

#include "alloc_slabs.h"

#include <stdbool.h>
#include <sys/mman.h>

#if !defined(MAP_ANONYMOUS)
#define MAP_ANONYMOUS MAP_ANON
#endif

// A slab is one huge page: touching fresh memory costs ten times less in those (0.15 against 1.5 us for
// 4 KB). It is aligned to its size, so that a block's slab is found by masking its address.
#define SLAB KB_HUGE_PAGE

typedef struct slab {
  struct slab *next;
  size_t used;  // bytes given out so far, this header included
  size_t freed; // found free while trimming
  char padding[40];
} slab;

_Static_assert(sizeof(slab) == 64, "blocks behind the header stay aligned to 64 bytes");

kb_free_block *kb_free_blocks[KB_CLASS_COUNT];

// The first slab is the one that blocks are still cut from.
static slab *slabs;
static uint64_t reserved;

void *kb_map_aligned(size_t size, size_t alignment) {
  if (size > ((size_t)1 << 48)) {
    return NULL;
  }
  // As much too large as the alignment may need; the ends are given back at once.
  size_t length = size + alignment;
  char *start =
      mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (start == MAP_FAILED) {
    return NULL;
  }
  char *aligned = (char *)(((uintptr_t)start + alignment - 1) & ~(uintptr_t)(alignment - 1));
  if (aligned > start) {
    munmap(start, (size_t)(aligned - start));
  }
  size_t behind = (size_t)(start + length - (aligned + size));
  if (behind > 0) {
    munmap(aligned + size, behind);
  }
#if defined(MADV_HUGEPAGE)
  madvise(aligned, size, MADV_HUGEPAGE); // advice: without it only the speed changes
#endif
  return aligned;
}

static void push(unsigned class_index, void *block) {
  kb_free_block *free_block = block;
  free_block->next = kb_free_blocks[class_index];
  kb_free_blocks[class_index] = free_block;
}

// Cuts what is left of a slab into free blocks, largest first.
static void use_up(slab *s) {
  while (SLAB - s->used >= 64) {
    size_t left = SLAB - s->used;
    unsigned class_index = kb_class_of(left);
    if (kb_class_size(class_index) > left) {
      class_index--;
    }
    push(class_index, (char *)s + s->used);
    s->used += kb_class_size(class_index);
  }
}

void *kb_slab_block(unsigned class_index) {
  size_t size = kb_class_size(class_index);
  if (slabs == NULL || SLAB - slabs->used < size) {
    slab *fresh = kb_map_aligned(SLAB, SLAB);
    if (fresh == NULL) {
      return NULL;
    }
    reserved += SLAB;
    if (slabs != NULL) {
      use_up(slabs);
    }
    *fresh = (slab){.next = slabs, .used = sizeof(slab)};
    slabs = fresh;
  }
  void *block = (char *)slabs + slabs->used;
  slabs->used += size;
  return block;
}

static slab *slab_of(void *block) {
  return (slab *)((uintptr_t)block & ~(uintptr_t)(SLAB - 1));
}

void kb_slab_trim(void) {
  for (slab *s = slabs; s != NULL; s = s->next) {
    s->freed = 0;
  }
  unsigned classes = kb_class_of(KB_SLAB_LIMIT) + 1;
  for (unsigned c = 0; c < classes; c++) {
    for (kb_free_block *b = kb_free_blocks[c]; b != NULL; b = b->next) {
      slab_of(b)->freed += kb_class_size(c);
    }
  }
  for (unsigned c = 0; c < classes; c++) {
    for (kb_free_block **link = &kb_free_blocks[c]; *link != NULL;) {
      slab *s = slab_of(*link);
      if (s->freed + sizeof(slab) == s->used) {
        *link = (*link)->next;
      } else {
        link = &(*link)->next;
      }
    }
  }
  for (slab **link = &slabs; *link != NULL;) {
    slab *s = *link;
    if (s->freed + sizeof(slab) == s->used) {
      *link = s->next;
      munmap(s, SLAB);
      reserved -= SLAB;
    } else {
      link = &s->next;
    }
  }
}

uint64_t kb_slab_reserved(void) { return reserved; }
