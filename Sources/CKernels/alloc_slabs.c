#if defined(__linux__) && !defined(_GNU_SOURCE)
#define _GNU_SOURCE 1
#endif

#include "alloc_slabs.h"

#include <stdbool.h>
#include <sys/mman.h>
#include <unistd.h>

#if !defined(MAP_ANONYMOUS)
#define MAP_ANONYMOUS MAP_ANON
#endif

#define HUGE_PAGE ((size_t)2 << 20)

// Small blocks share slabs of one huge page, middle ones slabs of eight: touching fresh memory
// costs ten times less in huge pages (0.15 against 1.5 us for 4 KB). A slab is aligned to its size,
// so that a block's slab is found by masking its address. Larger blocks are mappings of their own.
#define SMALL_SLAB HUGE_PAGE
#define MIDDLE_SLAB (8 * HUGE_PAGE)
#define SMALL_LIMIT ((size_t)256 << 10)
#define MIDDLE_LIMIT ((size_t)4 << 20)

typedef struct slab {
  struct slab *next;
  size_t size;  // of the mapping, this header included
  size_t used;  // bytes given out so far, this header included
  size_t freed; // found free while trimming
  char padding[32];
} slab;

_Static_assert(sizeof(slab) == 64, "blocks behind the header stay aligned to 64 bytes");

kb_free_block *kb_free_blocks[KB_CLASS_COUNT];

// The first slab of each list is the one that blocks are still cut from.
static slab *small_slabs, *middle_slabs;
static uint64_t reserved;

static void *map_aligned(size_t size, size_t alignment) {
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
  reserved += size;
  return aligned;
}

static void unmap(void *start, size_t size) {
  munmap(start, size);
  reserved -= size;
}

static size_t own_mapping_size(size_t block_size) {
  return (block_size + HUGE_PAGE - 1) & ~(HUGE_PAGE - 1);
}

static void push(unsigned class_index, void *block) {
  kb_free_block *free_block = block;
  free_block->next = kb_free_blocks[class_index];
  kb_free_blocks[class_index] = free_block;
}

// Cuts what is left of a slab into free blocks, largest first.
static void use_up(slab *s) {
  while (s->size - s->used >= 64) {
    size_t left = s->size - s->used;
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
  if (size > MIDDLE_LIMIT) {
    return map_aligned(own_mapping_size(size), HUGE_PAGE);
  }
  bool small = size <= SMALL_LIMIT;
  slab **list = small ? &small_slabs : &middle_slabs;
  if (*list == NULL || (*list)->size - (*list)->used < size) {
    size_t slab_size = small ? SMALL_SLAB : MIDDLE_SLAB;
    slab *fresh = map_aligned(slab_size, slab_size);
    if (fresh == NULL) {
      return NULL;
    }
    if (*list != NULL) {
      use_up(*list);
    }
    *fresh = (slab){.next = *list, .size = slab_size, .used = sizeof(slab)};
    *list = fresh;
  }
  slab *s = *list;
  void *block = (char *)s + s->used;
  s->used += size;
  return block;
}

static slab *slab_of(void *block) {
  // Pieces that `use_up` cut from a middle slab may be of any smaller class, so the address
  // decides.
  uintptr_t address = (uintptr_t)block;
  for (slab *s = middle_slabs; s != NULL; s = s->next) {
    if (address - (uintptr_t)s < MIDDLE_SLAB) {
      return s;
    }
  }
  return (slab *)(address & ~(uintptr_t)(SMALL_SLAB - 1));
}

// Smaller free blocks are not worth a system call.
#define DROPPED_BYTES ((size_t)64 << 10)

// Lets go of the pages within a free block of a slab that stays, but for the first, which links it.
static void drop_pages(kb_free_block *block, size_t size) {
#if defined(__linux__)
  const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), start = (uintptr_t)block;
  const uintptr_t first = (start + sizeof *block + page - 1) & ~(page - 1);
  const uintptr_t end = (start + size) & ~(page - 1);
  if (first < end) madvise((void *)first, end - first, MADV_DONTNEED);
#else
  (void)block;
  (void)size;
#endif
}

static void release_free(slab **list) {
  for (slab **link = list; *link != NULL;) {
    slab *s = *link;
    if (s->freed + sizeof(slab) == s->used) {
      *link = s->next;
      unmap(s, s->size);
    } else {
      link = &s->next;
    }
  }
}

void kb_slab_trim(void) {
  for (slab *s = small_slabs; s != NULL; s = s->next) {
    s->freed = 0;
  }
  for (slab *s = middle_slabs; s != NULL; s = s->next) {
    s->freed = 0;
  }
  unsigned first_own = kb_class_of(MIDDLE_LIMIT) + 1;
  for (unsigned c = 0; c < first_own; c++) {
    for (kb_free_block *b = kb_free_blocks[c]; b != NULL; b = b->next) {
      slab_of(b)->freed += kb_class_size(c);
    }
  }
  for (unsigned c = 0; c < first_own; c++) {
    for (kb_free_block **link = &kb_free_blocks[c]; *link != NULL;) {
      slab *s = slab_of(*link);
      if (s->freed + sizeof(slab) == s->used) {
        *link = (*link)->next;
      } else {
        link = &(*link)->next;
      }
    }
  }
  release_free(&small_slabs);
  release_free(&middle_slabs);
  for (unsigned c = kb_class_of(DROPPED_BYTES); c < first_own; c++) {
    for (kb_free_block *b = kb_free_blocks[c]; b != NULL; b = b->next) {
      drop_pages(b, kb_class_size(c));
    }
  }
  for (unsigned c = first_own; c < KB_CLASS_COUNT; c++) {
    while (kb_free_blocks[c] != NULL) {
      kb_free_block *b = kb_free_blocks[c];
      kb_free_blocks[c] = b->next;
      unmap(b, own_mapping_size(kb_class_size(c)));
    }
  }
}

uint64_t kb_slab_reserved(void) { return reserved; }
