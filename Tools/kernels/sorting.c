#include "check.h"

// Sorting and selection against qsort with a comparison that is written out: NaN behind all numbers, -0
// with 0, equal elements in order.
typedef struct {
  double real;
  int64_t integer;
  bool is_integer;
  size_t index;
} element;

static int order(const element *a, const element *b) {
  if (a->is_integer) return (a->integer > b->integer) - (a->integer < b->integer);
  if (isnan(a->real) || isnan(b->real)) return isnan(a->real) - isnan(b->real);
  return (a->real > b->real) - (a->real < b->real);
}

static int by_index(const element *a, const element *b) {
  return (a->index > b->index) - (a->index < b->index);
}

static int ascending(const void *a, const void *b) {
  const int o = order(a, b);
  return o ? o : by_index(a, b);
}

static int descending(const void *a, const void *b) {
  const int o = order(b, a);
  return o ? o : by_index(a, b);
}

// Kinds of lines: scattered numbers, few different ones, numbers that differ in their last places, special.
static void put(kb_dtype dtype, int kind, void *x, size_t i, element *e) {
  static const double special[] = {0, -0.0, NAN, -NAN, INFINITY, -INFINITY, 1, -1, 1e-310, 3};
  static const int64_t extreme[] = {INT64_MIN, INT64_MAX, 0, -1, 1, INT64_MIN + 1};
  const double scattered = ldexp(draw(-1, 1), (int)draw(-9, 40));
  const double few = floor(draw(-3, 3)), near = 1 + floor(draw(0, 200)) * 0x1p-52;
  const double real = kind == 0 ? scattered : kind == 1 ? few : kind == 2 ? near : special[(int)draw(0, 10)];
  int64_t integer = kind == 0   ? (int64_t)draw(-9e18, 9e18)
                    : kind == 1 ? (int64_t)few
                    : kind == 2 ? INT64_MIN + 7 + (int64_t)draw(0, 500)
                                : extreme[(int)draw(0, 6)];
  e->is_integer = dtype >= KB_INT8;
  if (dtype == KB_BOOL) integer &= 1;
  uint32_t bits;
  const float f = (float)real;
  memcpy(&bits, &f, 4);
  switch (dtype) {
    case KB_FLOAT32: ((float *)x)[i] = f, e->real = f; break;
    case KB_FLOAT64: ((double *)x)[i] = real, e->real = real; break;
    case KB_BFLOAT16:
      bits = isnan(real) ? 0x7fc00000 : bits & 0xffff0000;
      ((uint16_t *)x)[i] = (uint16_t)(bits >> 16);
      float rounded;
      memcpy(&rounded, &bits, 4);
      e->real = rounded;
      break;
    case KB_INT8: e->integer = ((int8_t *)x)[i] = (int8_t)integer; break;
    case KB_INT16: e->integer = ((int16_t *)x)[i] = (int16_t)integer; break;
    case KB_INT32: e->integer = ((int32_t *)x)[i] = (int32_t)(integer ^ integer >> 32); break;
    case KB_INT64: e->integer = ((int64_t *)x)[i] = integer; break;
    default: e->integer = ((uint8_t *)x)[i] = (uint8_t)integer; break;
  }
}

enum { LINES = 3 };

// The first k of each line, whose elements `e` are in order.
static bool check_top(kb_dtype dtype, intptr_t n, size_t dim, size_t k, bool down, const char *x,
                      const element *e) {
  const size_t step = dim ? 1 : LINES, next = dim ? k : 1;
  const intptr_t dims[2] = {dim ? LINES : n, dim ? n : LINES};
  int64_t *top = malloc(LINES * k * sizeof *top), *unsorted = malloc(LINES * k * sizeof *top);
  bool *chosen = malloc((size_t)n), good = true;
  kb_topk(dtype, 2, dims, dim, k, down, true, x, NULL, NULL, top);
  kb_topk(dtype, 2, dims, dim, k, down, false, x, NULL, NULL, unsorted);
  for (size_t line = 0; line < LINES; line++) {
    const element *own = e + line * (size_t)n;
    memset(chosen, 0, (size_t)n);
    for (size_t i = 0; i < k; i++) {
      good &= top[line * next + i * step] == (int64_t)own[i].index;
      chosen[own[i].index] = true;
    }
    // The same k, in order of position.
    for (size_t i = 0, place = 0; i < (size_t)n; i++)
      if (chosen[i]) good &= unsorted[line * next + place++ * step] == (int64_t)i;
  }
  free(top), free(unsorted), free(chosen);
  return good;
}

// Lines of n elements along `dim` of [LINES, n] or [n, LINES].
static bool check_lines(kb_dtype dtype, intptr_t n, size_t dim, int kind, bool down) {
  const size_t size = kb_dtype_size(dtype), total = LINES * (size_t)n;
  const size_t step = dim ? 1 : LINES, next = dim ? (size_t)n : 1;
  const intptr_t dims[2] = {dim ? LINES : n, dim ? n : LINES};
  char *x = malloc(total * size), *y = malloc(total * size);
  int64_t *indices = malloc(total * sizeof *indices);
  element *e = malloc(total * sizeof *e);
  bool good = true;
  for (size_t line = 0; line < LINES; line++)
    for (size_t i = 0; i < (size_t)n; i++) {
      element *one = e + line * (size_t)n + i;
      put(dtype, kind, x, line * next + i * step, one);
      one->index = i;
    }
  kb_sort(dtype, 2, dims, dim, down, x, NULL, y, indices);
  for (size_t line = 0; line < LINES; line++) {
    element *own = e + line * (size_t)n;
    qsort(own, (size_t)n, sizeof *own, down ? descending : ascending);
    for (size_t i = 0; i < (size_t)n; i++) {
      const size_t at = line * next + i * step, from = line * next + own[i].index * step;
      good &= indices[at] == (int64_t)own[i].index;
      good &= memcmp(y + at * size, x + from * size, size) == 0;
    }
  }
  // Few that are kept in order, a short list, many, all.
  const size_t all = (size_t)n, counts[] = {1, 5, 32, 33, 60, 64, 70, all / 3 + 1, all - 1, all};
  for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
    if (counts[i] > 0 && counts[i] <= all)
      good &= check_top(dtype, n, dim, counts[i], down, x, e);
  free(x), free(y), free(indices), free(e);
  return good;
}

void check_sorting(void) {
  static const intptr_t lengths[] = {1,  2,  3,  4,  5,  7,  8,  9,  10,  15,  16,  17,
                                     31, 33, 48, 63, 64, 65, 100, 257, 3000, 9001};
  for (kb_dtype dtype = 0; dtype <= KB_BOOL; dtype++) {
    if (dtype == KB_FLOAT16) continue;
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
      for (int other = 0; other < 16; other++) {
        char name[64];
        const int kind = other & 3;
        snprintf(name, sizeof name, "sort of %d elements of dtype %d, kind %d",
                 (int)lengths[i], (int)dtype, kind);
        require(check_lines(dtype, lengths[i], (size_t)(other >> 2 & 1), kind, other >> 3), name);
      }
    }
  }
}
