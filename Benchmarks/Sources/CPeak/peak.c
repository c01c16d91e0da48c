#include "peak.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MAX_THREADS 256
#define WINDOWS 4
// 256 MB, eight times a last level cache of 32 MB: of 64 MB that cache keeps enough to make memory look a
// third faster than it is, and twice as fast to two threads.
#define FLOATS (64L << 20)

// 12 chains of independent multiply-adds keep two units of latency 4 or 5 busy.
#define CHAINS 12
#define ROUNDS 100000

#define FMA_BODY(element, bytes)                                                                   \
  typedef element vector __attribute__((vector_size(bytes)));                                      \
  vector a[CHAINS], x = {0}, y = {0};                                                              \
  x += (element)0.999999;                                                                          \
  y += (element)1e-7;                                                                              \
  for (int i = 0; i < CHAINS; i++) a[i] = y + (element)i;                                          \
  for (long r = 0; r < ROUNDS; r++) {                                                              \
    _Pragma("clang loop unroll(full)") for (int i = 0; i < CHAINS; i++) {                          \
      a[i] = __builtin_elementwise_fma(a[i], x, y);                                                \
    }                                                                                              \
  }                                                                                                \
  vector sum = a[0];                                                                               \
  for (int i = 1; i < CHAINS; i++) sum += a[i];                                                    \
  volatile element sink = sum[0];                                                                  \
  (void)sink;                                                                                      \
  return (double)ROUNDS * CHAINS * (bytes / sizeof(element)) * 2;

// Non-temporal stores where the compiler has them: no line is read before it is overwritten.
#define SWEEP_BODY(bytes)                                                                          \
  typedef float vector __attribute__((vector_size(bytes)));                                        \
  const vector *x = (const vector *)b, *y = (const vector *)c;                                     \
  vector *out = (vector *)a, sums[8] = {0};                                                        \
  long count = n * 4 / bytes;                                                                      \
  if (writes) {                                                                                    \
    for (long i = 0; i < count; i++) __builtin_nontemporal_store(x[i] + y[i] * 0.5f, out + i);     \
  } else {                                                                                         \
    for (long i = 0; i < count; i += 8) {                                                          \
      _Pragma("clang loop unroll(full)") for (int k = 0; k < 8; k++) sums[k] += x[i + k];          \
    }                                                                                              \
  }                                                                                                \
  for (int k = 1; k < 8; k++) sums[0] += sums[k];                                                  \
  volatile float sink = sums[0][0];                                                                \
  (void)sink;

#if defined(__x86_64__)
#define SETS(name, result, parameters, arguments, BODY32, BODY64, BODY_BASE)                       \
  __attribute__((target("avx512f"))) static result name##_avx512 parameters { BODY64 }             \
  __attribute__((target("avx2,fma"))) static result name##_avx2 parameters { BODY32 }              \
  static result name parameters {                                                                  \
    if (__builtin_cpu_supports("avx512f")) return name##_avx512 arguments;                         \
    if (__builtin_cpu_supports("fma")) return name##_avx2 arguments;                               \
    BODY_BASE                                                                                      \
  }
#else
#define SETS(name, result, parameters, arguments, BODY32, BODY64, BODY_BASE)                       \
  static result name parameters { BODY_BASE }
#endif

SETS(fma_float, double, (void), (), FMA_BODY(float, 32), FMA_BODY(float, 64), FMA_BODY(float, 16))
SETS(fma_double, double, (void), (), FMA_BODY(double, 32), FMA_BODY(double, 64),
     FMA_BODY(double, 16))
SETS(sweep, void, (float *a, const float *b, const float *c, long n, bool writes),
     (a, b, c, n, writes), SWEEP_BODY(32), SWEEP_BODY(64), SWEEP_BODY(16))

typedef struct task {
  enum { MULTIPLY_ADD, MULTIPLY_ADD_DOUBLE, READ, TRIAD } kind;
  int threads, index;
  float *arrays[3];
  atomic_int *arrived;
  double seconds;
  double done[WINDOWS], begins[WINDOWS], ends[WINDOWS];
} task;

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double work(const task *t) {
  if (t->kind == MULTIPLY_ADD) return fma_float();
  if (t->kind == MULTIPLY_ADD_DOUBLE) return fma_double();
  long n = FLOATS / t->threads / 128 * 128, first = n * t->index;
  sweep(t->arrays[0] + first, t->arrays[1] + first, t->arrays[2] + first, n, t->kind == TRIAD);
  return (double)n * (t->kind == TRIAD ? 12 : 4);
}

static void *run(void *argument) {
  task *t = argument;
  for (int w = 0; w < WINDOWS; w++) {
    atomic_fetch_add(t->arrived, 1);
    while (atomic_load(t->arrived) < (w + 1) * t->threads) {
    }
    double start = now(), done = 0, end = start;
    while (end - start < t->seconds) {
      done += work(t);
      end = now();
    }
    t->done[w] = done, t->begins[w] = start, t->ends[w] = end;
  }
  return NULL;
}

static double best(task prototype) {
  int threads = prototype.threads < MAX_THREADS ? prototype.threads : MAX_THREADS;
  prototype.threads = threads;
  task tasks[MAX_THREADS];
  pthread_t ids[MAX_THREADS];
  atomic_int arrived = 0;
  prototype.arrived = &arrived;
  for (int i = 0; i < threads; i++) {
    tasks[i] = prototype;
    tasks[i].index = i;
    if (i > 0) pthread_create(&ids[i], NULL, run, &tasks[i]);
  }
  run(&tasks[0]);
  double result = 0;
  for (int i = 1; i < threads; i++) pthread_join(ids[i], NULL);
  for (int w = 0; w < WINDOWS; w++) {
    // From the first start to the last end: threads that took turns would each have the memory alone.
    double sum = 0, begin = tasks[0].begins[w], end = tasks[0].ends[w];
    for (int i = 0; i < threads; i++) {
      sum += tasks[i].done[w];
      if (tasks[i].begins[w] < begin) begin = tasks[i].begins[w];
      if (tasks[i].ends[w] > end) end = tasks[i].ends[w];
    }
    if (sum / (end - begin) > result) result = sum / (end - begin);
  }
  return result;
}

double peak_flops(int threads, bool is_double, double seconds) {
  return best((task){.kind = is_double ? MULTIPLY_ADD_DOUBLE : MULTIPLY_ADD,
                     .threads = threads,
                     .seconds = seconds});
}

double peak_bandwidth(int threads, bool writes, double seconds) {
  task t = {.kind = writes ? TRIAD : READ, .threads = threads, .seconds = seconds};
  // Kept: touching them for the first time takes longer than measuring.
  static float *arrays[3];
  for (int i = 0; i < 3; i++) {
    if (!arrays[i]) {
      arrays[i] = aligned_alloc(64, FLOATS * sizeof(float));
      if (!arrays[i]) return 0;
      memset(arrays[i], 1, FLOATS * sizeof(float));
    }
    t.arrays[i] = arrays[i];
  }
  return best(t);
}
