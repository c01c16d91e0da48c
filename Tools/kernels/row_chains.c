#include "check.h"

// A group of at most three instructions, its operands as kb_fused_append takes them.
static kb_fused *group(int inputs, size_t count, const kb_opcode *opcodes,
                       const uint16_t (*operands)[2]) {
  kb_fused_program *const p = kb_fused_program_make(KB_FLOAT32);
  for (int i = 0; i < inputs; i++) kb_fused_append_input(p, false);
  for (size_t k = 0; k < count; k++) kb_fused_append(p, opcodes[k], operands[k]);
  kb_fused_append_result(p, KB_FUSED_RESULT + (int)count - 1);
  kb_fused *const f = kb_fused_make(p);
  kb_fused_program_free(p);
  return f;
}

// weight * exp(x - largest) / sum, with rows of x further apart than they are long.
static void check_softmax(size_t rows, size_t columns, size_t pitch) {
  static const uint16_t two[3][2] = {{0, 1}, {KB_FUSED_RESULT, 2}, {KB_FUSED_RESULT + 1, 2}};
  kb_fused *const exponential = group(2, 2, (kb_opcode[]){KB_OP_sub, KB_OP_exp}, two);
  kb_fused *const quotient = group(3, 2, (kb_opcode[]){KB_OP_div, KB_OP_mul}, two);
  kb_fused *const same = group(1, 1, (kb_opcode[]){KB_OP_copy}, two);
  float *const x = draw_floats(rows * pitch, -3, 3), *const weight = draw_floats(columns, 0.5, 2);
  float *const y = malloc(rows * columns * sizeof *y), *const sums = malloc(rows * sizeof *sums);
  kb_rows *const r = kb_rows_make(rows, columns);
  const int in = kb_rows_input(r, 4, true, (intptr_t)pitch, 1);
  const int w = kb_rows_input(r, 4, true, 0, 1);
  const int out = kb_rows_output(r, 4, true), sum = kb_rows_output(r, 4, false);
  const int dense = kb_rows_scratch(r, 4, true), e = kb_rows_scratch(r, 4, true);
  const int largest = kb_rows_scratch(r, 4, false);
  kb_rows_group(r, same, true, (int[]){in, dense});
  kb_rows_reduction(r, KB_REDUCE_MAX, KB_FLOAT32, dense, largest);
  kb_rows_group(r, exponential, true, (int[]){dense, largest, e});
  kb_rows_reduction(r, KB_REDUCE_SUM, KB_FLOAT32, e, sum);
  kb_rows_group(r, quotient, true, (int[]){e, sum, w, out});
  kb_rows_finish(r);
  require(kb_rows_run(r, (void *[]){x, weight, y, sums}), "rows run");
  for (size_t i = 0; i < rows; i++) {
    const float *const row = x + i * pitch;
    double most = -INFINITY, total = 0;
    for (size_t c = 0; c < columns; c++) most = fmax(most, (double)row[c]);
    for (size_t c = 0; c < columns; c++) total += exp((double)row[c] - most);
    compare((double)sums[i], total, total);
    for (size_t c = 0; c < columns; c++) {
      const double value = exp((double)row[c] - most) / total * (double)weight[c];
      compare((double)y[i * columns + c], value, value);
    }
  }
  kb_rows_free(r);
  kb_fused_free(exponential), kb_fused_free(quotient), kb_fused_free(same);
  free(x), free(weight), free(y), free(sums);
}

void check_row_chains(void) {
  static const size_t columns[] = {2, 7, 64, 130, 600, 1024, 5000};
  for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) {
    check_softmax(3, columns[i], columns[i]);
    check_softmax(301, columns[i], columns[i] + 5);
  }
  report("chains of rows, float32", FLT_EPSILON, 8);

  // The largest element of each row by its index, and 1 added there; an index out of range is refused.
  enum { ROWS = 50, COLUMNS = 9 };
  float *const x = draw_floats(ROWS * COLUMNS, -1, 1), values[ROWS], ones[ROWS];
  float *const y = malloc(ROWS * COLUMNS * sizeof *y);
  int64_t indices[ROWS];
  for (size_t i = 0; i < ROWS; i++) ones[i] = 1;
  kb_rows *const r = kb_rows_make(ROWS, COLUMNS);
  const int in = kb_rows_input(r, 4, true, COLUMNS, 1), one = kb_rows_input(r, 4, false, 1, 0);
  const int value = kb_rows_output(r, 4, false), index = kb_rows_output(r, 8, false);
  const int sum = kb_rows_output(r, 4, true);
  kb_rows_arg(r, true, KB_FLOAT32, in, index);
  kb_rows_pick(r, in, index, value);
  kb_rows_add_at(r, KB_FLOAT32, in, index, one, sum);
  kb_rows_finish(r);
  bool good = kb_rows_run(r, (void *[]){x, ones, values, indices, y});
  for (size_t i = 0; i < ROWS; i++)
    for (size_t c = 0; c < COLUMNS; c++) {
      const float element = x[i * COLUMNS + c];
      good &= element <= values[i];
      good &= y[i * COLUMNS + c] == ((size_t)indices[i] == c ? element + 1 : element);
      if ((size_t)indices[i] == c) good &= element == values[i];
    }
  require(good, "indices of rows");
  kb_rows_free(r);
  kb_rows *const other = kb_rows_make(ROWS, COLUMNS);
  const int from = kb_rows_input(other, 4, true, COLUMNS, 1);
  const int at = kb_rows_input(other, 8, false, 1, 0), to = kb_rows_output(other, 4, false);
  kb_rows_pick(other, from, at, to);
  kb_rows_finish(other);
  indices[17] = COLUMNS;
  require(!kb_rows_run(other, (void *[]){x, indices, values}), "indices out of range");
  kb_rows_free(other);
  free(x), free(y);
}
