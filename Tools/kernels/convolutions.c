#include "check.h"

typedef struct shape {
  intptr_t batch, in, out, groups, size, kernel, stride, padding, dilation;
} shape;

// Every pair of input and output that one weight joins.
#define FOR_EACH_TERM(s, o_size)                                                                   \
  for (intptr_t b = 0; b < s.batch; b++)                                                           \
    for (intptr_t o = 0; o < s.out; o++)                                                           \
      for (intptr_t c = 0; c < s.in / s.groups; c++)                                               \
        for (intptr_t oy = 0; oy < o_size; oy++)                                                   \
          for (intptr_t ox = 0; ox < o_size; ox++)                                                 \
            for (intptr_t ky = 0; ky < s.kernel; ky++)                                             \
              for (intptr_t kx = 0; kx < s.kernel; kx++)

// `limit`: Winograd's transforms round more than a sum of products.
static void check(const char *name, double limit, shape s) {
  intptr_t reach = s.dilation * (s.kernel - 1) + 1;
  intptr_t o_size = (s.size + 2 * s.padding - reach) / s.stride + 1;
  kb_convolution conv = {
      .window = {.input = {1, s.size, s.size},
                 .output = {1, o_size, o_size},
                 .kernel = {1, s.kernel, s.kernel},
                 .stride = {1, s.stride, s.stride},
                 .padding_begin = {0, s.padding, s.padding},
                 .padding_end = {0, s.padding, s.padding},
                 .dilation = {1, s.dilation, s.dilation}},
      .batch = s.batch,
      .in_channels = s.in,
      .out_channels = s.out,
      .groups = s.groups,
  };
  size_t nx = (size_t)(s.batch * s.in * s.size * s.size);
  size_t ny = (size_t)(s.batch * s.out * o_size * o_size);
  size_t nw = (size_t)(s.out * (s.in / s.groups) * s.kernel * s.kernel);
  float *x = draw_floats(nx, -1, 1), *w = draw_floats(nw, -1, 1), *dy = draw_floats(ny, -1, 1);
  float *y = malloc(ny * 4), *dx = malloc(nx * 4), *dw = malloc(nw * 4);
  kb_set_thread_count(3);
  kb_conv_forward(KB_FLOAT32, &conv, x, w, NULL, y, NULL);
  kb_conv_input_gradient(KB_FLOAT32, &conv, dy, w, NULL, dx, NULL);
  kb_conv_weight_gradient(KB_FLOAT32, &conv, x, dy, dw);

  double *ey = calloc(ny, 8), *edx = calloc(nx, 8), *edw = calloc(nw, 8);
  FOR_EACH_TERM(s, o_size) {
    intptr_t iy = oy * s.stride - s.padding + ky * s.dilation;
    intptr_t ix = ox * s.stride - s.padding + kx * s.dilation;
    if (iy < 0 || ix < 0 || iy >= s.size || ix >= s.size) continue;
    intptr_t group = o / (s.out / s.groups);
    intptr_t at_x = ((b * s.in + group * (s.in / s.groups) + c) * s.size + iy) * s.size + ix;
    intptr_t at_w = ((o * (s.in / s.groups) + c) * s.kernel + ky) * s.kernel + kx;
    intptr_t at_y = ((b * s.out + o) * o_size + oy) * o_size + ox;
    ey[at_y] += (double)x[at_x] * w[at_w];
    edx[at_x] += (double)dy[at_y] * w[at_w];
    edw[at_w] += (double)x[at_x] * dy[at_y];
  }
  // Rounding grows with the root of how many terms a result has.
  double taps = (double)(s.kernel * s.kernel);
  double unit_y = sqrt((double)(s.in / s.groups) * taps) * FLT_EPSILON;
  double unit_dx = sqrt((double)(s.out / s.groups) * taps) * FLT_EPSILON;
  double unit_dw = sqrt((double)(s.batch * o_size * o_size)) * FLT_EPSILON;
  for (size_t i = 0; i < ny; i++) compare(y[i], ey[i], unit_y);
  for (size_t i = 0; i < nx; i++) compare(dx[i], edx[i], unit_dx);
  for (size_t i = 0; i < nw; i++) compare(dw[i], edw[i], unit_dw);
  report(name, 1, limit);
  free(x), free(w), free(dy), free(y), free(dx), free(dw), free(ey), free(edx), free(edw);
}

// A convolution with ReLU and pooling gives the bits of the three, and so do its gradients; the bias has
// sums in another order.
static void check_pooled(const char *name, shape s) {
  intptr_t o_size = s.size + 2 * s.padding - s.kernel + 1, half = o_size / 2;
  kb_convolution conv = {
      .window = {.input = {1, s.size, s.size},
                 .output = {1, o_size, o_size},
                 .kernel = {1, s.kernel, s.kernel},
                 .stride = {1, 1, 1},
                 .padding_begin = {0, s.padding, s.padding},
                 .padding_end = {0, s.padding, s.padding},
                 .dilation = {1, 1, 1}},
      .batch = s.batch,
      .in_channels = s.in,
      .out_channels = s.out,
      .groups = s.groups,
  };
  kb_window pool = {.input = {1, o_size, o_size}, .output = {1, half, half}, .kernel = {1, 2, 2},
                    .stride = {1, 2, 2}, .dilation = {1, 1, 1}};
  size_t planes = (size_t)(s.batch * s.out), nx = (size_t)(s.batch * s.in * s.size * s.size);
  size_t nz = planes * (size_t)(o_size * o_size), ny = planes * (size_t)(half * half);
  size_t nw = (size_t)(s.out * (s.in / s.groups) * s.kernel * s.kernel), nb = (size_t)s.out;
  float *x = draw_floats(nx, -1, 1), *w = draw_floats(nw, -1, 1), *dy = draw_floats(ny, -1, 1);
  float *bias = draw_floats(nb, -1, 1), *y[2], *dx[2], *dw[2], *dbias = malloc(nb * 4);
  for (int i = 0; i < 2; i++) y[i] = malloc(ny * 4), dx[i] = malloc(nx * 4), dw[i] = malloc(nw * 4);
  uint8_t *which = malloc(ny);
  kb_set_thread_count(3);
  kb_conv_pooled_forward(KB_FLOAT32, &conv, x, w, bias, y[0], which);
  kb_conv_pooled_gradient(KB_FLOAT32, &conv, x, w, dy, which, dx[0], dw[0], dbias);
  float *z = malloc(nz * 4), *dz = malloc(nz * 4);
  kb_conv_forward(KB_FLOAT32, &conv, x, w, bias, z, NULL);
  kb_unary(KB_OP_relu, KB_FLOAT32, nz, z, z);
  kb_max_pool_which(KB_FLOAT32, &pool, planes, z, y[1], which);
  kb_pool_spread(KB_FLOAT32, &pool, planes, dy, which, dz);
  kb_binary(KB_OP_relu_slope, KB_FLOAT32, nz, dz, false, z, false, dz);
  kb_conv_input_gradient(KB_FLOAT32, &conv, dz, w, NULL, dx[1], NULL);
  kb_conv_weight_gradient(KB_FLOAT32, &conv, x, dz, dw[1]);
  for (size_t i = 0; i < ny; i++) compare(y[0][i], y[1][i], FLT_EPSILON);
  for (size_t i = 0; i < nx; i++) compare(dx[0][i], dx[1][i], FLT_EPSILON);
  for (size_t i = 0; i < nw; i++) compare(dw[0][i], dw[1][i], FLT_EPSILON);
  report(name, 1, 0);
  const size_t plane = (size_t)(o_size * o_size);
  for (size_t o = 0; o < nb; o++) {
    double sum = 0;
    for (size_t b = 0; b < (size_t)s.batch; b++)
      for (size_t i = 0; i < plane; i++) sum += dz[(b * nb + o) * plane + i];
    compare(dbias[o], sum, sqrt((double)s.batch * (double)plane) * FLT_EPSILON);
  }
  report(name, 1, 8);
  free(x), free(w), free(dy), free(bias), free(dbias), free(which), free(z), free(dz);
  for (int i = 0; i < 2; i++) free(y[i]), free(dx[i]), free(dw[i]);
}

void check_convolutions(void) {
  check("convolution 3 → 8, 3 × 3", 16, (shape){2, 3, 8, 1, 13, 3, 1, 1, 1});
  check("convolution 1 → 32, 3 × 3", 16, (shape){2, 1, 32, 1, 28, 3, 1, 1, 1});
  check("convolution 32 → 64, 3 × 3 (Winograd)", 32, (shape){2, 32, 64, 1, 16, 3, 1, 1, 1});
  check("convolution 16 → 24, 1 × 1", 16, (shape){2, 16, 24, 1, 9, 1, 1, 0, 1});
  check("convolution 16 → 32, 3 × 3, stride 2", 16, (shape){2, 16, 32, 1, 15, 3, 2, 1, 1});
  check("convolution 6 → 4, 5 × 5, dilated", 16, (shape){1, 6, 4, 1, 17, 5, 1, 2, 2});
  check("convolution 24 → 24, depthwise", 16, (shape){2, 24, 24, 24, 12, 3, 1, 1, 1});
  check("convolution 12 → 18, 3 groups", 16, (shape){2, 12, 18, 3, 11, 3, 1, 1, 1});
  check("convolution 32 → 24, 3 × 3, 9 images (Winograd)", 32, (shape){9, 32, 24, 1, 14, 3, 1, 1, 1});
  check("convolution 20 → 130, 5 × 5, 1 image", 16, (shape){1, 20, 130, 1, 7, 5, 1, 2, 1});
  check("convolution 40 → 24, 5 × 5, stride 2, dilated", 16, (shape){9, 40, 24, 1, 19, 5, 2, 3, 2});
  check("convolution 36 → 34, 2 groups, stride 3", 16, (shape){3, 36, 34, 2, 17, 4, 3, 0, 1});
  check("convolution 40 → 40, 3 × 3, small", 16, (shape){1, 40, 40, 1, 5, 3, 1, 1, 1});
  check("convolution 24 → 100, 1 × 1", 16, (shape){3, 24, 100, 1, 9, 1, 1, 0, 1});
  check("convolution 20 → 90, 1 × 1, stride 2", 16, (shape){3, 20, 90, 1, 17, 1, 2, 0, 1});
  check("convolution 12 → 18, 1 × 1, stride 3, 3 groups", 16, (shape){2, 12, 18, 3, 11, 1, 3, 0, 1});
  check("convolution 6 → 16, 5 × 5, 30 images", 16, (shape){30, 6, 16, 1, 12, 5, 1, 0, 1});
  check("convolution 24 → 20, 5 × 5, 16 images", 16, (shape){16, 24, 20, 1, 33, 5, 1, 2, 1});
  check("convolution 6 → 8, 2 groups, stride 2, 13 images", 16, (shape){13, 6, 8, 2, 9, 3, 2, 1, 1});
  check("convolution 5 → 50, dilated, 14 images", 16, (shape){14, 5, 50, 1, 9, 4, 1, 3, 2});
  check("convolution 3 → 6, 5 × 5", 16, (shape){4, 3, 6, 1, 32, 5, 1, 0, 1});
  check("convolution 40 → 3, 3 × 3", 16, (shape){2, 40, 3, 1, 20, 3, 1, 1, 1});
  check("convolution 20 → 1, 1 × 1", 16, (shape){2, 20, 1, 1, 12, 1, 1, 0, 1});
  check("convolution 40 → 50, 1 × 1, small", 16, (shape){2, 40, 50, 1, 5, 1, 1, 0, 1});
  check_pooled("pooled convolution 1 → 32", (shape){2, 1, 32, 1, 28, 3, 1, 1, 1});
  check_pooled("pooled convolution 32 → 64 (Winograd)", (shape){2, 32, 64, 1, 14, 3, 1, 1, 1});
  check_pooled("pooled convolution 17 → 20, odd", (shape){3, 17, 20, 1, 13, 3, 1, 1, 1});
  check_pooled("pooled convolution 6 → 16, 5 × 5, 16 images", (shape){16, 6, 16, 1, 12, 5, 1, 0, 1});
  check_pooled("pooled convolution 8 → 12, 1 × 1", (shape){2, 8, 12, 2, 9, 1, 1, 0, 1});
}
