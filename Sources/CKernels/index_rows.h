// Rows that meet: y = x, and y[index[k]] op= source[k].
#ifndef KB_INDEX_ROWS_H
#define KB_INDEX_ROWS_H

#include "index_internal.h"

typedef struct kb_row_updates {
  size_t size, n, length, count; // bytes of an element, elements of a row, rows of y, of the source
  const int64_t *index;
  intptr_t index_step;
  const char *x, *source;
  // In elements, from row to row and within a row.
  intptr_t x_along, x_step, source_along, source_step, y_along;
  char *y;
  void (*combine)(size_t n, const void *x, intptr_t x_stride, void *y, intptr_t y_stride);
} kb_row_updates;

// Goes through y once, and through the rows that meet in each of its rows in order.
void kb_update_rows(const kb_row_updates *updates, kb_index_fault *fault);

#endif
