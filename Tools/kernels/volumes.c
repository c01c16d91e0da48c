#include "witness.h"

typedef struct volume {
  intptr_t batch, in, out, groups, input[3], kernel[3], stride[3], padding[3], dilation[3];
} volume;

typedef struct results {
  float *y, *dx, *dw;
} results;

static results run(const kb_convolution *conv, const float *x, const float *w, const float *dy,
                   const float *bias, size_t nx, size_t ny, size_t nw, int threads) {
  const size_t volume_x = nx / (size_t)(conv->batch * conv->in_channels);
  const size_t volume_y = ny / (size_t)(conv->batch * conv->out_channels);
  results r = {malloc(ny * 4), malloc(nx * 4), malloc(nw * 4)};
  witness seen_y = make_witness(r.y, (size_t)(conv->batch * conv->out_channels), volume_y, false);
  witness seen_dx = make_witness(r.dx, (size_t)(conv->batch * conv->in_channels), volume_x, false);
  kb_set_thread_count(threads);
  kb_conv_forward(KB_FLOAT32, conv, x, w, bias, r.y, &seen_y.tail);
  kb_conv_input_gradient(KB_FLOAT32, conv, dy, w, bias + conv->out_channels, r.dx, &seen_dx.tail);
  kb_conv_weight_gradient(KB_FLOAT32, conv, x, dy, r.dw);
  require_all(&seen_y, r.y, ny, "a tail sees all of a convolved volume");
  require_all(&seen_dx, r.dx, nx, "a tail sees all of a volume's gradient");
  return r;
}

// Every pair of input and output that one weight joins.
#define FOR_EACH_TERM(s, output)                                                                   \
  for (intptr_t b = 0; b < s.batch; b++)                                                           \
    for (intptr_t o = 0; o < s.out; o++)                                                           \
      for (intptr_t c = 0; c < s.in / s.groups; c++)                                               \
        for (intptr_t p = 0; p < output[0] * output[1] * output[2]; p++)                           \
          for (intptr_t t = 0; t < s.kernel[0] * s.kernel[1] * s.kernel[2]; t++)

static size_t count_of(const intptr_t dims[3]) { return (size_t)(dims[0] * dims[1] * dims[2]); }

// The element at which tap t of output p reads, −1 in the padding.
static intptr_t read_at(const kb_window *window, intptr_t p, intptr_t t) {
  const intptr_t *output = window->output, *kernel = window->kernel, *input = window->input;
  const intptr_t at[3] = {p / (output[1] * output[2]), p / output[2] % output[1], p % output[2]};
  const intptr_t tap[3] = {t / (kernel[1] * kernel[2]), t / kernel[2] % kernel[1], t % kernel[2]};
  intptr_t place = 0;
  for (int d = 0; d < 3; d++) {
    const intptr_t i =
        at[d] * window->stride[d] - window->padding_begin[d] + tap[d] * window->dilation[d];
    if (i < 0 || i >= input[d]) return -1;
    place = place * input[d] + i;
  }
  return place;
}

static void check(const char *name, double limit, volume s) {
  kb_convolution conv = {
      .batch = s.batch, .in_channels = s.in, .out_channels = s.out, .groups = s.groups};
  kb_window *window = &conv.window;
  for (int d = 0; d < 3; d++) {
    const intptr_t reach = s.dilation[d] * (s.kernel[d] - 1) + 1;
    window->input[d] = s.input[d], window->kernel[d] = s.kernel[d];
    window->stride[d] = s.stride[d], window->dilation[d] = s.dilation[d];
    window->padding_begin[d] = window->padding_end[d] = s.padding[d];
    window->output[d] = (s.input[d] + 2 * s.padding[d] - reach) / s.stride[d] + 1;
  }
  const intptr_t channels = s.in / s.groups, rows = s.out / s.groups;
  const size_t volume_x = count_of(window->input), volume_y = count_of(window->output);
  const size_t taps = count_of(window->kernel);
  const size_t nx = (size_t)(s.batch * s.in) * volume_x, ny = (size_t)(s.batch * s.out) * volume_y;
  const size_t nw = (size_t)(s.out * channels) * taps;
  float *x = draw_floats(nx, -1, 1), *w = draw_floats(nw, -1, 1), *dy = draw_floats(ny, -1, 1);
  float *bias = draw_floats((size_t)(s.out + s.in), -1, 1);
  const results found = run(&conv, x, w, dy, bias, nx, ny, nw, 3);
  const results alone = run(&conv, x, w, dy, bias, nx, ny, nw, 1);
  require(memcmp(found.y, alone.y, ny * 4) == 0 && memcmp(found.dx, alone.dx, nx * 4) == 0 &&
              memcmp(found.dw, alone.dw, nw * 4) == 0, "threads do not change a convolved volume");

  double *ey = calloc(ny, 8), *edx = calloc(nx, 8), *edw = calloc(nw, 8);
  for (size_t i = 0; i < ny; i++) ey[i] = bias[i / volume_y % (size_t)s.out];
  for (size_t i = 0; i < nx; i++) edx[i] = bias[(size_t)s.out + i / volume_x % (size_t)s.in];
  FOR_EACH_TERM(s, window->output) {
    const intptr_t place = read_at(window, p, t);
    if (place < 0) continue;
    const intptr_t at_x = (b * s.in + o / rows * channels + c) * (intptr_t)volume_x + place;
    const intptr_t at_w = (o * channels + c) * (intptr_t)taps + t;
    const intptr_t at_y = (b * s.out + o) * (intptr_t)volume_y + p;
    ey[at_y] += (double)x[at_x] * w[at_w];
    edx[at_x] += (double)dy[at_y] * w[at_w];
    edw[at_w] += (double)x[at_x] * dy[at_y];
  }
  // Rounding grows with the root of how many terms a result has.
  const double unit_y = sqrt((double)(channels * (intptr_t)taps)) * FLT_EPSILON;
  const double unit_dx = sqrt((double)(rows * (intptr_t)taps)) * FLT_EPSILON;
  const double unit_dw = sqrt((double)(s.batch * (intptr_t)volume_y)) * FLT_EPSILON;
  for (size_t i = 0; i < ny; i++) compare(found.y[i], ey[i], unit_y);
  for (size_t i = 0; i < nx; i++) compare(found.dx[i], edx[i], unit_dx);
  for (size_t i = 0; i < nw; i++) compare(found.dw[i], edw[i], unit_dw);
  report(name, 1, limit);
  free(x), free(w), free(dy), free(bias), free(ey), free(edx), free(edw);
  free(found.y), free(found.dx), free(found.dw), free(alone.y), free(alone.dx), free(alone.dw);
}

// With Winograd's algorithm, whose transforms round more than a sum of products, and without.
static void check_both(const char *name, volume s) {
  check(name, 32, s);
  kb_conv_enter_precise();
  check(name, 16, s);
  kb_conv_leave_precise();
}

#define CUBE(n) {n, n, n}

void check_volumes(void) {
  check("volume 3 → 8, 3 × 3 × 3", 16,
        (volume){2, 3, 8, 1, CUBE(7), CUBE(3), CUBE(1), CUBE(1), CUBE(1)});
  check_both("volume 16 → 32, 3 × 3 × 3",
             (volume){2, 16, 32, 1, CUBE(8), CUBE(3), CUBE(1), CUBE(1), CUBE(1)});
  check_both("volume 4 → 19, few channels",
             (volume){2, 4, 19, 1, {6, 8, 7}, CUBE(3), CUBE(1), CUBE(1), CUBE(1)});
  check_both("volume 36 → 9, 3 groups",
             (volume){2, 36, 9, 3, {4, 7, 12}, CUBE(3), CUBE(1), CUBE(1), CUBE(1)});
  check_both("volume 66 → 1",
             (volume){3, 66, 1, 1, {4, 8, 8}, CUBE(3), CUBE(1), {1, 1, 2}, CUBE(1)});
  check_both("volume 40 → 20, odd",
             (volume){3, 40, 20, 1, {5, 7, 9}, CUBE(3), CUBE(1), CUBE(1), CUBE(1)});
  check_both("volume 17 → 50, 3 planes, no padding",
             (volume){2, 17, 50, 1, {3, 12, 13}, CUBE(3), CUBE(1), {0, 1, 0}, CUBE(1)});
  check_both("volume 64 → 130, few tiles",
             (volume){3, 64, 130, 1, CUBE(4), CUBE(3), CUBE(1), CUBE(1), CUBE(1)});
  check_both("volume 32 → 48, 2 groups, many planes",
             (volume){2, 32, 48, 2, {11, 8, 8}, CUBE(3), CUBE(1), CUBE(1), CUBE(1)});
  check_both("volume 20 → 36, dilated in depth",
             (volume){2, 20, 36, 1, {9, 8, 12}, CUBE(3), CUBE(1), {2, 1, 1}, {2, 1, 1}});
  check_both("volume 16 → 16, large planes",
             (volume){1, 16, 16, 1, {5, 30, 27}, CUBE(3), CUBE(1), CUBE(1), CUBE(1)});
  check_both("volume 18 → 20, 1 × 3 × 3",
             (volume){2, 18, 20, 1, {5, 12, 11}, {1, 3, 3}, CUBE(1), {0, 1, 1}, CUBE(1)});
  check_both("volume 18 → 20, 2 × 3 × 3, much padding",
             (volume){2, 18, 20, 1, {4, 8, 8}, {2, 3, 3}, CUBE(1), {1, 1, 1}, CUBE(1)});
  check("volume 18 → 20, padding that nothing reaches", 16,
        (volume){2, 18, 20, 1, {2, 8, 8}, CUBE(3), CUBE(1), {4, 1, 1}, CUBE(1)});
  check("volume 20 → 34, 3 × 1 × 1", 16,
        (volume){2, 20, 34, 1, {9, 5, 6}, {3, 1, 1}, CUBE(1), {1, 0, 0}, CUBE(1)});
  check("volume 20 → 34, 3 × 1 × 1, stride 2, 2 groups", 16,
        (volume){2, 20, 34, 2, {9, 5, 6}, {3, 1, 1}, {2, 1, 1}, {1, 0, 0}, CUBE(1)});
  check("volume 24 → 40, stride 2", 16,
        (volume){2, 24, 40, 1, {7, 9, 10}, CUBE(3), CUBE(2), CUBE(1), CUBE(1)});
  check("volume 20 → 36, strides 1, 2 and 3", 16,
        (volume){2, 20, 36, 1, {7, 9, 13}, CUBE(3), {1, 2, 3}, CUBE(1), CUBE(1)});
  check("volume 34 → 18, 2 × 4 × 2, 2 groups", 16,
        (volume){3, 34, 18, 2, {6, 9, 8}, {2, 4, 2}, CUBE(1), {1, 2, 0}, CUBE(1)});
  check("volume 20 → 24, dilated", 16,
        (volume){2, 20, 24, 1, {9, 10, 11}, CUBE(3), CUBE(1), CUBE(2), {2, 2, 3}});
  check("volume 16 → 16, 5 × 5 × 5", 16,
        (volume){1, 16, 16, 1, {6, 7, 8}, CUBE(5), CUBE(1), CUBE(2), CUBE(1)});
  check("volume 3 → 20, 3 × 7 × 7, strides 1, 2 and 2", 16,
        (volume){1, 3, 20, 1, {4, 17, 18}, {3, 7, 7}, {1, 2, 2}, {1, 3, 3}, CUBE(1)});
  check("volume 20 → 24, 1 × 1 × 1, stride 2", 16,
        (volume){2, 20, 24, 1, {5, 6, 7}, CUBE(1), CUBE(2), CUBE(0), CUBE(1)});
  check("volume 12 → 12, depthwise", 16,
        (volume){2, 12, 12, 12, {5, 6, 7}, CUBE(3), CUBE(1), CUBE(1), CUBE(1)});
}
