// Checks of the kernels alone, without Swift: what runs under an emulator or on a machine that has only
// a C compiler. References are naive loops in double or long double.
#ifndef CHECK_H
#define CHECK_H

#include "CKernels.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void check_elementwise(void);
void check_programs(void);
void check_products(void);
void check_convolutions(void);
void check_volumes(void);
void check_reductions(void);
void check_rectified_channels(void);
void check_random(void);
void check_recurrent(void);
void check_row_chains(void);
void check_tails(void);
void check_pooling(void);
void check_bytes(void);
void check_casts(void);
void check_sorting(void);
void check_indexing(void);
void check_masks(void);
void check_padding(void);
void check_copies(void);
void check_sequences(void);
void check_scans(void);
void check_scratch(void);
void check_large(void);

// Uniform on [low, high), the same on every machine.
double draw(double low, double high);
float *draw_floats(size_t count, double low, double high);
double *draw_doubles(size_t count, double low, double high);

// Notes one comparison; what is worst in a line is printed by `report`.
void compare(double found, double expected, double scale);
// Prints the worst error since the last report in units of `unit` and fails above `limit`.
void report(const char *name, double unit, double limit);
// Fails, with the name, unless it holds.
void require(bool holds, const char *name);

#endif
