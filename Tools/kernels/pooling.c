#include "check.h"

// The first largest element of a window, or its last NaN: what PyTorch chooses.
static void find_gradient(const kb_window *w, const float *x, const float *dy, double *dx) {
  const intptr_t *in = w->input, *out = w->output;
  for (intptr_t i = 0; i < in[1] * in[2]; i++) dx[i] = 0;
  for (intptr_t oy = 0; oy < out[1]; oy++) {
    for (intptr_t ox = 0; ox < out[2]; ox++) {
      intptr_t where = -1;
      for (intptr_t ky = 0; ky < w->kernel[1]; ky++) {
        for (intptr_t kx = 0; kx < w->kernel[2]; kx++) {
          const intptr_t iy = oy * w->stride[1] + ky - w->padding_begin[1];
          const intptr_t ix = ox * w->stride[2] + kx - w->padding_begin[2];
          if (iy < 0 || iy >= in[1] || ix < 0 || ix >= in[2]) continue;
          const float value = x[iy * in[2] + ix];
          if (where < 0 || value > x[where] || isnan(value)) where = iy * in[2] + ix;
        }
      }
      dx[where] += dy[oy * out[2] + ox];
    }
  }
}

static void check_window(intptr_t height, intptr_t width, intptr_t kernel, intptr_t stride,
                         intptr_t padding, bool ties, bool nan) {
  enum { PLANES = 3 };
  const intptr_t rows = (height + 2 * padding - kernel) / stride + 1;
  const intptr_t columns = (width + 2 * padding - kernel) / stride + 1;
  const kb_window window = {{1, height, width}, {1, rows, columns}, {1, kernel, kernel}, {1, stride, stride},
                            {0, padding, padding}, {0, padding, padding}, {1, 1, 1}};
  const size_t inputs = (size_t)(height * width), outputs = (size_t)(rows * columns);
  float *x = draw_floats(PLANES * inputs, -2, 2), *dy = draw_floats(PLANES * outputs, -1, 1);
  for (size_t i = 0; i < PLANES * inputs && ties; i++) x[i] = roundf(x[i]);
  if (ties) x[0] = x[1] = -INFINITY;
  if (nan) x[inputs + inputs / 2] = x[inputs + inputs / 2 + 1] = NAN;
  float *dx = malloc(PLANES * inputs * 4);
  double *exact = malloc(inputs * 8);
  kb_max_pool_gradient(KB_FLOAT32, &window, PLANES, x, dy, dx);
  for (size_t p = 0; p < PLANES; p++) {
    find_gradient(&window, x + p * inputs, dy + p * outputs, exact);
    for (size_t i = 0; i < inputs; i++) compare(dx[p * inputs + i], exact[i], 4 * FLT_EPSILON);
  }
  free(x), free(dy), free(dx), free(exact);
}

void check_pooling(void) {
  for (int kind = 0; kind < 4; kind++) {
    const bool ties = kind & 1, nan = kind >> 1;
    check_window(56, 56, 3, 1, 1, ties, nan);
    check_window(30, 31, 2, 1, 0, ties, nan);
    check_window(9, 70, 5, 1, 2, ties, nan);
    check_window(1, 40, 1, 1, 0, ties, nan);
    check_window(8, 33, 8, 1, 4, ties, nan);
    check_window(40, 27, 3, 1, 0, ties, nan);
    check_window(56, 56, 3, 2, 1, ties, nan);
    check_window(31, 33, 3, 2, 0, ties, nan);
    check_window(32, 38, 4, 2, 1, ties, nan);
    check_window(7, 64, 2, 2, 1, ties, nan);
    check_window(35, 63, 5, 2, 2, ties, nan);
    check_window(34, 66, 1, 2, 0, ties, nan);
    check_window(14, 14, 3, 2, 1, ties, nan);
    check_window(20, 20, 3, 3, 1, ties, nan);
  }
  report("gradient of max pooling, eps", 1, 4);
}
