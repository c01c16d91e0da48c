// What the optimizer files share.
#ifndef KB_OPTIM_INTERNAL_H
#define KB_OPTIM_INTERNAL_H

#include "include/kb_optim.h"

// Elements [begin, end) of one parameter in float or double.
typedef void (*kb_optim_run)(const kb_optim_item *item, size_t begin, size_t end);

typedef struct {
  kb_optim_run in_float[KB_OPTIM_COUNT], in_double[KB_OPTIM_COUNT];
} kb_optim_set;

extern const kb_optim_set kb_optim_baseline;
#if defined(__x86_64__)
extern const kb_optim_set kb_optim_avx2, kb_optim_avx512;
#endif

#endif
