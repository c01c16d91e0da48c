#include "check.h"

static int ascending(const void *a, const void *b) {
  float x = *(const float *)a, y = *(const float *)b;
  return (x > y) - (x < y);
}

static void check_sums(void) {
  enum { rows = 130, columns = 1037 };
  float *x = draw_floats(rows * columns, -1, 2);
  intptr_t dims[] = {rows, columns};
  for (int dim = 0; dim < 2; dim++) {
    bool reduced[] = {dim == 0, dim == 1};
    size_t results = dim == 0 ? columns : rows, length = dim == 0 ? rows : columns;
    float sum[columns], largest[columns], variance[columns], one_thread[columns];
    kb_set_thread_count(1);
    kb_reduce(KB_REDUCE_SUM, KB_FLOAT32, KB_FLOAT32, 2, dims, reduced, x, NULL, one_thread);
    kb_set_thread_count(3);
    kb_reduce(KB_REDUCE_SUM, KB_FLOAT32, KB_FLOAT32, 2, dims, reduced, x, NULL, sum);
    kb_reduce(KB_REDUCE_MAX, KB_FLOAT32, KB_FLOAT32, 2, dims, reduced, x, NULL, largest);
    kb_variance(KB_FLOAT32, 2, dims, reduced, x, NULL, 1, false, variance, NULL);
    require(memcmp(sum, one_thread, results * 4) == 0, "sums do not depend on the threads");
    for (size_t r = 0; r < results; r++) {
      double exact = 0, most = -INFINITY, squares = 0;
      for (size_t i = 0; i < length; i++) {
        double element = x[dim == 0 ? i * columns + r : r * columns + i];
        exact += element;
        most = fmax(most, element);
      }
      for (size_t i = 0; i < length; i++) {
        double element = x[dim == 0 ? i * columns + r : r * columns + i];
        squares += (element - exact / (double)length) * (element - exact / (double)length);
      }
      compare(sum[r], exact, (double)length * FLT_EPSILON);
      compare(variance[r], squares / (double)(length - 1), 4 * FLT_EPSILON);
      require(largest[r] == (float)most, "the largest element");
    }
  }
  report("sums and variances, eps", 1, 2);
  free(x);
}

static void check_rows(void) {
  enum { rows = 37, columns = 131 };
  float *x = draw_floats(rows * columns, -9, 9), *y = malloc(rows * columns * 4);
  intptr_t dims[] = {rows, columns};
  kb_softmax(false, KB_FLOAT32, 2, dims, 1, x, NULL, y);
  for (size_t r = 0; r < rows; r++) {
    double sum = 0;
    for (size_t i = 0; i < columns; i++) sum += exp(x[r * columns + i]);
    for (size_t i = 0; i < columns; i++) {
      double exact = exp(x[r * columns + i]) / sum;
      compare(y[r * columns + i], exact, exact * FLT_EPSILON);
    }
  }
  report("softmax, relative eps", 1, 20);

  kb_normalize_rows(false, KB_FLOAT32, rows, columns, (kb_affine){1, 1}, x, NULL, NULL, 1e-5, y,
                    NULL, NULL);
  for (size_t r = 0; r < rows; r++) {
    double mean = 0, variance = 0;
    for (size_t i = 0; i < columns; i++) mean += x[r * columns + i] / (double)columns;
    for (size_t i = 0; i < columns; i++) {
      variance += (x[r * columns + i] - mean) * (x[r * columns + i] - mean) / columns;
    }
    for (size_t i = 0; i < columns; i++) {
      compare(y[r * columns + i], (x[r * columns + i] - mean) / sqrt(variance + 1e-5), FLT_EPSILON);
    }
  }
  report("layer norm, eps", 1, 8);

  int64_t *indices = malloc(rows * columns * 8);
  kb_sort(KB_FLOAT32, 2, dims, 1, false, x, NULL, y, indices);
  for (size_t r = 0; r < rows; r++) {
    for (size_t i = 0; i < columns; i++) {
      require(x[r * columns + (size_t)indices[r * columns + i]] == y[r * columns + i],
              "indices of a sort");
    }
    qsort(x + r * columns, columns, 4, ascending);
  }
  require(memcmp(x, y, rows * columns * 4) == 0, "sort");
  free(x), free(y), free(indices);
}

void check_reductions(void) {
  check_sums();
  check_rows();
}
