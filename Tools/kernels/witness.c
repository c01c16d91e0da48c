#include "witness.h"

static void see(const kb_tail *tail, size_t row, size_t rows, size_t column, size_t columns) {
  const witness *const w = (const witness *)(const void *)tail;
  for (size_t r = row; r < row + rows; r++)
    for (size_t c = column; c < column + columns; c++) {
      const size_t i = r * w->columns + c;
      w->seen[i] = w->result[i];
      w->times[i]++;
    }
}

witness make_witness(const float *result, size_t rows, size_t columns, bool whole_rows) {
  return (witness){{see, whole_rows}, result, columns, calloc(rows * columns + 1, sizeof(float)),
                   calloc(rows * columns + 1, sizeof(_Atomic int))};
}

void require_all(witness *w, const float *expected, size_t count, const char *name) {
  for (size_t i = 0; i < count; i++) require(w->times[i] == 1, name);
  require(memcmp(w->seen, expected, count * sizeof(float)) == 0, name);
  free(w->seen), free(w->times);
}
