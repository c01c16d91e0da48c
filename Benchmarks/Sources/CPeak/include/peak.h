#ifndef PEAK_H
#define PEAK_H

// Runs `rounds` rounds of independent float32 multiply-adds in registers, with the widest vectors of
// this processor, and returns how many floating point operations that was.
double peak_run(long rounds);

#endif
