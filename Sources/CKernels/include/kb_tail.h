// What follows a product or a convolution element by element, done with parts of its result as soon as
// these are final, while they lie in the caches.
#ifndef KB_TAIL_H
#define KB_TAIL_H

#include <stdbool.h>
#include <stddef.h>

// The result seen as a matrix: the rows of a product, batches one after the other; the planes of a
// convolution, whose columns are pixels. Each element is handed over once, by any thread.
typedef struct kb_tail kb_tail;
struct kb_tail {
  void (*_Nonnull run)(const kb_tail *_Nonnull tail, size_t row, size_t rows, size_t column,
                       size_t columns);
  // Parts of rows are too slow for it, since it reads other arrays, of which the processor then fetches
  // nothing in advance: it gets whole rows, or all behind the kernel.
  bool whole_rows;
};

// The tail, where it may be given parts of rows, or these are whole ones; else NULL.
static inline const kb_tail *_Nullable kb_tail_of_parts(const kb_tail *_Nullable tail, bool whole) {
  return tail && (whole || !tail->whole_rows) ? tail : NULL;
}

// Hands over all of a result, in parallel: behind kernels that do not do it part by part.
void kb_tail_run_all(const kb_tail *_Nonnull tail, size_t row, size_t rows, size_t columns);

#endif
