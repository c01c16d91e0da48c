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

static double element_of(kb_dtype dtype, const void *x, size_t i) {
  return dtype == KB_FLOAT32   ? ((const float *)x)[i]
         : dtype == KB_FLOAT64 ? ((const double *)x)[i]
                               : (double)((const int64_t *)x)[i];
}

// Few different values, so that many are equal, and a NaN in one row and one column.
static void check_places(void) {
  const intptr_t shapes[][2] = {{130, 1037}, {9, 40}, {1, 70}, {70000, 17}, {3, 9000}};
  const kb_dtype dtypes[] = {KB_FLOAT32, KB_FLOAT64, KB_INT64};
  bool right = true;
  for (size_t s = 0; s < 15; s++) {
    const intptr_t *dims = shapes[s % 5];
    const kb_dtype dtype = dtypes[s / 5];
    const size_t rows = (size_t)dims[0], columns = (size_t)dims[1], count = rows * columns;
    double *x = draw_doubles(count, 0, (double)(rows > 1000 ? 100000 : 50));
    for (size_t i = 0; i < count; i++) {
      const int64_t whole = (int64_t)x[i];
      if (dtype == KB_FLOAT32) ((float *)x)[i] = (float)whole;
      if (dtype == KB_FLOAT64) x[i] = (double)whole;
      if (dtype == KB_INT64) memcpy(x + i, &whole, 8);
    }
    if (dtype == KB_FLOAT32) ((float *)x)[count / 3] = ((float *)x)[count / 2] = NAN;
    if (dtype == KB_FLOAT64) x[count / 3] = x[count / 2] = NAN;
    int64_t *places = malloc((rows + columns) * sizeof *places);
    for (int kind = 0; kind < 4; kind++) {
      const bool largest = kind & 1, along = kind & 2, reduced[] = {!along, along};
      const size_t results = along ? rows : columns, length = along ? columns : rows;
      kb_arg_reduce(largest, dtype, 2, dims, reduced, x, NULL, NULL, places);
      for (size_t r = 0; r < results; r++) {
        size_t first = 0;
        double best = 0;
        for (size_t i = 0; i < length; i++) {
          const double e = element_of(dtype, x, along ? r * columns + i : i * columns + r);
          if (i > 0 && (isnan(best) || (largest ? e <= best : e >= best))) continue;
          best = e, first = i;
        }
        right &= places[r] == (int64_t)first;
      }
    }
    free(x), free(places);
  }
  require(right, "places of the extremes");
}

// The sum of a group's result against a run of the group and a sum of what it has written.
static void check_sums_of_groups(void) {
  const intptr_t shapes[][2] = {{3, 5000}, {130, 1037}, {700, 300}, {1, 300000}};
  kb_fused_program *program = kb_fused_program_make(KB_FLOAT32);
  const uint16_t x = (uint16_t)kb_fused_append_input(program, false);
  const uint16_t y = (uint16_t)kb_fused_append_input(program, false);
  const uint16_t operands[] = {x, y};
  const int difference = kb_fused_append(program, KB_OP_sub, operands);
  const uint16_t twice[] = {(uint16_t)difference, (uint16_t)difference};
  kb_fused_append_result(program, difference);
  kb_fused_append_result(program, kb_fused_append(program, KB_OP_mul, twice));
  kb_fused *fused = kb_fused_make(program);
  kb_fused_program_free(program);
  for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
    const intptr_t *dims = shapes[s];
    const size_t count = (size_t)(dims[0] * dims[1]);
    float *a = draw_floats(count, -1, 2), b = 0.25f;
    float *written = malloc(count * 4), *squares = malloc(count * 4), *kept = malloc(count * 4);
    float *sums = malloc(count * 4), *together = malloc(count * 4);
    const intptr_t still[] = {0, 0}, *strides[] = {NULL, still};
    const void *inputs[] = {a, &b};
    kb_fused_run(fused, 2, dims, inputs, strides, (void *[]){written, squares});
    for (int reduce = 1; reduce < 4; reduce++) {
      const bool reduced[] = {reduce & 1, reduce >> 1};
      if (!kb_fused_reduces_well(2, dims, reduced)) continue;
      const size_t results = (reduced[0] ? 1 : (size_t)dims[0]) * (reduced[1] ? 1 : (size_t)dims[1]);
      kb_reduce(KB_REDUCE_MEAN, KB_FLOAT32, KB_FLOAT32, 2, dims, reduced, squares, NULL, sums);
      kb_set_thread_count(3);
      kb_fused_reduce(fused, 1, true, 2, dims, reduced, inputs, 2, (void *[]){kept, together});
      kb_set_thread_count(1);
      require(memcmp(sums, together, results * 4) == 0, "means of a group's result");
      require(memcmp(written, kept, count * 4) == 0, "the other result of the group");
    }
    free(a), free(written), free(squares), free(kept), free(sums), free(together);
  }
  kb_fused_free(fused);
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

// Channels of runs so long that several go together; one is left alone.
static void check_channels(void) {
  enum { batch = 3, channels = 65, inner = 1100, count = batch * channels * inner };
  float *x = draw_floats(count, -1, 3), *dy = draw_floats(count, -1, 1);
  float *dx = malloc(count * 4), *again = malloc(count * 4);
  float mean[channels], variance[channels], rstd[channels], dweight[channels], dbias[channels];
  float kept[4][channels];
  kb_set_thread_count(1);
  kb_channel_statistics(KB_FLOAT32, batch, channels, inner, x, mean, variance);
  for (size_t c = 0; c < channels; c++) rstd[c] = 1 / sqrtf(variance[c] + 1e-5f);
  kb_channel_normalize_backward(true, KB_FLOAT32, batch, channels, inner, dy, x, mean, rstd, NULL,
                                dx, dweight, dbias);
  for (size_t c = 0; c < channels; c++) {
    const double n = batch * inner;
    double sum = 0, squares = 0;
    for (size_t i = 0; i < batch * inner; i++)
      sum += x[i / inner * channels * inner + c * inner + i % inner];
    for (size_t i = 0; i < batch * inner; i++) {
      const double d = x[i / inner * channels * inner + c * inner + i % inner] - sum / n;
      squares += d * d;
    }
    compare(mean[c], sum / n, FLT_EPSILON);
    compare(variance[c], squares / n, FLT_EPSILON);
  }
  report("statistics of channels, eps", 1, 4);
  for (int threads = 2; threads <= 16; threads *= 2) {
    kb_set_thread_count(threads);
    kb_channel_statistics(KB_FLOAT32, batch, channels, inner, x, kept[0], kept[1]);
    kb_channel_normalize_backward(true, KB_FLOAT32, batch, channels, inner, dy, x, mean, rstd, NULL,
                                  again, kept[2], kept[3]);
    require(memcmp(kept[0], mean, sizeof mean) == 0 &&
                memcmp(kept[1], variance, sizeof mean) == 0 &&
                memcmp(kept[2], dweight, sizeof mean) == 0 &&
                memcmp(kept[3], dbias, sizeof mean) == 0 && memcmp(dx, again, count * 4) == 0,
            "channels do not depend on the threads");
  }
  kb_set_thread_count(1);
  free(x), free(dy), free(dx), free(again);
}

void check_reductions(void) {
  check_sums();
  check_places();
  check_sums_of_groups();
  check_rows();
  check_channels();
}
