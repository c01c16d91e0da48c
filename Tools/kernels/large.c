#include "check.h"

// Arrays larger than the caches: results are written past these, from wherever a row begins.
enum { ROWS = 4099, COLUMNS = 1031, COUNT = ROWS * COLUMNS };

// Some rows, the last one among them.
#define EACH_ROW(r) for (size_t r = 0; r < ROWS; r += r + 1 == ROWS ? 1 : r + 97 < ROWS ? 97 : ROWS - 1 - r)

static void check_softmax(const float *x, const float *dy, float *y, float *dx) {
  const intptr_t dims[] = {ROWS, COLUMNS};
  kb_softmax(false, KB_FLOAT32, 2, dims, 1, x, NULL, y);
  kb_softmax_backward(false, KB_FLOAT32, 2, dims, 1, dy, NULL, y, NULL, dx);
  EACH_ROW(r) {
    const size_t at = r * COLUMNS;
    double sum = 0, product = 0;
    for (size_t i = 0; i < COLUMNS; i++) sum += exp(x[at + i]);
    for (size_t i = 0; i < COLUMNS; i++) product += dy[at + i] * exp(x[at + i]) / sum;
    for (size_t i = 0; i < COLUMNS; i++) {
      const double exact = exp(x[at + i]) / sum;
      compare(y[at + i], exact, exact * FLT_EPSILON);
      compare(dx[at + i], exact * (dy[at + i] - product), exact * 4 * FLT_EPSILON);
    }
  }
  report("softmax of a large array, relative eps", 1, 20);
}

static void check_layer_norm(const float *x, const float *dy, float *y, float *dx) {
  float *mean = malloc(ROWS * 4), *rstd = malloc(ROWS * 4);
  kb_normalize_rows(false, KB_FLOAT32, ROWS, COLUMNS, (kb_affine){1, 1}, x, NULL, NULL, 1e-5, y,
                    mean, rstd);
  kb_normalize_rows_backward(false, KB_FLOAT32, ROWS, COLUMNS, (kb_affine){1, 1}, dy, x, mean, rstd,
                             NULL, dx, NULL, NULL);
  EACH_ROW(r) {
    const size_t at = r * COLUMNS;
    double m = 0, variance = 0, a = 0, b = 0;
    for (size_t i = 0; i < COLUMNS; i++) m += x[at + i] / (double)COLUMNS;
    for (size_t i = 0; i < COLUMNS; i++) variance += (x[at + i] - m) * (x[at + i] - m) / COLUMNS;
    const double scale = 1 / sqrt(variance + 1e-5);
    for (size_t i = 0; i < COLUMNS; i++) {
      a += dy[at + i] / (double)COLUMNS;
      b += dy[at + i] * (x[at + i] - m) * scale / COLUMNS;
    }
    for (size_t i = 0; i < COLUMNS; i++) {
      const double normal = (x[at + i] - m) * scale;
      compare(y[at + i], normal, FLT_EPSILON);
      compare(dx[at + i], scale * (dy[at + i] - a - normal * b), FLT_EPSILON);
    }
  }
  report("layer norm of a large array, eps", 1, 8);
  free(mean), free(rstd);
}

static void check_index_select(const float *x, float *y) {
  const intptr_t dims[] = {ROWS, COLUMNS};
  int64_t *rows = malloc(ROWS * 8), bad;
  for (size_t r = 0; r < ROWS; r++) rows[r] = (int64_t)draw(0, ROWS);
  require(kb_index_select(4, 2, dims, 0, x, NULL, rows, ROWS, 1, y, &bad) == KB_OK, "index_select");
  for (size_t r = 0; r < ROWS; r++)
    require(memcmp(y + r * COLUMNS, x + (size_t)rows[r] * COLUMNS, COLUMNS * 4) == 0,
            "rows of a large array");
  rows[ROWS - 1] = ROWS;
  require(kb_index_select(4, 2, dims, 0, x, NULL, rows, ROWS, 1, y, &bad) == KB_INDEX_OUT_OF_RANGE,
          "an index out of range");
  free(rows);
}

static void check_gather(const float *x, float *y) {
  const intptr_t dims[] = {ROWS, COLUMNS};
  int64_t *index = malloc(COUNT * 8), bad = 0;
  for (size_t i = 0; i < COUNT; i++) index[i] = (int64_t)draw(0, COLUMNS);
  require(kb_gather_along(4, 2, dims, 1, COLUMNS, x, NULL, index, NULL, y, &bad) == KB_OK, "gather");
  bool same = true;
  for (size_t i = 0; i < COUNT; i++) same &= y[i] == x[i / COLUMNS * COLUMNS + (size_t)index[i]];
  require(same, "elements of a large array");
  index[COUNT - 7] = -3;
  require(kb_gather_along(4, 2, dims, 1, COLUMNS, x, NULL, index, NULL, y, &bad) ==
                  KB_INDEX_OUT_OF_RANGE &&
              bad == -3,
          "a negative index");
  free(index);
}

// Rows and elements that meet in a large array: in order, whatever the threads.
static void check_meeting(const float *x, float *y) {
  const intptr_t dims[] = {ROWS, COLUMNS};
  enum { MORE = 3 * ROWS };
  int64_t *rows = malloc(MORE * 8), *index = malloc(COUNT * 8), bad;
  float *sums = malloc(COUNT * 4), *source = draw_floats((size_t)MORE * COLUMNS, -1, 1);
  for (size_t r = 0; r < MORE; r++) rows[r] = (int64_t)draw(0, ROWS);
  memcpy(sums, x, COUNT * 4);
  require(kb_index_update(KB_SCATTER_ADD, true, KB_FLOAT32, 2, dims, 0, x, NULL, y, rows, MORE,
                          1, source, NULL, &bad) == KB_OK,
          "index_add");
  for (size_t r = 0; r < MORE; r++)
    for (size_t i = 0; i < COLUMNS; i++)
      sums[(size_t)rows[r] * COLUMNS + i] += source[r * COLUMNS + i];
  require(memcmp(y, sums, COUNT * 4) == 0, "rows added to rows");

  for (size_t i = 0; i < COUNT; i++) index[i] = (int64_t)draw(0, COLUMNS);
  memcpy(sums, x, COUNT * 4);
  require(kb_scatter(KB_SCATTER_ADD, true, KB_FLOAT32, 2, dims, 1, x, NULL, y, dims, index,
                     NULL, source, NULL, &bad) == KB_OK,
          "scatter_add");
  for (size_t i = 0; i < COUNT; i++) sums[i / COLUMNS * COLUMNS + (size_t)index[i]] += source[i];
  require(memcmp(y, sums, COUNT * 4) == 0, "elements added along rows");
  free(rows), free(index), free(sums), free(source);
}

static void check_exponential(const float *x, float *y) {
  // A multiple of 64 bytes, as arrays of the allocator.
  float *out = aligned_alloc(64, (COUNT * 4 / 64 + 1) * 64);
  kb_unary(KB_OP_exp, KB_FLOAT32, COUNT, x, out);
  kb_unary(KB_OP_exp, KB_FLOAT32, COUNT, x, y);
  require(memcmp(out, y, COUNT * 4) == 0, "exponentials with and without streaming");
  free(out);
}

// Of doubles, which are more than 32 MB.
static void check_extremes(const float *x) {
  const intptr_t dims[2] = {ROWS, COLUMNS};
  double *wide = malloc(COUNT * sizeof *wide), *found = malloc(ROWS * sizeof *found);
  for (size_t i = 0; i < COUNT; i++) wide[i] = x[i];
  for (int least = 0; least < 2; least++) {
    kb_reduce(least ? KB_REDUCE_MIN : KB_REDUCE_MAX, KB_FLOAT64, KB_FLOAT64, 2, dims,
              (const bool[2]){false, true}, wide, NULL, found);
    for (size_t r = 0; r < ROWS; r++) {
      float extreme = x[r * COLUMNS];
      for (size_t i = 1; i < COLUMNS; i++) {
        const float value = x[r * COLUMNS + i];
        if (least ? value < extreme : value > extreme) extreme = value;
      }
      require(found[r] == extreme, "extreme of a row of a large array");
    }
  }
  free(wide), free(found);
}

void check_large(void) {
  float *x = draw_floats(COUNT, -4, 4), *dy = draw_floats(COUNT, -1, 1);
  // An address that is a multiple of 4 only.
  float *memory = malloc(2 * (COUNT + 4) * 4), *y = memory + 1, *dx = y + COUNT + 2;
  kb_set_thread_count(2);
  check_softmax(x, dy, y, dx);
  check_layer_norm(x, dy, y, dx);
  check_index_select(x, y);
  check_gather(x, y);
  check_meeting(x, y);
  check_exponential(x, y);
  check_extremes(x);
  kb_set_thread_count(1);
  free(x), free(dy), free(memory);
}
