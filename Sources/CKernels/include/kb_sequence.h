// Numbers that follow from their position: arange, linspace, logspace, the identity matrix. Outputs are
// contiguous.
#ifndef KB_SEQUENCE_H
#define KB_SEQUENCE_H

#include "kb_types.h"

// start + i · step, in any real dtype: computed in double, rounded once.
void kb_arange(kb_dtype dtype, size_t count, double start, double step, void *out);
// The same in int64 (wrapping), converted to any real dtype.
void kb_arange_integer(kb_dtype dtype, size_t count, int64_t start, int64_t step, void *out);

// `count` numbers from start to end, both included; each is counted from the nearer end, in double. A
// complex dtype takes the imaginary parts too.
void kb_linspace(kb_dtype dtype, size_t count, double start, double end, double imaginary_start,
                 double imaginary_end, void *out);
// base to the power of the numbers that kb_linspace gives. Real parts only.
void kb_logspace(kb_dtype dtype, size_t count, double start, double end, double base, void *out);

// Ones on the main diagonal, zeros elsewhere.
void kb_eye(kb_dtype dtype, size_t rows, size_t columns, void *out);

#endif
