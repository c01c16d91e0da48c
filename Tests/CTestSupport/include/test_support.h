// Counts what this thread allocates, by standing in front of the C library's allocator (Linux with
// glibc; elsewhere, and under a sanitizer, nothing is counted).
#ifndef KB_TEST_SUPPORT_H
#define KB_TEST_SUPPORT_H

#include <stdbool.h>
#include <stddef.h>

// Whether allocations are counted in this build.
bool kb_test_counts_allocations(void);
// Calls of malloc, calloc, realloc, posix_memalign and aligned_alloc on this thread since its start.
size_t kb_test_allocations(void);

#endif
