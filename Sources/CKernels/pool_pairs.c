// The kernels of 2 × 2 max pooling for each instruction set.
#include "pool_pairs.h"

#include <stdbool.h>
#include <stddef.h>

#include "isa.h"
#include "pool_vectors.h"

#pragma clang fp contract(off)

#define BODY "pool_pairs_body.inc"
#include "isa_each.inc"

kb_pool_pairs kb_pool_pairs_active(void) {
  return *KB_ACTIVE(pairs);
}
