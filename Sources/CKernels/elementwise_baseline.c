// Elementwise kernels for SSE2, NEON, or any processor.
#include <math.h>
#include <string.h>

#include "elementwise.h"
#include "half.h"
#include "registers.h"

#include "vectors_baseline.inc"
typedef float V_unaligned __attribute__((vector_size(16), aligned(4), may_alias));
typedef uint8_t VB __attribute__((vector_size(4)));

static inline __attribute__((always_inline)) void store_flags_tail(uint8_t *p, size_t n, VI mask) {
  for (size_t i = 0; i < n; i++) p[i] = mask[i] & 1;
}

#define SET kb_kernels_baseline
#include "elementwise_set.inc"
