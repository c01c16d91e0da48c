#include "check.h"

// Running reductions along a dimension, to the bit, against one element after the other in double or int64.
typedef struct {
  kb_scan_operation op;
  kb_dtype dtype;
  intptr_t dims[3], strides[3];
  size_t dim;
  bool reverse;
} scan;

static double get(kb_dtype dtype, const void *x, size_t i) {
  switch (dtype) {
    case KB_FLOAT32: return ((const float *)x)[i];
    case KB_FLOAT64: return ((const double *)x)[i];
    case KB_INT64: return (double)((const int64_t *)x)[i];
    default: return ((const int16_t *)x)[i];
  }
}

static void put(kb_dtype dtype, void *x, size_t i, double v) {
  switch (dtype) {
    case KB_FLOAT32: ((float *)x)[i] = (float)v; break;
    case KB_FLOAT64: ((double *)x)[i] = v; break;
    case KB_INT64: ((int64_t *)x)[i] = (int64_t)v; break;
    default: ((int16_t *)x)[i] = (int16_t)(int64_t)v; break;
  }
}

static bool precedes(kb_scan_operation op, double x, double a) {
  return isnan(x) || (op == KB_SCAN_MAX ? x >= a : x <= a);
}

// Integers are small enough that doubles hold all results, or wrap in the narrow one.
static double step(const scan *s, double a, double x) {
  switch (s->op) {
    case KB_SCAN_SUM: return a + x;
    case KB_SCAN_PROD: return a * x;
    default: return precedes(s->op, x, a) ? x : a;
  }
}

static void check_scan(const scan *s, const char *name) {
  const size_t size = kb_dtype_size(s->dtype);
  const size_t count = (size_t)(s->dims[0] * s->dims[1] * s->dims[2]);
  const bool whole = s->dtype == KB_INT64 || s->dtype == KB_INT16;
  const bool extreme = s->op == KB_SCAN_MAX || s->op == KB_SCAN_MIN;
  char *x = malloc(count * size), *y = malloc(count * size), *expected = malloc(count * size);
  int64_t *indices = malloc(count * sizeof *indices), *places = malloc(count * sizeof *places);
  for (size_t i = 0; i < count; i++) {
    double v = whole || extreme ? floor(draw(-4, 5)) : draw(-1.5, 1.5);
    if (s->op == KB_SCAN_PROD && whole) v = draw(0, 1) < 0.5 ? -1 : 1;
    if (!whole && extreme && draw(0, 1) < 0.3) v = -0.0;
    if (!whole && draw(0, 1) < 0.002) v = NAN;
    put(s->dtype, x, i, v);
  }
  const intptr_t inner = s->dim == 0 ? s->dims[1] * s->dims[2] : s->dim == 1 ? s->dims[2] : 1;
  const intptr_t length = s->dims[s->dim];
  for (size_t line = 0; line < count / (size_t)length; line++) {
    double a = s->op == KB_SCAN_PROD ? 1 : 0;
    int64_t where = 0;
    for (intptr_t k = 0; k < length; k++) {
      const intptr_t at = s->reverse ? length - 1 - k : k;
      const size_t i = line / (size_t)inner * (size_t)(inner * length) + line % (size_t)inner +
                       (size_t)(at * inner);
      const intptr_t c = (intptr_t)i % s->dims[2], b = (intptr_t)i / s->dims[2] % s->dims[1];
      const intptr_t first = (intptr_t)i / s->dims[2] / s->dims[1];
      const double v = get(
          s->dtype, x, (size_t)(first * s->strides[0] + b * s->strides[1] + c * s->strides[2]));
      if (extreme && (k == 0 || precedes(s->op, v, a))) where = at;
      a = extreme && k == 0 ? v : step(s, a, v);
      put(s->dtype, expected, i, a), places[i] = where;
    }
  }
  kb_scan(s->op, s->dtype, s->dtype, 3, s->dims, s->dim, s->reverse, x, s->strides, y,
          extreme ? indices : NULL);
  bool good = true;
  for (size_t i = 0; i < count; i++) {
    const double v = get(s->dtype, y, i), w = get(s->dtype, expected, i);
    good &= isnan(w) ? isnan(v) : v == w && signbit(v) == signbit(w);
    good &= !extreme || indices[i] == places[i];
  }
  require(good, name);
  free(x), free(y), free(expected), free(indices), free(places);
}

void check_scans(void) {
  static const kb_scan_operation ops[] = {KB_SCAN_SUM, KB_SCAN_PROD, KB_SCAN_MAX, KB_SCAN_MIN};
  static const kb_dtype dtypes[] = {KB_FLOAT32, KB_FLOAT64, KB_INT64, KB_INT16};
  static const intptr_t shapes[][3] = {{1, 1, 1},  {1, 3, 2},   {1, 5, 3},     {3, 4, 7},    {1, 9, 513},
                                      {2, 7, 30}, {1, 4, 1030}, {1, 1, 5000}, {2, 530, 3}, {2, 40, 131},
                                      {1, 515, 9}};
  for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++)
    for (size_t o = 0; o < sizeof ops / sizeof *ops; o++)
      for (size_t d = 0; d < sizeof dtypes / sizeof *dtypes; d++)
        for (size_t dim = 0; dim < 3; dim++)
          for (int kind = 0; kind < 6; kind++) {
            const intptr_t *dims = shapes[s];
            const intptr_t strides[3][3] = {{dims[1] * dims[2], dims[2], 1},
                                            {1, dims[0], dims[0] * dims[1]},
                                            {dims[1] * dims[2], 0, 1}};
            scan one = {.op = ops[o], .dtype = dtypes[d], .dim = dim, .reverse = kind & 1};
            for (int i = 0; i < 3; i++) one.dims[i] = dims[i], one.strides[i] = strides[kind / 2][i];
            char name[80];
            snprintf(name, sizeof name, "scan %d of dtype %d, shape %d along %d, kind %d", (int)o,
                     (int)dtypes[d], (int)s, (int)dim, kind);
            check_scan(&one, name);
          }
}
