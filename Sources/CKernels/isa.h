// Which instruction set the kernels use, found once at run time.
#ifndef KB_ISA_H
#define KB_ISA_H

#include <stdbool.h>

typedef enum { KB_ISA_BASELINE, KB_ISA_AVX2, KB_ISA_AVX512 } kb_isa;

// The best level that both the processor and the kernels know. KOBAI_ISA=baseline|avx2|avx512
// lowers it (never raises it), so that every variant can be tested on one machine. Baseline is SSE2
// on x86-64 and NEON on arm64; AVX2 implies FMA and F16C, AVX-512 the F, BW, VL and DQ groups.
kb_isa kb_isa_level(void);

// Of `kernels_baseline`, `kernels_avx2` and `kernels_avx512`, the ones of that level.
#if defined(__x86_64__)
#define KB_ACTIVE(kernels)                                                                         \
  (kb_isa_level() == KB_ISA_AVX512 ? &kernels##_avx512                                             \
   : kb_isa_level() == KB_ISA_AVX2 ? &kernels##_avx2                                               \
                                   : &kernels##_baseline)
#else
#define KB_ACTIVE(kernels) (&kernels##_baseline)
#endif

// Whether kernels prefetch what they read in order. Processors fetch that by themselves, but some stop at a page's
// end: there it gains, elsewhere it costs up to 1.4 times the time.
bool kb_find_prefetching(void);
extern signed char kb_prefetching; // -1 until it is found
static inline bool kb_prefetches(void) {
  const signed char known = __atomic_load_n(&kb_prefetching, __ATOMIC_RELAXED);
  return known < 0 ? kb_find_prefetching() : known;
}

#endif
