// What kernels need while they run: each thread has a stack, so that kernels which need blocks of different
// sizes one after the other find them in the same place, which the caches hold, and a process needs the
// largest sum of blocks alive together instead of one block of each size. Small blocks have the thread's
// cache, and single large ones are not kept.
#include <pthread.h>
#include <stdbool.h>

#include "alloc_classes.h"
#include "alloc_report.h"
#include "kb_alloc.h"

#define SMALLEST ((size_t)64 << 10)
#define LARGEST ((size_t)64 << 20)

#if defined(KB_PLAIN_MALLOC)

void *kb_scratch(size_t bytes) { return kb_alloc(bytes); }
void kb_scratch_free(void *block, size_t bytes) { kb_free(block, bytes); }
void kb_scratch_trim(void) {}

#else

typedef struct stack {
  char *memory;
  size_t size, used;
  size_t open;     // blocks in the stack
  size_t beside;   // bytes of blocks that found no room in it
  size_t wanted;   // the largest sum of both
  bool is_watched; // its end gives the memory back
} stack;

static _Thread_local stack own;

static pthread_key_t at_thread_exit;

static void drop(stack *s) {
  if (s->memory == NULL) return;
  kb_free(s->memory, s->size);
  kb_memory_report((int64_t)s->size);
  s->memory = NULL, s->size = 0;
}

static void end_thread(void *argument) {
  stack *s = argument;
  drop(s);
  s->is_watched = false;
}

static void start_process(void) { pthread_key_create(&at_thread_exit, end_thread); }

// An empty stack with room for what was wanted so far and for `bytes`.
static void grow(stack *s, size_t bytes) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  if (!s->is_watched) {
    pthread_once(&once, start_process);
    pthread_setspecific(at_thread_exit, s);
    s->is_watched = true;
  }
  drop(s);
  const size_t size = kb_class_size(kb_class_of(s->wanted > bytes ? s->wanted : bytes));
  // Blocks are reported, not the stack.
  kb_memory_report(-(int64_t)size);
  s->memory = kb_alloc(size);
  s->size = size;
}

static size_t rounded(size_t bytes) { return (bytes + 63) & ~(size_t)63; }

void *kb_scratch(size_t bytes) {
  if (bytes < SMALLEST || bytes > LARGEST) return kb_alloc(bytes);
  stack *s = &own;
  const size_t size = rounded(bytes);
  if (s->open == 0 && s->beside == 0 && (size > s->size || s->wanted > s->size)) grow(s, size);
  if (s->used + s->beside + size > s->wanted && s->used + s->beside + size <= LARGEST)
    s->wanted = s->used + s->beside + size;
  if (s->size - s->used < size) {
    s->beside += size;
    return kb_alloc(bytes);
  }
  char *block = s->memory + s->used;
  s->used += size;
  s->open++;
  kb_memory_report((int64_t)bytes);
  return block;
}

void kb_scratch_free(void *block, size_t bytes) {
  if (bytes < SMALLEST || bytes > LARGEST) {
    kb_free(block, bytes);
    return;
  }
  if (block == NULL) return;
  stack *s = &own;
  const size_t size = rounded(bytes);
  const uintptr_t at = (uintptr_t)block - (uintptr_t)s->memory;
  if (s->memory == NULL || at >= s->size) {
    s->beside -= size;
    kb_free(block, bytes);
    return;
  }
  // Blocks that are not given back in the order in which they were taken wait for those above them.
  s->open--;
  if (at + size == s->used) s->used = at;
  if (s->open == 0) s->used = 0;
  kb_memory_report(-(int64_t)bytes);
}

void kb_scratch_trim(void) {
  if (own.open == 0) drop(&own);
}

#endif
