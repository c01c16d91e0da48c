// The caching allocator: 64-byte aligned blocks from size classes; freed blocks are kept for reuse.
#ifndef KB_ALLOC_H
#define KB_ALLOC_H

#include <stddef.h>
#include <stdint.h>

// A block of at least `bytes` (0 gives a valid pointer). Stops the program with one sentence when
// the system has no more memory. The content is not initialised.
void *_Nonnull kb_alloc(size_t bytes);
// The same, but NULL when the system has no more memory: for blocks so large that this is the
// caller's mistake.
void *_Nullable kb_try_alloc(size_t bytes);
// `bytes` is what was asked for.
void kb_free(void *_Nullable block, size_t bytes);

// The same for the time in which a kernel runs: taken and given back by one thread, mostly the last one first.
void *_Nonnull kb_scratch(size_t bytes);
void kb_scratch_free(void *_Nullable block, size_t bytes);
// Gives the calling thread's memory for such blocks back if none is in use.
void kb_scratch_trim(void);

// Bytes asked for and not freed; the largest value since start or the last reset; bytes held from
// the system in use or kept for reuse. The peak is exact for blocks above 64 KB; of smaller blocks
// each thread may leave up to 32 KB out of it.
uint64_t kb_memory_current(void);
uint64_t kb_memory_peak(void);
uint64_t kb_memory_reserved(void);
void kb_memory_reset_peak(void);
// Gives kept blocks back to the system.
void kb_memory_trim(void);

#endif
