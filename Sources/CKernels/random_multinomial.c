// Categories drawn in proportion to weights.
#include "kb_alloc.h"
#include "random_internal.h"
#include "random_topk.h"

#include <math.h>

#pragma STDC FP_CONTRACT OFF

static bool row_is_valid(kb_dtype dtype, const void *weights, size_t begin, size_t categories) {
  bool positive = false;
  for (size_t i = 0; i < categories; i++) {
    double weight = kb_random_load(dtype, weights, begin + i);
    if (!(weight >= 0 && weight < INFINITY)) {
      return false;
    }
    positive = positive || weight > 0;
  }
  return positive;
}

// Running sums in the dtype (half types: float), divided by the total. A float is the same in
// double.
static void cumulate(kb_dtype dtype, const void *weights, size_t begin, size_t categories,
                     double *cumulative) {
  if (dtype == KB_FLOAT64) {
    double sum = 0;
    for (size_t i = 0; i < categories; i++) {
      sum += kb_random_load(dtype, weights, begin + i);
      cumulative[i] = sum;
    }
    for (size_t i = 0; i < categories; i++) {
      cumulative[i] /= sum;
    }
  } else {
    float sum = 0;
    for (size_t i = 0; i < categories; i++) {
      sum += (float)kb_random_load(dtype, weights, begin + i);
      cumulative[i] = sum;
    }
    for (size_t i = 0; i < categories; i++) {
      cumulative[i] = (float)cumulative[i] / sum;
    }
  }
  cumulative[categories - 1] = 1;
}

// The first category whose cumulative weight reaches the unit.
static int64_t search(const double *cumulative, size_t categories, double unit) {
  size_t low = 0, high = categories;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (cumulative[middle] < unit) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return (int64_t)low;
}

static void with_replacement(kb_generator *generator, kb_dtype dtype, size_t rows,
                             size_t categories, const void *weights, size_t samples, int64_t *out) {
  size_t bytes = categories * sizeof(double);
  double *cumulative = kb_scratch(bytes);
  for (size_t row = 0; row < rows; row++) {
    cumulate(dtype, weights, row * categories, categories, cumulative);
    for (size_t i = 0; i < samples; i++) {
      out[row * samples + i] = search(cumulative, categories, kb_random_unit(generator));
    }
  }
  kb_scratch_free(cumulative, bytes);
}

static int64_t first_largest(const kb_random_pair *pairs, size_t count) {
  size_t best = 0;
  for (size_t i = 1; i < count; i++) {
    bool larger = pairs[i].key > pairs[best].key;
    bool first_nan = pairs[i].key != pairs[i].key && pairs[best].key == pairs[best].key;
    if (larger || first_nan) {
      best = i;
    }
  }
  return (int64_t)best;
}

// Numbers of rate 1, in the order in which the elements lie: all columns of a row, or all rows of a
// column.
static void draw_waiting(kb_generator *generator, kb_dtype dtype, size_t rows, size_t categories,
                         bool by_columns, double *waiting) {
  for (size_t i = 0; i < rows * categories; i++) {
    size_t place = by_columns ? i % rows * categories + i / rows : i;
    waiting[place] = kb_random_round(dtype, -1.0 * log1p(-kb_random_unit(generator)));
  }
}

// weight / (a number of rate 1): the largest such quotients belong to a weighted choice without
// replacement (Efraimidis and Spirakis 2006), the largest one alone to a weighted choice.
static void without_replacement(kb_generator *generator, kb_dtype dtype, size_t rows,
                                size_t categories, const void *weights, bool by_columns,
                                size_t samples, int64_t *out) {
  size_t bytes = categories * sizeof(kb_random_pair);
  size_t waiting_bytes = rows * categories * sizeof(double);
  kb_random_pair *pairs = kb_scratch(bytes);
  double *waiting = kb_scratch(waiting_bytes);
  draw_waiting(generator, dtype, rows, categories, by_columns, waiting);
  for (size_t row = 0; row < rows; row++) {
    for (size_t i = 0; i < categories; i++) {
      double weight = kb_random_load(dtype, weights, row * categories + i);
      double time = waiting[row * categories + i];
      double key = dtype == KB_FLOAT64 ? weight / time : (float)weight / (float)time;
      pairs[i] = (kb_random_pair){kb_random_round(dtype, key), (int64_t)i};
    }
    if (samples == 1) {
      out[row] = first_largest(pairs, categories);
      continue;
    }
    kb_random_topk(pairs, categories, samples);
    for (size_t i = 0; i < samples; i++) {
      out[row * samples + i] = pairs[i].index;
    }
  }
  kb_scratch_free(waiting, waiting_bytes);
  kb_scratch_free(pairs, bytes);
}

kb_status kb_random_multinomial(kb_generator *generator, kb_dtype dtype, size_t rows,
                                size_t categories, const void *weights, bool by_columns,
                                size_t samples, bool replacement, int64_t *out) {
  for (size_t row = 0; row < rows; row++) {
    if (!row_is_valid(dtype, weights, row * categories, categories)) {
      return KB_INVALID_VALUE;
    }
  }
  if (rows == 0 || samples == 0) {
    return KB_OK;
  }
  if (replacement && samples > 1) {
    with_replacement(generator, dtype, rows, categories, weights, samples, out);
  } else {
    without_replacement(generator, dtype, rows, categories, weights, by_columns, samples, out);
  }
  return KB_OK;
}
