#include "witness.h"

static void check_product(size_t batch, size_t m, size_t n, size_t k, bool transposed) {
  float *a = draw_floats(batch * m * k + 1, -1, 1), *b = draw_floats(batch * k * n + 1, -1, 1);
  float *bias = draw_floats(n + 1, -1, 1);
  float *c = malloc(batch * m * n * 4 + 4), *other = malloc(batch * m * n * 4 + 4);
  const kb_matrix first = {a, (intptr_t)k, 1, (intptr_t)(m * k)};
  const kb_matrix second = {b, transposed ? 1 : (intptr_t)n, transposed ? (intptr_t)k : 1,
                            (intptr_t)(k * n)};
  for (int threads = 1; threads <= 3; threads += 2) {
    kb_set_thread_count(threads);
    kb_gemm(KB_FLOAT32, batch, m, n, k, first, second, other, false, NULL);
    witness w = make_witness(c, batch * m, n, true);
    kb_gemm(KB_FLOAT32, batch, m, n, k, first, second, c, false, &w.tail);
    require_all(&w, other, batch * m * n, "a tail sees all of a product");
    if (batch > 1) continue;
    kb_linear(KB_FLOAT32, m, n, k, first, second, bias, other, NULL);
    witness v = make_witness(c, m, n, true);
    kb_linear(KB_FLOAT32, m, n, k, first, second, bias, c, &v.tail);
    require_all(&v, other, m * n, "a tail sees all of a product with a bias");
  }
  free(a), free(b), free(bias), free(c), free(other);
}

static void check_convolution(intptr_t batch, intptr_t in, intptr_t out, intptr_t groups,
                              intptr_t size, intptr_t kernel, intptr_t stride, intptr_t padding) {
  const intptr_t o_size = (size + 2 * padding - kernel) / stride + 1;
  const kb_convolution conv = {
      .window = {.input = {1, size, size},
                 .output = {1, o_size, o_size},
                 .kernel = {1, kernel, kernel},
                 .stride = {1, stride, stride},
                 .padding_begin = {0, padding, padding},
                 .padding_end = {0, padding, padding},
                 .dilation = {1, 1, 1}},
      .batch = batch,
      .in_channels = in,
      .out_channels = out,
      .groups = groups,
  };
  const size_t nx = (size_t)(batch * in * size * size);
  const size_t ny = (size_t)(batch * out * o_size * o_size);
  float *x = draw_floats(nx, -1, 1), *dy = draw_floats(ny, -1, 1);
  float *w = draw_floats((size_t)(out * (in / groups) * kernel * kernel), -1, 1);
  float *y = malloc(ny * 4), *dx = malloc(nx * 4), *other = malloc((nx > ny ? nx : ny) * 4);
  // Parts of planes with one thread, whole ones with three.
  for (int threads = 1; threads <= 3; threads += 2) {
    kb_set_thread_count(threads);
    kb_conv_forward(KB_FLOAT32, &conv, x, w, NULL, other, NULL);
    const bool whole = threads > 1;
    witness forward = make_witness(y, (size_t)(batch * out), (size_t)(o_size * o_size), whole);
    kb_conv_forward(KB_FLOAT32, &conv, x, w, NULL, y, &forward.tail);
    require_all(&forward, other, ny, "a tail sees all of a convolution");
    kb_conv_input_gradient(KB_FLOAT32, &conv, dy, w, NULL, other, NULL);
    witness gradient = make_witness(dx, (size_t)(batch * in), (size_t)(size * size), whole);
    kb_conv_input_gradient(KB_FLOAT32, &conv, dy, w, NULL, dx, &gradient.tail);
    require_all(&gradient, other, nx, "a tail sees all of a convolution's gradient");
  }
  free(x), free(dy), free(w), free(y), free(dx), free(other);
}

// relu(main · scale + residual · row + column), in the place of main, given in blocks.
static void check_group(size_t rows, size_t columns) {
  kb_fused_program *program = kb_fused_program_make(KB_FLOAT32);
  uint16_t in[5];
  for (int i = 0; i < 5; i++) in[i] = (uint16_t)kb_fused_append_input(program, false);
  const uint16_t product = (uint16_t)kb_fused_append(program, KB_OP_mul, (uint16_t[]){in[0], in[1]});
  const uint16_t weighed = (uint16_t)kb_fused_append(program, KB_OP_mul, (uint16_t[]){in[2], in[3]});
  const uint16_t sum = (uint16_t)kb_fused_append(program, KB_OP_add, (uint16_t[]){product, weighed});
  const uint16_t all = (uint16_t)kb_fused_append(program, KB_OP_add, (uint16_t[]){sum, in[4]});
  kb_fused_append_result(program, kb_fused_append(program, KB_OP_relu, &all));
  kb_fused *group = kb_fused_make(program);
  kb_fused_program_free(program);
  float *from = draw_floats(rows * columns, -1, 1), *scale = draw_floats(1, -1, 1);
  float *residual = draw_floats(rows * columns, -1, 1), *row = draw_floats(rows, -1, 1);
  float *column = draw_floats(columns, -1, 1), *result = malloc(rows * columns * 4);
  const void *inputs[] = {result, scale, residual, row, column};
  void *outputs[] = {result};
  for (int plain = 0; plain < 2; plain++) {
    memcpy(result, from, rows * columns * 4);
    if (plain) inputs[3] = residual, inputs[4] = from;
    const kb_fused_tail tail = kb_fused_make_tail(group, columns, 2, plain ? 0 : 8, plain ? 0 : 16,
                                                  inputs, outputs);
    const size_t half = rows / 2, part = columns / 3;
    tail.tail.run(&tail.tail, 0, half, 0, columns);
    tail.tail.run(&tail.tail, half, rows - half, 0, part);
    tail.tail.run(&tail.tail, half, rows - half, part, columns - part);
    for (size_t r = 0; r < rows; r++)
      for (size_t c = 0; c < columns; c++) {
        const size_t i = r * columns + c;
        const double weight = plain ? residual[i] : row[r], last = plain ? from[i] : column[c];
        const double exact = (double)from[i] * *scale + residual[i] * weight + last;
        compare(result[i], exact > 0 ? exact : 0, FLT_EPSILON);
      }
  }
  kb_fused_free(group);
  free(from), free(scale), free(residual), free(row), free(column), free(result);
}

void check_tails(void) {
  static const size_t sizes[][3] = {{1, 1, 1},    {1, 700, 50},  {700, 1, 50},   {7, 5, 3},
                                    {33, 130, 65}, {64, 48, 1700}, {700, 520, 33}, {300, 600, 900},
                                    {0, 3, 2},     {3, 4, 0},      {128, 128, 256}};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
    for (int transposed = 0; transposed < 2; transposed++) {
      check_product(1, sizes[i][0], sizes[i][1], sizes[i][2], transposed);
      if (sizes[i][0] < 100) check_product(3, sizes[i][0], sizes[i][1], sizes[i][2], transposed);
    }
  check_convolution(2, 32, 24, 1, 16, 3, 1, 1);
  check_convolution(2, 64, 64, 1, 8, 3, 1, 1);
  check_convolution(3, 32, 32, 1, 40, 3, 2, 1);
  check_convolution(1, 16, 16, 1, 140, 3, 1, 1);
  check_convolution(2, 3, 8, 1, 29, 3, 1, 1);
  check_convolution(1, 1, 4, 1, 150, 5, 1, 2);
  check_convolution(2, 32, 40, 1, 17, 3, 2, 1);
  check_convolution(2, 24, 40, 1, 12, 1, 1, 0);
  check_convolution(2, 12, 18, 3, 11, 3, 1, 1);
  check_convolution(2, 24, 24, 24, 13, 3, 2, 1);
  check_group(1, 1), check_group(6, 40), check_group(5, 384), check_group(9, 1000);
  report("groups as tails, eps", 1, 4);
}
