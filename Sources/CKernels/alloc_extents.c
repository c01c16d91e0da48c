#if defined(__linux__) && !defined(_GNU_SOURCE)
#define _GNU_SOURCE 1
#endif

#include "alloc_extents.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "alloc_slabs.h"

// A region costs addresses; memory only where it is touched.
#define REGION ((size_t)256 << 20)

typedef struct extent {
  char *start;
  size_t size;
} extent;

typedef struct region {
  char *start;
  size_t size, used; // no block lies behind `used`
} region;

// By address; they touch each other only where two regions meet.
static extent *extents;
static size_t extent_count, extent_capacity;
static region *regions;
static size_t region_count, region_capacity;

static void *grown(void *list, size_t count, size_t *capacity, size_t size) {
  if (count < *capacity) return list;
  const size_t more = *capacity == 0 ? 64 : 2 * *capacity;
  void *larger = realloc(list, more * size);
  if (larger != NULL) *capacity = more;
  return larger;
}

static void remove_extent(size_t i) {
  extent_count--;
  memmove(extents + i, extents + i + 1, (extent_count - i) * sizeof(extent));
}

void *kb_extent_take(size_t size) {
  size_t best = SIZE_MAX;
  for (size_t i = 0; i < extent_count; i++) {
    if (extents[i].size < size || (best != SIZE_MAX && extents[i].size >= extents[best].size))
      continue;
    best = i;
    if (extents[i].size == size) break;
  }
  if (best == SIZE_MAX) return NULL;
  char *start = extents[best].start;
  if (extents[best].size == size) {
    remove_extent(best);
  } else {
    extents[best].start += size;
    extents[best].size -= size;
  }
  return start;
}

static bool is_region_start(const char *address) {
  for (size_t i = 0; i < region_count; i++)
    if (regions[i].start == address) return true;
  return false;
}

bool kb_extent_free(void *block, size_t size) {
  char *start = block;
  size_t low = 0, high = extent_count;
  while (low < high) {
    const size_t middle = low + (high - low) / 2;
    if (extents[middle].start < start) low = middle + 1; else high = middle;
  }
  extent *before = low > 0 ? &extents[low - 1] : NULL;
  extent *behind = low < extent_count ? &extents[low] : NULL;
  const bool joins_before =
      before != NULL && before->start + before->size == start && !is_region_start(start);
  const bool joins_behind =
      behind != NULL && start + size == behind->start && !is_region_start(behind->start);
  if (joins_before) {
    before->size += size;
    if (joins_behind) {
      before->size += behind->size;
      remove_extent(low);
    }
    return true;
  }
  if (joins_behind) {
    behind->start = start;
    behind->size += size;
    return true;
  }
  extent *larger = grown(extents, extent_count, &extent_capacity, sizeof(extent));
  if (larger == NULL) return false;
  extents = larger;
  memmove(extents + low + 1, extents + low, (extent_count - low) * sizeof(extent));
  extents[low] = (extent){start, size};
  extent_count++;
  return true;
}

// The free extent that ends where a region's used part ends; SIZE_MAX: none.
static size_t last_extent(const region *r) {
  for (size_t i = 0; i < extent_count; i++)
    if (extents[i].start >= r->start && extents[i].start + extents[i].size == r->start + r->used)
      return i;
  return SIZE_MAX;
}

// What is free at the end of a region counts as unused from then on, though it was touched.
static void lower(region *r) {
  const size_t last = last_extent(r);
  if (last == SIZE_MAX) return;
  r->used = (size_t)(extents[last].start - r->start);
  remove_extent(last);
}

void *kb_extent_fresh(size_t size) {
  for (size_t i = 0; i < region_count; i++) {
    region *r = &regions[i];
    lower(r);
    if (r->size - r->used < size) continue;
    char *start = r->start + r->used;
    r->used += size;
    return start;
  }
  region *larger = grown(regions, region_count, &region_capacity, sizeof(region));
  if (larger == NULL) return NULL;
  regions = larger;
  const size_t least = (size + KB_HUGE_PAGE - 1) & ~(KB_HUGE_PAGE - 1);
  size_t bytes = least > REGION ? least : REGION;
  char *start = kb_map_aligned(bytes, KB_HUGE_PAGE);
  if (start == NULL) start = kb_map_aligned(bytes = least, KB_HUGE_PAGE);
  if (start == NULL) return NULL;
  regions[region_count++] = (region){start, bytes, size};
  return start;
}

void kb_extent_trim(void) {
  for (size_t i = 0; i < region_count;) {
    region *r = &regions[i];
    lower(r);
    if (r->used == 0) {
      munmap(r->start, r->size);
      regions[i] = regions[--region_count];
      continue;
    }
#if defined(MADV_DONTNEED)
    const size_t kept = (r->used + KB_HUGE_PAGE - 1) & ~(KB_HUGE_PAGE - 1);
    if (kept < r->size) madvise(r->start + kept, r->size - kept, MADV_DONTNEED);
#endif
    i++;
  }
#if defined(MADV_DONTNEED)
  // What is free between blocks keeps its addresses, not its memory.
  const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
  for (size_t i = 0; i < extent_count; i++) {
    const uintptr_t start = (uintptr_t)extents[i].start;
    const uintptr_t first = (start + page - 1) & ~(page - 1);
    const uintptr_t end = (start + extents[i].size) & ~(page - 1);
    if (first < end) madvise((void *)first, end - first, MADV_DONTNEED);
  }
#endif
}

uint64_t kb_extent_reserved(void) {
  uint64_t sum = 0;
  for (size_t i = 0; i < region_count; i++) sum += regions[i].used;
  return sum;
}
