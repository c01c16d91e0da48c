// Copies of pieces of strided arrays, strides in bytes.
#ifndef KB_COPY_INTERNAL_H
#define KB_COPY_INTERNAL_H

#include "include/kb_copy.h"

// A plane of rows x columns to one with contiguous columns.
void kb_copy_plane(size_t size, size_t rows, size_t columns, const char *src, intptr_t row_stride,
                   intptr_t column_stride, char *dst, intptr_t dst_row_stride);

// Elements [start, start + count) in row-major order of a strided array (dims and strides innermost
// first) to a contiguous one.
void kb_gather(size_t size, size_t rank, const size_t *dims, const intptr_t *strides,
               const char *src, size_t start, size_t count, char *dst);

// count elements from and to uniformly spaced places.
void kb_copy_row(size_t size, size_t count, const char *src, intptr_t src_stride, char *dst,
                 intptr_t dst_stride);

#endif
