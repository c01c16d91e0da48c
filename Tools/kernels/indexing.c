#include "check.h"

// Elements that meet, along each dimension of an array, against loops that are written out. Values are
// whole, so that sums are exact in each dtype.
typedef struct {
  kb_dtype dtype;
  size_t dim;
  intptr_t dims[3], index_dims[3], x_strides[3];
  bool assigns, shares_index; // one index for all elements along `dim`: index_add
} scattering;

static double get(kb_dtype dtype, const void *x, size_t i) {
  switch (dtype) {
    case KB_FLOAT32: return ((const float *)x)[i];
    case KB_FLOAT64: return ((const double *)x)[i];
    case KB_INT16: return ((const int16_t *)x)[i];
    case KB_COMPLEX128: return ((const double *)x)[2 * i] + 1000 * ((const double *)x)[2 * i + 1];
    default: return ((const uint8_t *)x)[i];
  }
}

static void put(kb_dtype dtype, void *x, size_t i, double v) {
  switch (dtype) {
    case KB_FLOAT32: ((float *)x)[i] = (float)v; break;
    case KB_FLOAT64: ((double *)x)[i] = v; break;
    case KB_INT16: ((int16_t *)x)[i] = (int16_t)v; break;
    case KB_COMPLEX128: ((double *)x)[2 * i] = v, ((double *)x)[2 * i + 1] = -v; break;
    default: ((uint8_t *)x)[i] = (uint8_t)v; break;
  }
}

static double value(kb_dtype dtype, double v) { return dtype == KB_COMPLEX128 ? v - 1000 * v : v; }

static void check_one(const scattering *s, const char *name) {
  const size_t size = kb_dtype_size(s->dtype);
  const size_t count = (size_t)(s->dims[0] * s->dims[1] * s->dims[2]);
  const size_t uses = (size_t)(s->index_dims[0] * s->index_dims[1] * s->index_dims[2]);
  char *x = malloc(count * size), *y = malloc(count * size), *source = malloc(uses * size);
  int64_t *index = malloc(uses * sizeof *index), bad;
  double *expected = malloc(count * sizeof *expected), *first = malloc(count * sizeof *first);
  for (size_t i = 0; i < count; i++) put(s->dtype, x, i, first[i] = floor(draw(0, 9)));
  for (size_t i = 0; i < count; i++) {
    const intptr_t c = (intptr_t)i % s->dims[2], b = (intptr_t)i / s->dims[2] % s->dims[1];
    const intptr_t a = (intptr_t)i / s->dims[2] / s->dims[1];
    expected[i] = first[a * s->x_strides[0] + b * s->x_strides[1] + c * s->x_strides[2]];
  }
  for (size_t i = 0; i < uses; i++) index[i] = (int64_t)draw(0, (double)s->dims[s->dim]);
  for (size_t i = 0; i < uses; i++) {
    intptr_t at[3] = {(intptr_t)i / s->index_dims[2] / s->index_dims[1],
                      (intptr_t)i / s->index_dims[2] % s->index_dims[1],
                      (intptr_t)i % s->index_dims[2]};
    const double v = floor(draw(0, 4));
    put(s->dtype, source, i, v);
    at[s->dim] = index[s->shares_index ? (size_t)at[s->dim] : i];
    double *to = expected + (at[0] * s->dims[1] + at[1]) * s->dims[2] + at[2];
    *to = s->assigns ? v : *to + v;
  }
  const kb_scatter_reduction op = s->assigns ? KB_SCATTER_ASSIGN : KB_SCATTER_ADD;
  const kb_status status =
      s->shares_index
          ? kb_index_update(op, true, s->dtype, 3, s->dims, s->dim, x, s->x_strides, y, index,
                            (size_t)s->index_dims[s->dim], 1, source, NULL, &bad)
          : kb_scatter(op, true, s->dtype, 3, s->dims, s->dim, x, s->x_strides, y, s->index_dims,
                       index, NULL, source, NULL, &bad);
  bool good = status == KB_OK;
  for (size_t i = 0; i < count; i++)
    good &= get(s->dtype, y, i) == value(s->dtype, expected[i]);
  require(good, name);
  free(x), free(y), free(source), free(index), free(expected), free(first);
}

// Lines that all take the same elements, and an index outside of them at any place.
static void check_index_select(intptr_t lines, intptr_t length, size_t uses, size_t size) {
  const intptr_t dims[2] = {lines, length};
  uint8_t *x = malloc((size_t)(lines * length) * size), *y = malloc((size_t)lines * uses * size);
  int64_t *index = malloc(uses * sizeof *index), bad = 0;
  for (size_t i = 0; i < (size_t)(lines * length) * size; i++) x[i] = (uint8_t)draw(0, 256);
  for (size_t i = 0; i < uses; i++) index[i] = (int64_t)draw(0, (double)length);
  bool good = kb_index_select(size, 2, dims, 1, x, NULL, index, uses, 1, y, &bad) == KB_OK;
  for (size_t i = 0; i < (size_t)lines * uses; i++) {
    const size_t from = i / uses * (size_t)length + (size_t)index[i % uses];
    good &= memcmp(y + i * size, x + from * size, size) == 0;
  }
  index[uses / 2] = uses % 2 ? length : -1;
  good &= kb_index_select(size, 2, dims, 1, x, NULL, index, uses, 1, y, &bad) ==
              KB_INDEX_OUT_OF_RANGE &&
          bad == index[uses / 2];
  require(good, "index_select of lines");
  free(x), free(y), free(index);
}

void check_indexing(void) {
  for (intptr_t lines = 1; lines <= 40; lines += 13)
    for (size_t uses = 1; uses <= 300; uses = uses * 3 + 1)
      for (size_t size = 1; size <= 16; size *= 2) check_index_select(lines, 77, uses, size);
  static const kb_dtype dtypes[] = {KB_FLOAT32, KB_FLOAT64, KB_INT16, KB_UINT8, KB_COMPLEX128};
  // Kinds of x: contiguous, one element, one row, transposed.
  static const intptr_t shapes[][3] = {{3, 5, 7},   {2, 64, 33}, {1, 1, 600}, {700, 1, 3},
                                      {4, 600, 1}, {9, 300, 5}, {40, 1, 9000}};
  for (size_t shape = 0; shape < sizeof shapes / sizeof *shapes; shape++)
    for (size_t d = 0; d < sizeof dtypes / sizeof *dtypes; d++)
      for (size_t dim = 0; dim < 3; dim++)
        for (int kind = 0; kind < 32; kind++) {
          const intptr_t *dims = shapes[shape];
          const intptr_t strides[4][3] = {{dims[1] * dims[2], dims[2], 1}, {0, 0, 0}, {0, 0, 1},
                                          {1, dims[0], dims[0] * dims[1]}};
          scattering s = {.dtype = dtypes[d], .dim = dim, .assigns = kind & 1,
                          .shares_index = kind >> 1 & 1};
          for (size_t i = 0; i < 3; i++) {
            s.dims[i] = s.index_dims[i] = dims[i], s.x_strides[i] = strides[kind >> 3 & 3][i];
          }
          // More or fewer indices than elements along the dimension, and not all of the others.
          s.index_dims[dim] += kind & 4 ? 3 : -(dims[dim] > 1);
          if (kind & 4 && !s.shares_index) s.index_dims[(dim + 1) % 3] = (dims[(dim + 1) % 3] + 1) / 2;
          char name[80];
          snprintf(name, sizeof name, "scatter of dtype %d, shape %d along %d, kind %d", (int)s.dtype,
                   (int)shape, (int)dim, kind);
          check_one(&s, name);
        }
}
