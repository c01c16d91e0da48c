// The first k of a line. Most elements of a long line are only compared with the worst candidate so far. Few are
// kept in order by insertion; more are gathered in order of position and, when there is no more room, reduced to
// the best: a bound for them is found by bisection, counting the keys below it, which no order of theirs slows down.
#include "sort_top.h"

#include "isa.h"
#include "sort_internal.h"

typedef struct top_kernels {
  // Whether any of n contiguous elements may precede the element `bound`.
  bool (*may_precede)(kb_dtype dtype, bool descending, size_t n, const void *x, const void *bound);
  // How many keys are at most `bound`.
  size_t (*count)(size_t n, const void *keys, uint64_t bound);
  void (*range)(size_t n, const void *keys, uint64_t *least, uint64_t *most);
  // Moves the keys below `bound`, and the first `equals` that equal it, to the front, in order; returns how many.
  size_t (*keep)(size_t n, void *keys, uint32_t *indices, uint64_t bound, size_t equals);
  // Appends those of a block's keys that are below `bound`; room for n is needed.
  size_t (*append)(size_t n, const void *block, size_t first, uint64_t bound, void *keys,
                   uint32_t *indices);
} top_kernels;

#define BODY "sort_top_body.inc"
#include "isa_each.inc"

enum { SCAN_BLOCK = 64, FEW = 32 };

typedef struct search {
  const kb_top *top;
  const top_kernels *kernels;
  unsigned bits;    // of a key
  size_t key_size;  // bytes of it
  intptr_t step;    // bytes from element to element
  const char *x;
  char *keys;       // of the candidates
  uint32_t *indices;
  size_t held, capacity;
  uint64_t bound;   // no key from here on is among the first k
  size_t worst;     // the element whose key that is
} search;

static uint64_t key_of(const search *s, size_t i) {
  return s->bits == 32 ? ((const uint32_t *)s->keys)[i] : ((const uint64_t *)s->keys)[i];
}

static void put_key(const search *s, size_t i, uint64_t key, uint32_t index) {
  if (s->bits == 32) ((uint32_t *)s->keys)[i] = (uint32_t)key;
  else ((uint64_t *)s->keys)[i] = key;
  s->indices[i] = index;
}

static void load_keys(const search *s, size_t first, size_t n, void *keys) {
  kb_load_keys(s->top->dtype, s->top->descending, n, s->x + (intptr_t)first * s->step,
               s->top->stride, keys);
}

// The elements first ..< first + n that precede the bound, to the end of the lists; returns how many.
static size_t append_block(const search *s, size_t first, size_t n, char *keys, uint32_t *indices) {
  const kb_top *const t = s->top;
  const char *const x = s->x + (intptr_t)first * s->step;
  if (t->stride == 1 && !s->kernels->may_precede(t->dtype, t->descending, n, x,
                                                 s->x + (intptr_t)s->worst * s->step))
    return 0;
  uint64_t block[SCAN_BLOCK];
  load_keys(s, first, n, block);
  return s->kernels->append(n, block, first, s->bound, keys, indices);
}

// Brings the candidates down to the best k, and `spare` others at most.
static void reduce(search *s, size_t spare) {
  const size_t k = s->top->k;
  uint64_t low, high;
  s->kernels->range(s->held, s->keys, &low, &high);
  size_t below = s->held;
  // At least k keys are at most `high`, less than k are below `low`.
  while (low < high && below > k + spare) {
    const uint64_t middle = low + (high - low) / 2;
    const size_t count = s->kernels->count(s->held, s->keys, middle);
    if (count < k) low = middle + 1;
    else high = middle, below = count;
  }
  // Only equal ones are left to choose from: the first of them.
  size_t equals = s->held;
  if (below > k + spare) equals = k - (high > 0 ? s->kernels->count(s->held, s->keys, high - 1) : 0);
  s->held = s->kernels->keep(s->held, s->keys, s->indices, high, equals);
}

static void find_bound(search *s) {
  s->bound = 0;
  for (size_t i = 0; i < s->held; i++) {
    const uint64_t key = key_of(s, i);
    if (key >= s->bound) s->bound = key, s->worst = s->indices[i];
  }
}

// Gathers candidates and leaves the best k, with a few others where those are to be sorted.
static void gather(search *s) {
  const kb_top *const t = s->top;
  const size_t spare = !t->sorted ? 0 : t->k < KB_SHORT_LINE ? KB_SHORT_LINE - t->k : t->k / 8;
  s->held = t->n < s->capacity ? t->n : s->capacity;
  load_keys(s, 0, s->held, s->keys);
  for (size_t i = 0; i < s->held; i++) s->indices[i] = (uint32_t)i;
  for (size_t at = s->held; at < t->n;) {
    reduce(s, t->k / 8);
    find_bound(s);
    for (size_t n; at < t->n && s->held + SCAN_BLOCK <= s->capacity; at += n) {
      n = t->n - at < SCAN_BLOCK ? t->n - at : SCAN_BLOCK;
      s->held += append_block(s, at, n, s->keys + s->held * s->key_size, s->indices + s->held);
    }
  }
  reduce(s, spare);
}

static void write_sorted(const search *s, uint64_t *order, uint64_t *words) {
  const size_t k = s->top->k;
  if (s->held > KB_SHORT_LINE) {
    kb_sort_keys(s->bits, s->held, s->keys, order);
    for (size_t i = 0; i < k; i++) words[i] = s->indices[(uint32_t)order[i]];
    return;
  }
  uint32_t ranks[KB_SHORT_LINE];
  kb_find_ranker(s->bits)(s->held, s->keys, ranks);
  for (size_t i = 0; i < s->held; i++)
    if (ranks[i] < k) words[ranks[i]] = s->indices[i];
}

// Keeps the best in order; an equal one that comes later does not precede.
static void insert(search *s, uint64_t key, uint32_t index) {
  size_t place = s->held < s->top->k ? s->held++ : s->held - 1;
  for (; place > 0 && key < key_of(s, place - 1); place--)
    put_key(s, place, key_of(s, place - 1), s->indices[place - 1]);
  put_key(s, place, key, index);
  s->bound = key_of(s, s->held - 1), s->worst = s->indices[s->held - 1];
}

static void insert_few(search *s) {
  const kb_top *const t = s->top;
  uint64_t keys[SCAN_BLOCK];
  uint32_t indices[SCAN_BLOCK];
  load_keys(s, 0, t->k, keys);
  for (size_t i = 0; i < t->k; i++)
    insert(s, s->bits == 32 ? ((const uint32_t *)keys)[i] : keys[i], (uint32_t)i);
  for (size_t at = t->k, n; at < t->n; at += n) {
    n = t->n - at < SCAN_BLOCK ? t->n - at : SCAN_BLOCK;
    const size_t found = append_block(s, at, n, (char *)keys, indices);
    for (size_t i = 0; i < found; i++) {
      const uint64_t key = s->bits == 32 ? ((const uint32_t *)keys)[i] : keys[i];
      if (key < s->bound) insert(s, key, indices[i]);
    }
  }
}

static void order_by_position(size_t k, uint64_t *words) {
  for (size_t i = 1; i < k; i++) {
    const uint64_t word = words[i];
    size_t place = i;
    for (; place > 0 && word < words[place - 1]; place--) words[place] = words[place - 1];
    words[place] = word;
  }
}

// Candidates of a line; a reduction leaves room for many more.
static size_t capacity_of(const kb_top *t) {
  enum { LEAST = 1024 };
  const size_t wanted = 4 * t->k > LEAST ? 4 * t->k : LEAST;
  return t->n < wanted ? t->n : wanted;
}

// Whole vectors of keys are read.
enum { PADDING = 64 };

size_t kb_top_bytes(const kb_top *t) {
  return (capacity_of(t) + PADDING) * (sizeof(uint64_t) + sizeof(uint32_t) + 2 * sizeof(uint64_t));
}

void kb_top_line(const kb_top *t, const char *x, char *memory, uint64_t *words) {
  const size_t capacity = capacity_of(t), room = capacity + PADDING;
  uint64_t *const keys = (uint64_t *)(void *)memory, *const order = keys + room;
  const bool is_wide = kb_key_bits(t->dtype) > 32;
  search s = {.top = t, .kernels = is_wide ? KB_ACTIVE(wide) : KB_ACTIVE(narrow),
              .bits = is_wide ? 64 : 32, .key_size = is_wide ? 8 : 4,
              .step = t->stride * (intptr_t)kb_dtype_size(t->dtype), .x = x, .keys = (char *)keys,
              .indices = (uint32_t *)(order + 2 * room), .capacity = capacity};
  if (t->k <= FEW && 2 * t->k <= t->n) {
    insert_few(&s);
    for (size_t i = 0; i < t->k; i++) words[i] = s.indices[i];
    if (!t->sorted) order_by_position(t->k, words);
    return;
  }
  gather(&s);
  if (t->sorted) {
    write_sorted(&s, order, words);
  } else {
    for (size_t i = 0; i < t->k; i++) words[i] = s.indices[i];
  }
}
