// Optimizer kernels for AVX-512.
#if defined(__x86_64__)
#include <math.h>
#include <string.h>

#include "optim.h"

#pragma STDC FP_CONTRACT OFF
// Vectors wider than a register never cross a real call: everything that takes one is inlined.
#pragma GCC diagnostic ignored "-Wpsabi"
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,fma"))), apply_to = function)
#endif

#define BYTES 64
#define SET kb_optim_avx512
#include "optim_set.inc"

#if defined(__clang__)
#pragma clang attribute pop
#endif
#endif
