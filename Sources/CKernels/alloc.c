// Three levels: a cache per thread for blocks up to 64 KB, used without locks; free lists of all
// size classes, under one lock; slabs and regions from the system. Freed memory is kept, because
// touching fresh memory costs far more than any kernel that would use it. Large blocks stay on the list
// of their size, so that the one freed last, which the caches may hold, is used next, until a request
// finds its list empty: then they join with their neighbours.
#include "kb_alloc.h"

#if defined(__GLIBC__)
#include <malloc.h>
#endif
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "alloc_extents.h"
#include "alloc_report.h"
#include "alloc_slabs.h"

// Bytes in use, of all threads, but for what the threads have not reported yet.
static int64_t live;
static int64_t peak;

static void raise_peak(int64_t value) {
  int64_t seen = __atomic_load_n(&peak, __ATOMIC_RELAXED);
  while (seen < value && !__atomic_compare_exchange_n(&peak, &seen, value, true, __ATOMIC_RELAXED,
                                                      __ATOMIC_RELAXED)) {
  }
}

void kb_memory_report(int64_t change) {
  int64_t value = __atomic_add_fetch(&live, change, __ATOMIC_RELAXED);
  if (change > 0) {
    raise_peak(value);
  }
}

_Noreturn static void out_of_memory(size_t bytes) {
  fprintf(stderr,
          "Kobai: the system has no memory for another block of %zu bytes (%llu in use); free "
          "tensors or use smaller batches.\n",
          bytes, (unsigned long long)kb_memory_current());
  abort();
}

#if defined(KB_PLAIN_MALLOC)

// Under the address sanitizer each block is its own, so that it finds what reads or writes beyond
// one or after it was freed.
void *kb_try_alloc(size_t bytes) {
  void *block;
  if (posix_memalign(&block, 64, bytes == 0 ? 1 : bytes) != 0) {
    return NULL;
  }
  kb_memory_report((int64_t)bytes);
  return block;
}

void *kb_alloc(size_t bytes) {
  void *block = kb_try_alloc(bytes);
  if (block == NULL) {
    out_of_memory(bytes);
  }
  return block;
}

void kb_free(void *block, size_t bytes) {
  if (block != NULL) {
    free(block);
    kb_memory_report(-(int64_t)bytes);
  }
}

uint64_t kb_memory_current(void) { return (uint64_t)__atomic_load_n(&live, __ATOMIC_RELAXED); }
uint64_t kb_memory_reserved(void) { return kb_memory_current(); }
void kb_memory_trim(void) {}

#else

// A thread reports its bytes when they changed by this much, so small blocks cost no shared write.
enum { REPORT_AT = 32 << 10 };

typedef struct cache {
  kb_free_block *blocks[KB_CACHED_CLASSES];
  uint16_t counts[KB_CACHED_CLASSES];
  int64_t unreported; // written by this thread, read by others
  enum { UNUSED, USABLE, ENDED } state;
  struct cache *next, *previous; // all threads' caches
} cache;

static _Thread_local cache own;

// Guards kb_free_blocks, the slabs and the list of caches.
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static cache *caches;
static pthread_key_t at_thread_exit;

// A thread keeps at most 256 blocks or 256 KB of a class.
static inline unsigned capacity(unsigned class_index) {
  return class_index < 8 ? 256 : 256u >> (class_index - 8) / 8;
}

static void account(cache *c, int64_t change) {
  int64_t value = c->unreported + change;
  if (__builtin_expect(value > REPORT_AT || value < -REPORT_AT, 0)) {
    kb_memory_report(value);
    value = 0;
  }
  __atomic_store_n(&c->unreported, value, __ATOMIC_RELAXED);
}

// Large blocks leave the lists of their sizes and join with their neighbours.
static void join_locked(void) {
  for (unsigned c = kb_class_of(KB_SLAB_LIMIT) + 1; c < KB_CLASS_COUNT; c++) {
    while (kb_free_blocks[c] != NULL) {
      kb_free_block *block = kb_free_blocks[c], *next = block->next;
      if (!kb_extent_free(block, kb_class_size(c))) {
        return;
      }
      kb_free_blocks[c] = next;
    }
  }
}

static void *take_locked(unsigned class_index) {
  kb_free_block *block = kb_free_blocks[class_index];
  if (block != NULL) {
    kb_free_blocks[class_index] = block->next;
    return block;
  }
  const size_t size = kb_class_size(class_index);
  if (size <= KB_SLAB_LIMIT) {
    return kb_slab_block(class_index);
  }
  join_locked();
  void *extent = kb_extent_take(size);
  return extent != NULL ? extent : kb_extent_fresh(size);
}

static void trim_locked(void) {
  join_locked();
  kb_extent_trim();
  kb_slab_trim();
}

// NULL when the system has no more memory.
static void *take(unsigned class_index) {
  pthread_mutex_lock(&lock);
  void *block = take_locked(class_index);
  if (block == NULL) {
    // Kept blocks of other classes may make room.
    trim_locked();
    block = take_locked(class_index);
  }
  pthread_mutex_unlock(&lock);
  return block;
}

static void give_back_locked(unsigned class_index, void *block) {
  kb_free_block *free_block = block;
  free_block->next = kb_free_blocks[class_index];
  kb_free_blocks[class_index] = free_block;
}

static void give_back(unsigned class_index, void *block) {
  pthread_mutex_lock(&lock);
  give_back_locked(class_index, block);
  pthread_mutex_unlock(&lock);
}

static void shrink_locked(cache *c, unsigned class_index, unsigned keep) {
  while (c->counts[class_index] > keep) {
    kb_free_block *block = c->blocks[class_index];
    c->blocks[class_index] = block->next;
    c->counts[class_index]--;
    give_back_locked(class_index, block);
  }
}

static void empty_locked(cache *c) {
  for (unsigned i = 0; i < KB_CACHED_CLASSES; i++) {
    shrink_locked(c, i, 0);
  }
}

static void end_thread(void *argument) {
  cache *c = argument;
  pthread_mutex_lock(&lock);
  empty_locked(c);
  *(c->previous != NULL ? &c->previous->next : &caches) = c->next;
  if (c->next != NULL) {
    c->next->previous = c->previous;
  }
  kb_memory_report(c->unreported);
  c->unreported = 0;
  pthread_mutex_unlock(&lock);
  // Destructors that run later still free blocks: those go to the shared lists directly.
  c->state = ENDED;
}

static void before_fork(void) { pthread_mutex_lock(&lock); }
static void after_fork(void) { pthread_mutex_unlock(&lock); }

// The other threads are gone, perhaps in the middle of a change of their caches: what these held is
// lost to the child, but stays counted correctly.
static void after_fork_in_child(void) {
  for (cache *c = caches; c != NULL; c = c->next) {
    if (c != &own) {
      kb_memory_report(__atomic_load_n(&c->unreported, __ATOMIC_RELAXED));
    }
  }
  caches = NULL;
  own.next = own.previous = NULL;
  if (own.state == USABLE) {
    caches = &own;
  }
  pthread_mutex_unlock(&lock);
}

static void start_process(void) {
  pthread_key_create(&at_thread_exit, end_thread);
  pthread_atfork(before_fork, after_fork, after_fork_in_child);
}

// False when the thread is ending and has no cache any more.
static bool start_thread(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  if (own.state == ENDED) {
    return false;
  }
  pthread_once(&once, start_process);
  pthread_setspecific(at_thread_exit, &own);
  pthread_mutex_lock(&lock);
  own.next = caches;
  own.previous = NULL;
  if (caches != NULL) {
    caches->previous = &own;
  }
  caches = &own;
  own.state = USABLE;
  pthread_mutex_unlock(&lock);
  return true;
}

static void *refill(cache *c, unsigned class_index) {
  unsigned wanted = capacity(class_index) / 2;
  // A class is mostly used for few blocks: fetch more only after the first ones were not enough.
  if (wanted > 16) {
    wanted = 16;
  }
  void *result = take(class_index);
  pthread_mutex_lock(&lock);
  for (unsigned i = 1; i < wanted && kb_free_blocks[class_index] != NULL; i++) {
    kb_free_block *block = kb_free_blocks[class_index];
    kb_free_blocks[class_index] = block->next;
    block->next = c->blocks[class_index];
    c->blocks[class_index] = block;
    c->counts[class_index]++;
  }
  pthread_mutex_unlock(&lock);
  return result;
}

// NULL when the system has no more memory.
__attribute__((noinline)) static void *alloc_slowly(size_t bytes, unsigned class_index) {
  cache *c = &own;
  bool usable = c->state == USABLE || start_thread();
  if (class_index < KB_CACHED_CLASSES && usable) {
    void *block = refill(c, class_index);
    if (block != NULL) {
      account(c, (int64_t)bytes);
    }
    return block;
  }
  if (bytes > (size_t)1 << 47) {
    return NULL;
  }
  void *block = take(class_index);
  if (block == NULL) {
    return NULL;
  }
  // Small blocks of this thread are reported first, so that the peak is that of this moment.
  int64_t small = c->unreported;
  __atomic_store_n(&c->unreported, 0, __ATOMIC_RELAXED);
  kb_memory_report(small + (int64_t)bytes);
  return block;
}

void *kb_alloc(size_t bytes) {
  unsigned class_index = kb_class_of(bytes);
  cache *c = &own;
  if (__builtin_expect(class_index < KB_CACHED_CLASSES, 1)) {
    kb_free_block *block = c->blocks[class_index];
    if (__builtin_expect(block != NULL, 1)) {
      c->blocks[class_index] = block->next;
      c->counts[class_index]--;
      account(c, (int64_t)bytes);
      return block;
    }
  }
  void *block = alloc_slowly(bytes, class_index);
  if (block == NULL) {
    out_of_memory(bytes);
  }
  return block;
}

void *kb_try_alloc(size_t bytes) {
  // Not from the thread's cache, which has small blocks only.
  return bytes > (size_t)1 << 47 ? NULL : alloc_slowly(bytes, kb_class_of(bytes));
}

__attribute__((noinline)) static void free_slowly(void *block, size_t bytes, unsigned class_index) {
  cache *c = &own;
  bool usable = c->state == USABLE || start_thread();
  if (class_index >= KB_CACHED_CLASSES || !usable) {
    give_back(class_index, block);
    kb_memory_report(-(int64_t)bytes);
    return;
  }
  pthread_mutex_lock(&lock);
  shrink_locked(c, class_index, capacity(class_index) / 2);
  pthread_mutex_unlock(&lock);
  kb_free_block *free_block = block;
  free_block->next = c->blocks[class_index];
  c->blocks[class_index] = free_block;
  c->counts[class_index]++;
  account(c, -(int64_t)bytes);
}

void kb_free(void *block, size_t bytes) {
  if (block == NULL) {
    return;
  }
  unsigned class_index = kb_class_of(bytes);
  cache *c = &own;
  if (__builtin_expect(class_index < KB_CACHED_CLASSES && c->state == USABLE, 1) &&
      c->counts[class_index] < capacity(class_index)) {
    kb_free_block *free_block = block;
    free_block->next = c->blocks[class_index];
    c->blocks[class_index] = free_block;
    c->counts[class_index]++;
    account(c, -(int64_t)bytes);
    return;
  }
  free_slowly(block, bytes, class_index);
}

uint64_t kb_memory_current(void) {
  pthread_mutex_lock(&lock);
  int64_t sum = __atomic_load_n(&live, __ATOMIC_RELAXED);
  for (cache *c = caches; c != NULL; c = c->next) {
    sum += __atomic_load_n(&c->unreported, __ATOMIC_RELAXED);
  }
  pthread_mutex_unlock(&lock);
  return sum > 0 ? (uint64_t)sum : 0;
}

uint64_t kb_memory_reserved(void) {
  pthread_mutex_lock(&lock);
  uint64_t bytes = kb_slab_reserved() + kb_extent_reserved();
  pthread_mutex_unlock(&lock);
  return bytes;
}

void kb_memory_trim(void) {
  kb_scratch_trim();
#if defined(__GLIBC__)
  malloc_trim(0); // what objects and arrays of the host program left
#endif
  pthread_mutex_lock(&lock);
  if (own.state == USABLE) {
    empty_locked(&own);
  }
  trim_locked();
  pthread_mutex_unlock(&lock);
}

#endif

uint64_t kb_memory_peak(void) {
  raise_peak((int64_t)kb_memory_current());
  return (uint64_t)__atomic_load_n(&peak, __ATOMIC_RELAXED);
}

void kb_memory_reset_peak(void) {
  __atomic_store_n(&peak, (int64_t)kb_memory_current(), __ATOMIC_RELAXED);
}
