#include <pthread.h>

#include "check.h"

// Memory for the time of a kernel: blocks do not overlap, whatever the order in which they are given back, the
// bytes in use are counted, and blocks one after the other lie in one place.
typedef struct block {
  uint8_t *at;
  size_t bytes;
  uint8_t mark;
} block;

static uint64_t next(uint64_t *state) {
  *state = *state * 6364136223846793005u + 1442695040888963407u;
  return *state >> 33;
}

static bool is_marked(const block *b) {
  for (size_t i = 0; i < b->bytes; i += i + 4096 < b->bytes ? 4096 : 1)
    if (b->at[i] != b->mark) return false;
  return (uintptr_t)b->at % 64 == 0;
}

enum { TURNS = 4000, MOST = 12 };

typedef struct worker {
  pthread_t thread;
  uint64_t seed;
  bool is_sound;
} worker;

static void *take_and_give(void *argument) {
  worker *w = argument;
  uint64_t state = w->seed;
  block blocks[MOST];
  size_t count = 0;
  bool holds = true;
  for (int turn = 0; turn < TURNS; turn++) {
    const bool gives = count == MOST || (count > 0 && next(&state) % 2 == 0);
    if (!gives) {
      // Also small ones, which are not in the stack.
      const size_t bytes = (size_t)1 << (10 + next(&state) % 11), more = next(&state) % 1000;
      block *b = &blocks[count++];
      *b = (block){kb_scratch(bytes + more), bytes + more, (uint8_t)(turn | 1)};
      memset(b->at, b->mark, b->bytes);
      continue;
    }
    // Mostly the last one.
    const size_t i = next(&state) % 4 == 0 ? next(&state) % count : count - 1;
    holds &= is_marked(&blocks[i]);
    kb_scratch_free(blocks[i].at, blocks[i].bytes);
    blocks[i] = blocks[--count];
    if (next(&state) % 64 == 0) kb_scratch_trim();
  }
  while (count-- > 0) {
    holds &= is_marked(&blocks[count]);
    kb_scratch_free(blocks[count].at, blocks[count].bytes);
  }
  w->is_sound = holds;
  return NULL;
}

void check_scratch(void) {
  const uint64_t before = kb_memory_current();
  enum { WORKERS = 4 };
  worker workers[WORKERS];
  for (int i = 0; i < WORKERS; i++) {
    workers[i] = (worker){.seed = (uint64_t)i};
    pthread_create(&workers[i].thread, NULL, take_and_give, &workers[i]);
  }
  for (int i = 0; i < WORKERS; i++) {
    pthread_join(workers[i].thread, NULL);
    require(workers[i].is_sound, "scratch: blocks keep what is written to them");
  }
  require(kb_memory_current() == before, "scratch: nothing is left in use");
#if !defined(__SANITIZE_ADDRESS__)
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
  return;
#endif
#endif
  // A stack that has grown serves smaller blocks in the same place, and no more memory is taken.
  void *first = kb_scratch(3 << 20);
  kb_scratch_free(first, 3 << 20);
  const uint64_t reserved = kb_memory_reserved();
  for (size_t bytes = 3 << 20; bytes > 64 << 10; bytes -= 50000) {
    void *again = kb_scratch(bytes);
    require(again == first, "scratch: blocks share a place");
    kb_scratch_free(again, bytes);
  }
  require(kb_memory_reserved() == reserved, "scratch: blocks of all sizes share memory");
#endif
}
