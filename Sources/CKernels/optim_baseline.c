// Optimizer kernels for SSE2 and NEON, in vectors of 16 bytes.
#include <math.h>
#include <string.h>

#include "optim.h"

#pragma STDC FP_CONTRACT OFF

#define BYTES 16
#define SET kb_optim_baseline
#include "optim_set.inc"
