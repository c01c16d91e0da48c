// Reduction kernels for SSE2, NEON, or any processor.
#include <math.h>
#include <string.h>

#include "reduce_internal.h"

#include "vectors_baseline.inc"

#define SET kb_reduce_baseline
#include "reduce_set.inc"
