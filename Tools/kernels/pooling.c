#include "check.h"

// The number of the first largest element of a window, or of its last NaN: what PyTorch chooses. −1: the window
// is empty.
static int find_largest(const kb_window *w, const double *x, const intptr_t o[3], double *largest) {
  int where = -1, number = 0;
  for (intptr_t kz = 0; kz < w->kernel[0]; kz++) {
    for (intptr_t ky = 0; ky < w->kernel[1]; ky++) {
      for (intptr_t kx = 0; kx < w->kernel[2]; kx++, number++) {
        const intptr_t k[3] = {kz, ky, kx};
        intptr_t at = 0;
        bool inside = true;
        for (int d = 0; d < 3; d++) {
          const intptr_t i = o[d] * w->stride[d] + k[d] * w->dilation[d] - w->padding_begin[d];
          inside &= i >= 0 && i < w->input[d];
          at = at * w->input[d] + i;
        }
        if (!inside || (where >= 0 && !(x[at] > *largest) && !isnan(x[at]))) continue;
        where = number, *largest = x[at];
      }
    }
  }
  return where;
}

static intptr_t position(const kb_window *w, const intptr_t o[3], int number) {
  const intptr_t k[3] = {number / (w->kernel[1] * w->kernel[2]), number / w->kernel[2] % w->kernel[1],
                         number % w->kernel[2]};
  intptr_t at = 0;
  for (int d = 0; d < 3; d++)
    at = at * w->input[d] + o[d] * w->stride[d] + k[d] * w->dilation[d] - w->padding_begin[d];
  return at;
}

typedef enum { PLAIN, TIES, NANS, KINDS } elements;

// Draws what dtype can hold: floats, or whole numbers.
static void fill(kb_dtype dtype, elements kind, size_t count, double *exact, void *x) {
  for (size_t i = 0; i < count; i++) {
    exact[i] = (float)draw(-4, 4);
    if (kind == TIES || dtype == KB_INT32) exact[i] = round(exact[i]);
    if (kind == NANS && dtype != KB_INT32 && draw(0, 1) < 0.02) exact[i] = NAN;
    if (kind == TIES && dtype != KB_INT32 && i < count / 3) exact[i] = -INFINITY;
    if (dtype == KB_FLOAT32) ((float *)x)[i] = (float)exact[i];
    if (dtype == KB_FLOAT64) ((double *)x)[i] = exact[i];
    if (dtype == KB_INT32) ((int32_t *)x)[i] = (int32_t)exact[i];
  }
}

static double element(kb_dtype dtype, const void *x, size_t i) {
  return dtype == KB_FLOAT32   ? ((const float *)x)[i]
         : dtype == KB_FLOAT64 ? ((const double *)x)[i]
                               : ((const int32_t *)x)[i];
}

static bool is_same(double a, double b) { return a == b || (isnan(a) && isnan(b)); }

static void check_window(kb_dtype dtype, const kb_window *w, elements kind) {
  enum { PLANES = 3 };
  const size_t inputs = (size_t)(w->input[0] * w->input[1] * w->input[2]);
  const size_t outputs = (size_t)(w->output[0] * w->output[1] * w->output[2]);
  double *exact_x = malloc(PLANES * inputs * 8), *exact_dy = malloc(PLANES * outputs * 8);
  double *exact_dx = calloc(PLANES * inputs, 8);
  void *x = malloc(PLANES * inputs * 8), *dx = malloc(PLANES * inputs * 8);
  void *y = malloc(PLANES * outputs * 8), *alone = malloc(PLANES * outputs * 8);
  void *dy = malloc(PLANES * outputs * 8), *chosen = malloc(PLANES * outputs * 8);
  uint8_t *which = malloc(PLANES * outputs);
  fill(dtype, kind, PLANES * inputs, exact_x, x);
  fill(dtype, PLAIN, PLANES * outputs, exact_dy, dy);
  kb_max_pool(dtype, w, PLANES, x, alone, NULL);
  kb_max_pool_which(dtype, w, PLANES, x, y, which);
  kb_pool_spread(dtype, w, PLANES, dy, which, dx);
  kb_pool_choose(dtype, w, PLANES, x, which, chosen);
  size_t n = 0;
  for (size_t plane = 0; plane < PLANES; plane++) {
    intptr_t o[3];
    for (o[0] = 0; o[0] < w->output[0]; o[0]++) {
      for (o[1] = 0; o[1] < w->output[1]; o[1]++) {
        for (o[2] = 0; o[2] < w->output[2]; o[2]++, n++) {
          double largest = 0;
          const int number = find_largest(w, exact_x + plane * inputs, o, &largest);
          require(which[n] == (number < 0 ? 255 : number), "number of the largest element");
          require(is_same(element(dtype, y, n), element(dtype, alone, n)), "largest element alone");
          if (number < 0) {
            require(element(dtype, chosen, n) == 0, "element of an empty window");
            continue;
          }
          require(is_same(element(dtype, y, n), largest), "largest element");
          require(is_same(element(dtype, chosen, n), largest), "element chosen by its number");
          exact_dx[plane * inputs + (size_t)position(w, o, number)] += exact_dy[n];
        }
      }
    }
  }
  for (size_t i = 0; i < PLANES * inputs; i++) compare(element(dtype, dx, i), exact_dx[i], 16 * FLT_EPSILON);
  free(exact_x), free(exact_dy), free(exact_dx), free(x), free(dx), free(y), free(alone), free(dy);
  free(chosen), free(which);
}

// Windows of the sizes {depth, height, width}, and ones that reach a column beyond the padding.
static void check_windows(const intptr_t input[3], const intptr_t kernel[3], const intptr_t stride[3],
                          const intptr_t padding[3], intptr_t dilation) {
  kb_window w = {0};
  for (int d = 0; d < 3; d++) {
    w.input[d] = input[d], w.kernel[d] = kernel[d], w.stride[d] = stride[d];
    w.padding_begin[d] = w.padding_end[d] = padding[d];
    w.dilation[d] = kernel[d] > 1 ? dilation : 1;
    w.output[d] = (input[d] + 2 * padding[d] - w.dilation[d] * (kernel[d] - 1) - 1) / stride[d] + 1;
  }
  for (int beyond = 0; beyond < 2; beyond++) {
    for (elements kind = PLAIN; kind < KINDS; kind++) {
      check_window(KB_FLOAT32, &w, kind);
      check_window(KB_FLOAT64, &w, kind);
      check_window(KB_INT32, &w, kind);
    }
    if (w.output[2] * stride[2] - padding[2] >= input[2]) break;
    w.output[2]++;
  }
}

static void check_square(intptr_t height, intptr_t width, intptr_t kernel, intptr_t stride, intptr_t padding) {
  check_windows((intptr_t[3]){1, height, width}, (intptr_t[3]){1, kernel, kernel},
                (intptr_t[3]){1, stride, stride}, (intptr_t[3]){0, padding, padding}, 1);
}

void check_pooling(void) {
  check_square(56, 56, 3, 1, 1);
  check_square(30, 31, 2, 1, 0);
  check_square(9, 70, 5, 1, 2);
  check_square(1, 40, 1, 1, 0);
  check_square(8, 33, 8, 1, 4);
  check_square(40, 27, 3, 1, 0);
  check_square(56, 56, 3, 2, 1);
  check_square(31, 33, 3, 2, 0);
  check_square(32, 38, 4, 2, 1);
  check_square(7, 64, 2, 2, 1);
  check_square(35, 63, 5, 2, 2);
  check_square(34, 66, 1, 2, 0);
  check_square(14, 14, 3, 2, 1);
  check_square(20, 20, 3, 3, 1);
  check_square(40, 45, 2, 3, 0);
  check_square(40, 43, 15, 4, 7);
  check_square(6, 6, 3, 2, 1);
  check_square(28, 28, 2, 2, 0);
  check_square(13, 7, 2, 2, 0);
  check_square(35, 35, 2, 2, 0);
  check_windows((intptr_t[3]){1, 20, 50}, (intptr_t[3]){1, 3, 3}, (intptr_t[3]){1, 1, 1},
                (intptr_t[3]){0, 1, 1}, 2);
  check_windows((intptr_t[3]){1, 21, 50}, (intptr_t[3]){1, 3, 4}, (intptr_t[3]){1, 2, 3},
                (intptr_t[3]){0, 1, 2}, 3);
  check_windows((intptr_t[3]){1, 2, 70}, (intptr_t[3]){1, 2, 2}, (intptr_t[3]){1, 1, 1},
                (intptr_t[3]){0, 1, 1}, 3);
  check_windows((intptr_t[3]){1, 1, 300}, (intptr_t[3]){1, 1, 5}, (intptr_t[3]){1, 1, 2},
                (intptr_t[3]){0, 0, 2}, 1);
  check_windows((intptr_t[3]){6, 9, 18}, (intptr_t[3]){3, 3, 3}, (intptr_t[3]){2, 2, 2},
                (intptr_t[3]){1, 1, 1}, 1);
  check_windows((intptr_t[3]){5, 8, 20}, (intptr_t[3]){2, 3, 2}, (intptr_t[3]){1, 2, 1},
                (intptr_t[3]){1, 0, 1}, 2);
  report("gradient of max pooling, eps", 1, 16);
}
