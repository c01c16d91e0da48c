#include "check.h"

// Nonzero elements and masks against loops over the coordinates.
typedef struct {
  size_t rank, count;
  intptr_t dims[4], strides[4];
} array;

static array make_array(size_t rank, const intptr_t *dims, int kind) {
  array a = {.rank = rank, .count = 1};
  for (size_t d = 0; d < rank; d++) a.dims[d] = dims[d];
  for (size_t d = rank; d-- > 0;) a.strides[d] = (intptr_t)a.count, a.count *= (size_t)dims[d];
  if (kind == 1) { // the first dimension is the fastest
    intptr_t step = 1;
    for (size_t d = 0; d < rank; d++) a.strides[d] = step, step *= dims[d];
  }
  if (kind == 2 && rank > 0) a.strides[0] = 0; // rows that repeat
  return a;
}

static size_t place_of(const array *a, size_t number) {
  intptr_t at = 0;
  for (size_t d = a->rank; d-- > 0; number /= (size_t)a->dims[d])
    at += (intptr_t)(number % (size_t)a->dims[d]) * a->strides[d];
  return (size_t)at;
}

static void put(kb_dtype dtype, void *x, size_t i, double v) {
  switch (dtype) {
    case KB_FLOAT32: ((float *)x)[i] = (float)v; break;
    case KB_FLOAT64: ((double *)x)[i] = v; break;
    case KB_FLOAT16: case KB_BFLOAT16:
      ((uint16_t *)x)[i] = v == 0 ? (signbit(v) ? 0x8000 : 0) : isnan(v) ? 0x7fff : 0x3f80;
      break;
    case KB_INT16: ((int16_t *)x)[i] = v == 0 ? 0 : 256; break;
    case KB_INT32: ((int32_t *)x)[i] = v == 0 ? 0 : 1 << 24; break;
    case KB_INT64: ((int64_t *)x)[i] = v == 0 ? 0 : INT64_MIN; break;
    case KB_COMPLEX64: ((float *)x)[2 * i] = 0, ((float *)x)[2 * i + 1] = (float)v; break;
    case KB_COMPLEX128: ((double *)x)[2 * i] = v, ((double *)x)[2 * i + 1] = 0; break;
    default: ((uint8_t *)x)[i] = v != 0; break;
  }
}

static bool *draw_mask(size_t count, double share, kb_dtype dtype, void *x) {
  bool *set = malloc(count + 1);
  for (size_t i = 0; i < count; i++) {
    set[i] = draw(0, 1) < share;
    put(dtype, x, i, set[i] ? (i % 5 == 0 ? NAN : 2) : i % 2 ? 0.0 : -0.0);
  }
  return set;
}

static void check_nonzero(const array *a, kb_dtype dtype, double share, const char *name) {
  char *x = malloc(a->count * 16 + 16);
  bool *set = draw_mask(a->count, share, dtype, x);
  size_t total = 0;
  for (size_t i = 0; i < a->count; i++) total += set[place_of(a, i)];
  bool good = kb_count_nonzero(dtype, a->rank, a->dims, x, a->strides) == total;
  int64_t *found = malloc((total * a->rank + 1) * sizeof *found), *at = found;
  found[total * a->rank] = -7;
  kb_nonzero(dtype, a->rank, a->dims, x, a->strides, total, found);
  for (size_t i = 0; i < a->count; i++) {
    if (!set[place_of(a, i)]) continue;
    size_t number = i;
    for (size_t d = a->rank; d-- > 0; number /= (size_t)a->dims[d])
      good &= at[d] == (int64_t)(number % (size_t)a->dims[d]);
    at += a->rank;
  }
  require(good && found[total * a->rank] == -7, name);
  free(x), free(set), free(found);
}

// Elements of `size` bytes, all of them different; the mask and x have the strides of `m` and `a`.
static void check_masked(const array *a, const array *m, size_t size, double share, const char *name) {
  const size_t count = a->count;
  uint8_t *x = malloc(count * size + 1), *flags = malloc(count + 1);
  bool *set = draw_mask(count, share, KB_BOOL, flags);
  for (size_t i = 0; i < count * size; i++) x[i] = (uint8_t)draw(0, 256);
  size_t total = 0;
  for (size_t i = 0; i < count; i++) total += set[place_of(m, i)];
  uint8_t *out = malloc((count + 1) * size), *wanted = malloc((count + 1) * size);
  bool good = true;
  for (int half = 0; half < 2; half++) {
    const size_t limit = half ? total / 2 : total;
    memset(out, 0xab, (count + 1) * size), memset(wanted, 0xab, (count + 1) * size);
    for (size_t i = 0, to = 0; i < count && to < limit; i++)
      if (set[place_of(m, i)]) memcpy(wanted + to++ * size, x + place_of(a, i) * size, size);
    good &= kb_masked_select(size, a->rank, a->dims, x, a->strides, (const bool *)flags, m->strides,
                             limit, out) == total;
    good &= memcmp(out, wanted, (count + 1) * size) == 0;
    // x is the source as well, from its beginning.
    for (size_t i = 0, from = 0; i < count; i++) {
      const bool takes = set[place_of(m, i)] && from < limit;
      memcpy(wanted + i * size, x + (takes ? from++ : place_of(a, i)) * size, size);
    }
    const kb_status status = kb_masked_scatter(size, a->rank, a->dims, x, a->strides,
                                               (const bool *)flags, m->strides, x, limit, out);
    good &= status == (limit < total ? KB_INDEX_OUT_OF_RANGE : KB_OK);
    good &= memcmp(out, wanted, (count + 1) * size) == 0;
  }
  require(good, name);
  free(x), free(flags), free(set), free(out), free(wanted);
}

void check_masks(void) {
  static const struct {
    size_t rank;
    intptr_t dims[4];
  } shapes[] = {{0, {0}},        {1, {1}},       {1, {7}},          {1, {8}},       {1, {9}},
                {1, {1023}},     {1, {1025}},    {1, {66000}},      {2, {3, 1023}}, {2, {3, 1024}},
                {2, {3, 5000}},  {2, {700, 3}},  {2, {2000, 1}},    {3, {3, 5, 7}}, {3, {2, 1, 33000}},
                {3, {40, 9, 2}}, {3, {0, 4, 5}}, {4, {5, 1, 17, 31}}, {2, {33000, 2}}};
  static const kb_dtype dtypes[] = {KB_FLOAT32, KB_FLOAT64, KB_FLOAT16, KB_BFLOAT16, KB_INT8, KB_INT16,
                                    KB_INT32, KB_INT64, KB_UINT8, KB_BOOL, KB_COMPLEX64, KB_COMPLEX128};
  static const size_t sizes[] = {1, 2, 4, 8, 16};
  static const double shares[] = {0, 0.5, 0.95, 1};
  char name[80];
  for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++)
    for (int kind = 0; kind < 3; kind++)
      for (size_t share = 0; share < 4; share++) {
        const array a = make_array(shapes[s].rank, shapes[s].dims, kind);
        snprintf(name, sizeof name, "masks of shape %d, strides %d, share %d", (int)s, kind, (int)share);
        for (size_t d = 0; d < sizeof dtypes / sizeof *dtypes; d++)
          check_nonzero(&a, dtypes[d], shares[share], name);
        const array dense = make_array(shapes[s].rank, shapes[s].dims, 0);
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
          check_masked(&a, &dense, sizes[i], shares[share], name);
          check_masked(&dense, &a, sizes[i], shares[share], name);
        }
      }
}
