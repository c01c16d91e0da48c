#include "peak.h"

// 12 chains of independent multiply-adds keep two units of latency 4 or 5 busy.
#define CHAINS 12

#define BODY(bytes)                                                                                \
  typedef float vector __attribute__((vector_size(bytes)));                                        \
  vector a[CHAINS], x = {0}, y = {0};                                                              \
  x += 0.999999f;                                                                                  \
  y += 1e-7f;                                                                                      \
  for (int i = 0; i < CHAINS; i++) a[i] = y + (float)i;                                            \
  for (long r = 0; r < rounds; r++) {                                                              \
    _Pragma("clang loop unroll(full)") for (int i = 0; i < CHAINS; i++) {                          \
      a[i] = __builtin_elementwise_fma(a[i], x, y);                                                \
    }                                                                                              \
  }                                                                                                \
  vector sum = a[0];                                                                               \
  for (int i = 1; i < CHAINS; i++) sum += a[i];                                                    \
  volatile float sink = sum[0];                                                                    \
  (void)sink;                                                                                      \
  return (double)rounds * CHAINS * (bytes / 4) * 2;

#if defined(__x86_64__)
__attribute__((target("avx512f"))) static double run_avx512(long rounds) { BODY(64) }
__attribute__((target("avx2,fma"))) static double run_avx2(long rounds) { BODY(32) }

double peak_run(long rounds) {
  if (__builtin_cpu_supports("avx512f")) return run_avx512(rounds);
  if (__builtin_cpu_supports("fma")) return run_avx2(rounds);
  BODY(16)
}
#else
double peak_run(long rounds) { BODY(16) }
#endif
