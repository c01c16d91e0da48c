// Kernels of the fused layers for SSE2, NEON, or any processor.
#include <math.h>
#include <string.h>

#include "layer_rows.h"

#include "vectors_baseline.inc"

#define SET kb_layer_baseline
#include "layer_rows_float.inc"
