#include "isa.h"

#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

static kb_isa detect(void) {
  kb_isa level = KB_ISA_BASELINE;
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
      __builtin_cpu_supports("f16c")) {
    level = KB_ISA_AVX2;
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq")) {
      level = KB_ISA_AVX512;
    }
  }
#endif
  kb_isa limit = KB_ISA_AVX512;
  const char *name = getenv("KOBAI_ISA");
  if (name != NULL) {
    if (strcmp(name, "baseline") == 0) {
      limit = KB_ISA_BASELINE;
    } else if (strcmp(name, "avx2") == 0) {
      limit = KB_ISA_AVX2;
    }
  }
  return level < limit ? level : limit;
}

kb_isa kb_isa_level(void) {
  // Several threads may detect at once: they store the same value.
  static int cached = -1;
  int level = __atomic_load_n(&cached, __ATOMIC_RELAXED);
  if (level < 0) {
    level = (int)detect();
    __atomic_store_n(&cached, level, __ATOMIC_RELAXED);
  }
  return (kb_isa)level;
}

signed char kb_prefetching = -1;

// Zen 5 (family 26) is the one processor on which it was measured to gain; Zen 4 loses.
bool kb_find_prefetching(void) {
  bool prefetches = false;
#if defined(__x86_64__)
  unsigned a, b, c, d;
  const bool is_amd = __get_cpuid(0, &a, &b, &c, &d) && b == signature_AMD_ebx;
  if (is_amd && __get_cpuid(1, &a, &b, &c, &d)) {
    const unsigned base = a >> 8 & 15, family = base == 15 ? base + (a >> 20 & 255) : base;
    prefetches = family >= 26;
  }
#endif
  __atomic_store_n(&kb_prefetching, prefetches, __ATOMIC_RELAXED);
  return prefetches;
}
