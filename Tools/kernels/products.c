#include "check.h"

#define MAX(a, b) ((a) > (b) ? (a) : (b))

static void check_size(size_t m, size_t n, size_t k, bool transposed_a, bool transposed_b) {
  float *a = draw_floats(m * k, -1, 1), *b = draw_floats(k * n, -1, 1);
  float *c = malloc(m * n * sizeof *c + 1), *again = malloc(m * n * sizeof *c + 1);
  intptr_t ra = transposed_a ? 1 : (intptr_t)k, ca = transposed_a ? (intptr_t)m : 1;
  intptr_t rb = transposed_b ? 1 : (intptr_t)n, cb = transposed_b ? (intptr_t)k : 1;
  kb_matrix first = {a, ra, ca, 0}, second = {b, rb, cb, 0};
  kb_set_thread_count(1);
  kb_gemm(KB_FLOAT32, 1, m, n, k, first, second, c, false, NULL);
  kb_set_thread_count(3);
  kb_gemm(KB_FLOAT32, 1, m, n, k, first, second, again, false, NULL);
  require(memcmp(c, again, m * n * sizeof *c) == 0, "products do not depend on the threads");
  for (size_t i = 0; i < m; i++) {
    for (size_t j = 0; j < n; j++) {
      double exact = 0, size = 0;
      for (size_t l = 0; l < k; l++) {
        double term = (double)a[(intptr_t)i * ra + (intptr_t)l * ca] *
                      (double)b[(intptr_t)l * rb + (intptr_t)j * cb];
        exact += term;
        size += fabs(term);
      }
      compare(c[i * n + j], exact, size * FLT_EPSILON + 1e-30);
    }
  }
  free(a), free(b), free(c), free(again);
}

// As a layer has it: the weight lies with its columns along k, or, `across`, with its rows.
static void check_linear(size_t m, size_t n, size_t k, bool across) {
  float *x = draw_floats(m * k, -1, 1), *w = draw_floats(k * n, -1, 1), *bias = draw_floats(n, -9, 9);
  float *y = malloc(m * n * sizeof *y);
  const intptr_t row = across ? (intptr_t)n : 1, column = across ? 1 : (intptr_t)k;
  kb_linear(KB_FLOAT32, m, n, k, (kb_matrix){x, (intptr_t)k, 1, 0}, (kb_matrix){w, row, column, 0}, bias,
            y, NULL);
  for (size_t i = 0; i < m; i++) {
    for (size_t j = 0; j < n; j++) {
      double exact = (double)bias[j], size = fabs(exact);
      for (size_t l = 0; l < k; l++) {
        const double term =
            (double)x[i * k + l] * (double)w[(intptr_t)l * row + (intptr_t)j * column];
        exact += term, size += fabs(term);
      }
      compare(y[i * n + j], exact, size * FLT_EPSILON);
    }
  }
  free(x), free(w), free(bias), free(y);
}

static void check_double(size_t m, size_t n, size_t k) {
  double *a = draw_doubles(m * k, -1, 1), *b = draw_doubles(k * n, -1, 1);
  double *c = malloc(m * n * sizeof *c);
  kb_gemm(KB_FLOAT64, 1, m, n, k, (kb_matrix){a, (intptr_t)k, 1, 0},
          (kb_matrix){b, (intptr_t)n, 1, 0}, c, false, NULL);
  for (size_t i = 0; i < m; i++) {
    for (size_t j = 0; j < n; j++) {
      long double exact = 0, size = 0;
      for (size_t l = 0; l < k; l++) {
        exact += (long double)a[i * k + l] * b[l * n + j];
        size += fabsl((long double)a[i * k + l] * b[l * n + j]);
      }
      compare((double)(c[i * n + j] - exact), 0, (double)size * DBL_EPSILON);
    }
  }
  free(a), free(b), free(c);
}

// Numbers of few digits are bfloat16 exactly. A result has eight digits.
static void check_bfloat16(size_t m, size_t n, size_t k, bool transposed_a, bool transposed_b) {
  uint16_t *a = malloc(m * k * 2), *b = malloc(k * n * 2), *c = malloc(m * n * 2);
  float *wide[2] = {malloc(m * k * 4), malloc(k * n * 4)};
  for (int side = 0; side < 2; side++) {
    for (size_t i = 0; i < (side ? k * n : m * k); i++) {
      float value = (float)round(draw(-64, 64)) / 32;
      uint32_t bits;
      memcpy(&bits, &value, 4);
      (side ? b : a)[i] = (uint16_t)(bits >> 16);
      wide[side][i] = value;
    }
  }
  intptr_t ra = transposed_a ? 1 : (intptr_t)k, ca = transposed_a ? (intptr_t)m : 1;
  intptr_t rb = transposed_b ? 1 : (intptr_t)n, cb = transposed_b ? (intptr_t)k : 1;
  kb_gemm(KB_BFLOAT16, 1, m, n, k, (kb_matrix){a, ra, ca, 0}, (kb_matrix){b, rb, cb, 0}, c, false,
          NULL);
  for (size_t i = 0; i < m; i++) {
    for (size_t j = 0; j < n; j++) {
      double exact = 0, size = 0;
      for (size_t l = 0; l < k; l++) {
        double term = (double)wide[0][(intptr_t)i * ra + (intptr_t)l * ca] *
                      (double)wide[1][(intptr_t)l * rb + (intptr_t)j * cb];
        exact += term, size += fabs(term);
      }
      uint32_t bits = (uint32_t)c[i * n + j] << 16;
      float found;
      memcpy(&found, &bits, 4);
      compare(found, exact, fabs(exact) / 256 + size * FLT_EPSILON + 1e-30);
    }
  }
  free(a), free(b), free(c), free(wide[0]), free(wide[1]);
}

// Long sums are cut along k; check_size compares the numbers of threads too.
static void check_long(void) {
  static const size_t sizes[][2] = {{1, 1}, {1, 40}, {29, 1}, {14, 32}, {30, 30}, {56, 20}};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    for (int layout = 0; layout < 4; layout++)
      check_size(sizes[i][0], sizes[i][1], 40009, layout & 1, layout & 2);
    check_double(sizes[i][0], sizes[i][1], 20000);
  }
  report("products of long sums, eps of the terms' sum", 1, 2);
}

void check_products(void) {
  check_long();
  static const size_t sizes[] = {1, 2, 5, 13, 32, 33, 67, 130};
  enum { count = sizeof sizes / sizeof *sizes };
  for (size_t i = 0; i < count; i++) {
    for (size_t j = 0; j < count; j++) {
      for (size_t l = 0; l < count; l++) {
        check_size(sizes[i], sizes[j], sizes[l], (i + j) % 2, (j + l) % 2);
      }
    }
  }
  check_size(300, 17, 700, false, true);
  check_size(0, 3, 2, false, false);
  report("float32 products, eps of the terms' sum", 1, 4);
  static const size_t widths[] = {1, 3, 8, 16, 17, 40}, depths[] = {1, 3, 8, 50, 900};
  for (size_t m = 1; m <= 20; m++)
    for (size_t j = 0; j < sizeof widths / sizeof *widths; j++)
      for (size_t l = 0; l < sizeof depths / sizeof *depths; l++)
        check_linear(m, widths[j], depths[l], false), check_linear(m, widths[j], depths[l], true);
  report("linear layers, eps of the terms' sum", 1, 4);
  check_double(37, 45, 61);
  check_double(3, 130, 200);
  report("float64 products, eps of the terms' sum", 1, 4);
  for (size_t i = 0; i < count; i++)
    for (size_t j = 0; j < count; j++)
      check_bfloat16(sizes[i], sizes[(i + j) % count], sizes[j], i % 2, (i + j) % 3 == 0);
  check_bfloat16(70, 40, 1201, true, false);
  report("bfloat16 products, roundings of the result", 1, 1.01);
}
