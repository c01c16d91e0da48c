#ifndef PEAK_H
#define PEAK_H

#include <stdbool.h>

// What this machine can do at most, measured: the best of several windows of `seconds` each, with
// `threads` threads at once.

// Floating point operations a second of independent multiply-adds in registers, with the widest
// vectors of this processor, in float64 or float32.
double peak_flops(int threads, bool is_double, double seconds);

// Bytes a second of passes over arrays of 256 MiB each, beyond all caches: summing one (`writes`
// false), or a[i] = b[i] + s · c[i] with stores past the caches (STREAM's triad; three arrays are
// counted). The arrays are kept for the next call, which no other thread makes meanwhile.
double peak_bandwidth(int threads, bool writes, double seconds);

#endif
