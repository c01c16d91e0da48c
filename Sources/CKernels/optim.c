#include "optim.h"

#include "include/kb_copy.h"
#include "include/kb_threads.h"
#include "isa.h"

#pragma STDC FP_CONTRACT OFF

typedef struct {
  kb_optim_rule rule;
  const kb_optim_set *set;
  size_t items;
  const kb_optim_item *item;
} job;

static const kb_optim_set *find_set(void) {
#if defined(__x86_64__)
  switch (kb_isa_level()) {
  case KB_ISA_AVX512: return &kb_optim_avx512;
  case KB_ISA_AVX2: return &kb_optim_avx2;
  default: break;
  }
#endif
  return &kb_optim_baseline;
}

// Half types go through float in pieces that stay in the first-level cache.
enum { PIECE = 512 };

static void convert(kb_dtype from, kb_dtype to, size_t count, const void *x, void *y) {
  intptr_t dims[1] = {(intptr_t)count};
  kb_cast(from, to, 1, dims, x, NULL, y);
}

static const void *widen(kb_dtype dtype, size_t begin, size_t count, const void *x, float *piece) {
  if (!x) return NULL;
  convert(dtype, KB_FLOAT32, count, (const uint16_t *)x + begin, piece);
  return piece;
}

static void narrow(kb_dtype dtype, size_t begin, size_t count, const float *piece, void *y) {
  if (y) convert(KB_FLOAT32, dtype, count, piece, (uint16_t *)y + begin);
}

static void run_half(kb_optim_run run, const kb_optim_item *item, size_t begin, size_t end) {
  float pieces[5][PIECE];
  for (size_t i = begin; i < end; i += PIECE) {
    const size_t count = end - i < PIECE ? end - i : PIECE;
    kb_optim_item wide = *item;
    wide.grad = widen(item->dtype, i, count, item->grad, pieces[0]);
    wide.param = widen(item->dtype, i, count, item->param, pieces[1]);
    wide.s0 = widen(item->dtype, i, count, item->s0, pieces[2]);
    wide.s1 = widen(item->dtype, i, count, item->s1, pieces[3]);
    wide.s2 = widen(item->dtype, i, count, item->s2, pieces[4]);
    wide.new_param = pieces[1];
    wide.new_s0 = pieces[2], wide.new_s1 = pieces[3], wide.new_s2 = pieces[4];
    run(&wide, 0, count);
    narrow(item->dtype, i, count, pieces[1], item->new_param);
    narrow(item->dtype, i, count, pieces[2], item->new_s0);
    narrow(item->dtype, i, count, pieces[3], item->new_s1);
    narrow(item->dtype, i, count, pieces[4], item->new_s2);
  }
}

static void run_item(const job *j, const kb_optim_item *item, size_t begin, size_t end) {
  switch (item->dtype) {
  case KB_FLOAT32:
  case KB_COMPLEX64: j->set->in_float[j->rule](item, begin, end); break;
  case KB_FLOAT64:
  case KB_COMPLEX128: j->set->in_double[j->rule](item, begin, end); break;
  default: run_half(j->set->in_float[j->rule], item, begin, end); break;
  }
}

// The parameters one after the other as one range of elements.
static void run_range(void *context, size_t begin, size_t end) {
  const job *j = context;
  size_t low = 0, high = j->items;
  while (high - low > 1) {
    const size_t middle = low + (high - low) / 2;
    if (j->item[middle].start <= begin) low = middle;
    else high = middle;
  }
  for (size_t k = low; k < j->items && j->item[k].start < end; k++) {
    const kb_optim_item *item = &j->item[k];
    const size_t first = begin > item->start ? begin - item->start : 0;
    const size_t last = end - item->start < item->count ? end - item->start : item->count;
    if (first < last) run_item(j, item, first, last);
  }
}

void kb_optim_step(kb_optim_rule rule, size_t items, const kb_optim_item *item) {
  if (items == 0) return;
  job j = {rule, find_set(), items, item};
  // A task's share of five arrays fits the second-level cache.
  kb_parallel_for(item[items - 1].start + item[items - 1].count, 16384, run_range, &j);
}
