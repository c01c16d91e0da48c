#include "layer_rows.h"

#include "isa.h"

const kb_layer_set *kb_layer_for(kb_dtype dtype) {
  if (dtype == KB_FLOAT64) return &kb_layer_double;
#if defined(__x86_64__)
  switch (kb_isa_level()) {
  case KB_ISA_AVX512:
    return &kb_layer_avx512;
  case KB_ISA_AVX2:
    return &kb_layer_avx2;
  default:
    break;
  }
#endif
  return &kb_layer_baseline;
}
