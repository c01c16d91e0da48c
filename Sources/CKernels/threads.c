// The pool: the caller publishes a job in one atomic word, everybody (the caller too) claims its
// tasks from that word, and the caller waits until all claimed tasks are done. Nobody waits for a
// worker to start, so a late or descheduled worker costs nothing but its help.
#if defined(__linux__) && !defined(_GNU_SOURCE)
#define _GNU_SOURCE 1
#endif

#include "kb_threads.h"

#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#if defined(__linux__)
#include <linux/futex.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#endif

enum {
  MAX_THREADS = 256,
  // More claims than this only cost claims: pieces are then claimed in groups.
  MAX_CLAIMS = 4096,
  // Prefetchers fetch cache lines in pairs, so two atomics need 128 bytes between them. Sharing a
  // line made an increment 3.5 times slower.
  LINE = 128,
};

// A worker that looks for work this long after its last job is found awake by a training step's
// next operation; waking a parked one costs the caller a 7 us system call and the job 22 us.
static const uint64_t long_spin_ns = 150 * 1000;
// When spinning does not pay, or other processes want this processor.
static const uint64_t short_spin_ns = 10 * 1000;

typedef struct {
  void (*body)(void *context, size_t begin, size_t end);
  void *context;
  size_t count, grain, group; // `group` items are claimed at once; a multiple of `grain`
} job;

// epoch:32 | tasks:16 | next:16. Published in one store: with two, a worker could see the new epoch
// with the old, exhausted task count and sit out the whole job.
static _Alignas(LINE) uint64_t state;
static _Alignas(LINE) uint64_t done; // tasks of this epoch that are finished
static _Alignas(LINE) uint32_t sleepers;
// Read only after a successful claim: until that task is counted as done, the owner cannot change
// it.
static _Alignas(LINE) job current;
static _Alignas(LINE) int owned; // some caller is publishing or waiting
static _Alignas(LINE) int wanted; // threads, the caller included; 0: not decided yet
static int active;                // workers that should exist
static int disabled;              // in a child process: the workers did not survive the fork

// Only the owner touches these.
static int started;
static pthread_t workers[MAX_THREADS];

static _Thread_local bool inside;

#if !defined(__linux__)
static pthread_mutex_t park_mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t park_condition = PTHREAD_COND_INITIALIZER;
#endif

static inline void pause_once(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("isb" ::: "memory"); // `yield` does nothing on most cores, isb takes a moment
#endif
}

static uint64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static inline uint32_t epoch_of(uint64_t word) { return (uint32_t)(word >> 32); }

static void run_pieces(const job *j, size_t begin, size_t end) {
  for (size_t at = begin; at < end;) {
    size_t next = end - at > j->grain ? at + j->grain : end;
    j->body(j->context, at, next);
    at = next;
  }
}

// Claims and runs tasks of the published job until none is left.
static bool run_claims(void) {
  uint64_t finished = 0;
  uint64_t word = __atomic_load_n(&state, __ATOMIC_ACQUIRE);
  for (;;) {
    uint32_t next = word & 0xffff, tasks = (word >> 16) & 0xffff;
    if (next >= tasks) {
      break;
    }
    if (!__atomic_compare_exchange_n(&state, &word, word + 1, false, __ATOMIC_ACQ_REL,
                                     __ATOMIC_ACQUIRE)) {
      continue;
    }
    size_t begin = next * current.group;
    size_t end = next + 1 == tasks ? current.count : begin + current.group;
    run_pieces(&current, begin, end);
    finished++;
    word = __atomic_load_n(&state, __ATOMIC_ACQUIRE);
  }
  if (finished > 0) {
    __atomic_fetch_add(&done, finished, __ATOMIC_RELEASE);
  }
  return finished > 0;
}

static void park(uint32_t seen) {
  // The owner stores the state and then reads `sleepers`; here `sleepers` is stored and then the
  // state read. Sequential consistency lets at least one of the two see the other.
  __atomic_fetch_add(&sleepers, 1, __ATOMIC_SEQ_CST);
#if defined(__linux__)
  _Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the epoch is the second half");
  if (epoch_of(__atomic_load_n(&state, __ATOMIC_SEQ_CST)) == seen) {
    syscall(SYS_futex, (char *)&state + 4, FUTEX_WAIT_PRIVATE, seen, NULL, NULL, 0);
  }
#else
  pthread_mutex_lock(&park_mutex);
  while (epoch_of(__atomic_load_n(&state, __ATOMIC_SEQ_CST)) == seen) {
    pthread_cond_wait(&park_condition, &park_mutex);
  }
  pthread_mutex_unlock(&park_mutex);
#endif
  __atomic_fetch_sub(&sleepers, 1, __ATOMIC_SEQ_CST);
}

static void wake(uint32_t how_many) {
  if (__atomic_load_n(&sleepers, __ATOMIC_SEQ_CST) == 0) {
    return;
  }
#if defined(__linux__)
  syscall(SYS_futex, (char *)&state + 4, FUTEX_WAKE_PRIVATE, how_many, NULL, NULL, 0);
#else
  (void)how_many;
  pthread_mutex_lock(&park_mutex);
  pthread_cond_broadcast(&park_condition);
  pthread_mutex_unlock(&park_mutex);
#endif
}

static void publish(uint32_t tasks) {
  uint32_t epoch = epoch_of(__atomic_load_n(&state, __ATOMIC_RELAXED)) + 1;
  __atomic_store_n(&state, (uint64_t)epoch << 32 | (uint64_t)tasks << 16, __ATOMIC_SEQ_CST);
}

// How often this thread was made to give up its processor.
static long preemptions(void) {
#if defined(__linux__)
  struct rusage usage;
  return getrusage(RUSAGE_THREAD, &usage) == 0 ? usage.ru_nivcsw : 0;
#else
  return 0;
#endif
}

static void *work(void *argument) {
  int index = (int)(intptr_t)argument;
  inside = true;
  int vain = 0;
  long preempted = preemptions();
  bool crowded = false;
  for (;;) {
    // The epoch is read first: a job, or the wish that this worker ends, published after that is
    // then seen as new.
    uint32_t seen = epoch_of(__atomic_load_n(&state, __ATOMIC_ACQUIRE));
    if (index >= __atomic_load_n(&active, __ATOMIC_ACQUIRE)) {
      return NULL;
    }
    run_claims();
    uint64_t limit = vain >= 3 || crowded ? short_spin_ns : long_spin_ns;
    uint64_t start = now_ns();
    bool found = false;
    do {
      for (int i = 0; i < 64 && !found; i++) {
        found = epoch_of(__atomic_load_n(&state, __ATOMIC_ACQUIRE)) != seen;
        if (!found) {
          pause_once();
        }
      }
    } while (!found && now_ns() - start < limit);
    if (found) {
      vain = 0;
    } else {
      vain++;
      long before = preempted;
      preempted = preemptions();
      crowded = preempted > before;
      park(seen);
    }
  }
}

static void disable_in_child(void) { __atomic_store_n(&disabled, 1, __ATOMIC_RELAXED); }

static int default_count(void) {
  const char *text = getenv("KOBAI_NUM_THREADS");
  if (text != NULL) {
    long value = strtol(text, NULL, 10);
    if (value >= 1) {
      return value < MAX_THREADS ? (int)value : MAX_THREADS;
    }
  }
#if defined(__linux__)
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) {
    int count = CPU_COUNT(&set);
    return count < MAX_THREADS ? count : MAX_THREADS;
  }
#endif
  long online = sysconf(_SC_NPROCESSORS_ONLN);
  return online < 1 ? 1 : online < MAX_THREADS ? (int)online : MAX_THREADS;
}

// Makes the number of workers what is wanted. Only for the owner.
static void resize(int target) {
  __atomic_store_n(&active, target, __ATOMIC_RELEASE);
  if (target < started) {
    publish(0);
    wake(INT_MAX);
    while (started > target) {
      pthread_join(workers[--started], NULL);
    }
    return;
  }
  static bool registered;
  if (!registered) {
    registered = true;
    pthread_atfork(NULL, NULL, disable_in_child);
  }
  // Signals belong to the program's own threads.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  while (started < target) {
    if (pthread_create(&workers[started], NULL, work, (void *)(intptr_t)started) != 0) {
      // The system gives no more threads: go on with those that exist.
      __atomic_store_n(&active, started, __ATOMIC_RELEASE);
      __atomic_store_n(&wanted, started + 1, __ATOMIC_RELAXED);
      break;
    }
    started++;
  }
  pthread_sigmask(SIG_SETMASK, &before, NULL);
}

int kb_thread_count(void) {
  if (__atomic_load_n(&disabled, __ATOMIC_RELAXED)) {
    return 1;
  }
  int count = __atomic_load_n(&wanted, __ATOMIC_RELAXED);
  if (count == 0) {
    count = default_count();
    int expected = 0;
    if (!__atomic_compare_exchange_n(&wanted, &expected, count, false, __ATOMIC_RELAXED,
                                     __ATOMIC_RELAXED)) {
      count = expected;
    }
  }
  return count;
}

void kb_set_thread_count(int count) {
  if (count <= 0) {
    count = default_count();
  }
  // Workers are started and stopped by the next parallel call, which owns the pool.
  __atomic_store_n(&wanted, count < MAX_THREADS ? count : MAX_THREADS, __ATOMIC_RELAXED);
}

void kb_parallel_for(size_t count, size_t grain,
                     void (*body)(void *context, size_t begin, size_t end), void *context) {
  if (count == 0) {
    return;
  }
  if (grain == 0) {
    grain = 1;
  }
  job j = {body, context, count, grain, grain};
  int threads;
  if (count <= grain || inside || (threads = kb_thread_count()) == 1 ||
      __atomic_exchange_n(&owned, 1, __ATOMIC_ACQUIRE) != 0) {
    run_pieces(&j, 0, count);
    return;
  }
  if (started != threads - 1) {
    resize(threads - 1);
  }
  size_t pieces = (count - 1) / grain + 1;
  size_t tasks = pieces;
  if (pieces > MAX_CLAIMS) {
    size_t per_claim = (pieces - 1) / MAX_CLAIMS + 1;
    j.group = grain * per_claim;
    tasks = (pieces - 1) / per_claim + 1;
  }
  current = j;
  __atomic_store_n(&done, 0, __ATOMIC_RELAXED);
  publish((uint32_t)tasks);
  wake((uint32_t)(tasks - 1 < (size_t)started ? tasks - 1 : (size_t)started));
  inside = true;
  run_claims();
  inside = false;
  for (unsigned spins = 0; __atomic_load_n(&done, __ATOMIC_ACQUIRE) != tasks; spins++) {
    pause_once();
    // After so long the last worker has a long task or lost its processor, perhaps to this spin.
    if (spins > 4096) {
      sched_yield();
    }
  }
  __atomic_store_n(&owned, 0, __ATOMIC_RELEASE);
}
