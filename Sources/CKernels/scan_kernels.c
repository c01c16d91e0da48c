#include "scan_kernels.h"

#include <string.h>

#include "isa.h"

#pragma STDC FP_CONTRACT OFF

typedef double four_doubles __attribute__((vector_size(32)));
typedef uint64_t four_words __attribute__((vector_size(32)));
typedef int64_t four_integers __attribute__((vector_size(32)));

#define BODY "scan_body.inc"
#include "isa_each.inc"

const kb_scan_set *kb_scan_doubles(void) { return KB_ACTIVE(doubles); }

const kb_scan_set *kb_scan_integers(void) { return KB_ACTIVE(integers); }
