// Normalised channels that are rectified, and their gradients, against a plain double witness, and bit for bit
// against the separate steps.
#include "check.h"

typedef struct sizes {
  size_t batch, channels, inner;
} sizes;

static size_t channel_at(sizes s, size_t i) { return i / s.inner % s.channels; }

static double element(kb_dtype dtype, const void *x, size_t i) {
  return dtype == KB_FLOAT64 ? ((const double *)x)[i] : (double)((const float *)x)[i];
}

static void *draw_elements(kb_dtype dtype, size_t count, double low, double high) {
  return dtype == KB_FLOAT64 ? (void *)draw_doubles(count, low, high)
                             : (void *)draw_floats(count, low, high);
}

static void set(kb_dtype dtype, void *x, size_t i, double value) {
  if (dtype == KB_FLOAT64)
    ((double *)x)[i] = value;
  else
    ((float *)x)[i] = (float)value;
}

// The same bits; of NaN the sign is left to the order in which a compiler takes the two operands of a sum.
static bool same(kb_dtype dtype, size_t count, const void *a, const void *b) {
  const size_t size = kb_dtype_size(dtype);
  for (size_t i = 0; i < count; i++) {
    const double x = element(dtype, a, i), y = element(dtype, b, i);
    if (isnan(x) && isnan(y)) continue;
    if (memcmp((const char *)a + i * size, (const char *)b + i * size, size) != 0) return false;
  }
  return true;
}

// What ReLU and its gradient treat specially: sums that are zeros of both signs, NaN and infinities.
static void place_special(kb_dtype dtype, sizes s, void *x, const void *mean) {
  const double special[] = {NAN, INFINITY, -INFINITY, 0, -0.0};
  const size_t count = s.batch * s.channels * s.inner;
  for (size_t i = 0; i < count; i += 7)
    set(dtype, x, i, i % 3 ? element(dtype, mean, channel_at(s, i)) : special[i / 7 % 5]);
}

static void separately(kb_dtype dtype, sizes s, const void *z, const void *shortcut, void *y) {
  for (size_t i = 0; i < s.batch * s.channels * s.inner; i++) {
    if (dtype == KB_FLOAT64) {
      const double sum = ((const double *)z)[i] + (shortcut ? ((const double *)shortcut)[i] : -0.0);
      ((double *)y)[i] = sum <= 0 ? 0 : sum;
    } else {
      const float sum = ((const float *)z)[i] + (shortcut ? ((const float *)shortcut)[i] : -0.0f);
      ((float *)y)[i] = sum <= 0 ? 0 : sum;
    }
  }
}

static void check_forward(kb_dtype dtype, sizes s, bool affine, bool adds, bool special) {
  const size_t count = s.batch * s.channels * s.inner, bytes = count * kb_dtype_size(dtype);
  void *x = draw_elements(dtype, count, -1, 3), *added = draw_elements(dtype, count, -1, 1);
  void *mean = draw_elements(dtype, s.channels, 0, 2), *rstd = draw_elements(dtype, s.channels, 1, 2);
  void *weight = draw_elements(dtype, s.channels, -2, 2), *bias = draw_elements(dtype, s.channels, -1, 1);
  void *y = malloc(bytes + 1), *z = malloc(bytes + 1), *expected = malloc(bytes + 1);
  const void *w = affine ? weight : NULL, *b = affine ? bias : NULL;
  const void *shortcut = adds ? added : NULL;
  if (special) place_special(dtype, s, x, mean);
  kb_channel_rectify(dtype, s.batch, s.channels, s.inner, x, mean, rstd, w, b, shortcut, y);
  kb_channel_normalize(dtype, s.batch, s.channels, s.inner, x, mean, rstd, w, b, z);
  separately(dtype, s, z, shortcut, expected);
  require(same(dtype, count, y, expected), "rectified channels are the bits of separate steps");
  for (size_t i = 0; i < count && !special; i++) {
    const size_t c = channel_at(s, i);
    double exact = (element(dtype, x, i) - element(dtype, mean, c)) * element(dtype, rstd, c);
    if (affine) exact = exact * element(dtype, weight, c) + element(dtype, bias, c);
    if (adds) exact += element(dtype, added, i);
    compare(element(dtype, y, i), exact > 0 ? exact : 0,
            dtype == KB_FLOAT64 ? DBL_EPSILON : FLT_EPSILON);
  }
  free(x), free(added), free(mean), free(rstd), free(weight), free(bias);
  free(y), free(z), free(expected);
}

// dy, or 0 where the rectified y is.
static void *masked(kb_dtype dtype, size_t count, const void *dy, const void *y) {
  void *result = malloc(count * kb_dtype_size(dtype) + 1);
  for (size_t i = 0; i < count; i++)
    set(dtype, result, i, element(dtype, y, i) == 0 ? 0 : element(dtype, dy, i));
  return result;
}

static void check_backward(kb_dtype dtype, sizes s, bool affine, bool special) {
  const size_t count = s.batch * s.channels * s.inner, size = kb_dtype_size(dtype);
  void *x = draw_elements(dtype, count, -1, 3), *dy = draw_elements(dtype, count, -1, 1);
  void *mean = draw_elements(dtype, s.channels, 0, 2), *rstd = draw_elements(dtype, s.channels, 1, 2);
  void *weight = draw_elements(dtype, s.channels, -2, 2), *bias = draw_elements(dtype, s.channels, -1, 1);
  char *y = malloc(count * size + 1), *found[3], *expected[3];
  const size_t bytes[] = {count * size, s.channels * size, s.channels * size};
  for (int k = 0; k < 3; k++) found[k] = malloc(bytes[k] + 1), expected[k] = malloc(bytes[k] + 1);
  const void *w = affine ? weight : NULL, *b = affine ? bias : NULL;
  if (special) place_special(dtype, s, x, mean);
  kb_channel_rectify(dtype, s.batch, s.channels, s.inner, x, mean, rstd, w, b, NULL, y);
  void *g = masked(dtype, count, dy, y);
  for (int training = 0; training < 2; training++) {
    kb_channel_normalize_backward(training, dtype, s.batch, s.channels, s.inner, g, x, mean, rstd, w,
                                  expected[0], expected[1], expected[2]);
    kb_channel_rectify_backward(training, dtype, s.batch, s.channels, s.inner, dy, x, mean, rstd, w,
                                b, found[0], found[1], found[2]);
    for (int k = 0; k < 3; k++)
      require(same(dtype, bytes[k] / size, found[k], expected[k]),
              "gradients of rectified channels are the bits of separate steps");
  }
  kb_channel_rectify_backward(true, dtype, s.batch, s.channels, s.inner, dy, x, mean, rstd, w, b,
                              NULL, NULL, found[2]);
  require(same(dtype, s.channels, found[2], expected[2]), "the bias's gradient alone");
  const double n = (double)(s.batch * s.inner), unit = dtype == KB_FLOAT64 ? DBL_EPSILON : FLT_EPSILON;
  for (size_t c = 0; c < s.channels && !special; c++) {
    double sum = 0, product = 0;
    const double m = element(dtype, mean, c), r = element(dtype, rstd, c);
    for (size_t i = 0; i < count; i++) {
      if (channel_at(s, i) != c) continue;
      sum += element(dtype, g, i);
      product += element(dtype, g, i) * (element(dtype, x, i) - m) * r;
    }
    compare(element(dtype, found[2], c), sum, unit * n);
    compare(element(dtype, expected[1], c), product, unit * n);
    for (size_t i = 0; i < count; i++) {
      if (channel_at(s, i) != c) continue;
      const double normal = (element(dtype, x, i) - m) * r;
      const double exact = r * (affine ? element(dtype, weight, c) : 1) *
                           (element(dtype, g, i) - sum / n - normal * product / n);
      compare(element(dtype, found[0], i), exact, 16 * unit);
    }
  }
  free(x), free(dy), free(mean), free(rstd), free(weight), free(bias), free(y), free(g);
  for (int k = 0; k < 3; k++) free(found[k]), free(expected[k]);
}

void check_rectified_channels(void) {
  // Single elements, few channels, short runs, ragged ends, whole vectors, and several channels at a time.
  const sizes all[] = {{1, 1, 1},  {5, 1, 3},    {7, 9, 1},    {3, 4, 50},   {3, 9, 7},
                       {2, 8, 17}, {3, 11, 64},  {2, 13, 33},  {0, 8, 9},    {2, 65, 1100}};
  const kb_dtype dtypes[] = {KB_FLOAT32, KB_FLOAT64};
  for (int threads = 1; threads <= 3; threads += 2) {
    kb_set_thread_count(threads);
    for (size_t k = 0; k < sizeof all / sizeof *all; k++) {
      for (int d = 0; d < 2; d++) {
        for (int options = 0; options < 8; options++)
          check_forward(dtypes[d], all[k], options & 1, options & 2, options & 4);
      }
    }
  }
  report("rectified channels, eps", 1, 24);
  for (int threads = 1; threads <= 3; threads += 2) {
    kb_set_thread_count(threads);
    for (size_t k = 0; k < sizeof all / sizeof *all; k++) {
      for (int d = 0; d < 2; d++) {
        for (int options = 0; options < 4; options++)
          check_backward(dtypes[d], all[k], options & 1, options & 2);
      }
    }
  }
  report("gradients of rectified channels, eps", 1, 4);
  kb_set_thread_count(1);
}
