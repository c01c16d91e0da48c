// A tail that notes what it sees of a result, and how often.
#ifndef WITNESS_H
#define WITNESS_H

#include "check.h"

typedef struct witness {
  kb_tail tail;
  const float *result;
  size_t columns;
  float *seen;
  _Atomic int *times;
} witness;

witness make_witness(const float *result, size_t rows, size_t columns, bool whole_rows);
// Every element was seen once, when it was final.
void require_all(witness *w, const float *expected, size_t count, const char *name);

#endif
