// The gradient of padding: every padded element is added to the input that it shows.
#include <string.h>

#include "kb_alloc.h"
#include "kb_threads.h"
#include "pad_plan.h"
#include "widen.h"

#pragma STDC FP_CONTRACT OFF

// Rows of type T. dx = dy where it is the first that they get: a zero that is added makes 0 of -0, as where
// several are summed. Short rows are made of registers without a remainder.
#define DEFINE_ADD_ROW(T)                                                                          \
  typedef T registers_##T __attribute__((vector_size(16), aligned(sizeof(T)), may_alias));         \
  static inline void assign_run_##T(intptr_t n, const T *dy, T *dx) {                              \
    enum { LANES = 16 / sizeof(T) };                                                               \
    if (n < LANES) {                                                                               \
      for (intptr_t i = 0; i < n; i++) dx[i] = 0 + dy[i];                                          \
      return;                                                                                      \
    }                                                                                              \
    for (intptr_t i = 0; i + LANES < n; i += LANES)                                                \
      *(registers_##T *)(dx + i) = 0 + *(const registers_##T *)(dy + i);                           \
    *(registers_##T *)(dx + n - LANES) = 0 + *(const registers_##T *)(dy + n - LANES);             \
  }                                                                                                \
  static inline void add_run_##T(intptr_t n, const T *dy, T *dx) {                                 \
    enum { LANES = 16 / sizeof(T) };                                                               \
    intptr_t i = 0;                                                                                \
    for (; i + LANES <= n; i += LANES)                                                             \
      *(registers_##T *)(dx + i) += *(const registers_##T *)(dy + i);                              \
    for (; i < n; i++) dx[i] += dy[i];                                                             \
  }                                                                                                \
  static inline void add_columns_##T(const kb_pad_plan *plan, const intptr_t *map, intptr_t begin, \
                                     intptr_t end, const T *dy, T *dx) {                           \
    const intptr_t block = plan->block;                                                            \
    for (intptr_t o = begin; o < end; o++)                                                         \
      add_run_##T(block, dy + o * block, dx + map[o] * block);                                     \
  }                                                                                                \
  static void add_row_##T(const kb_pad_plan *plan, const kb_pad_shape *shape, const T *dy, T *dx) { \
    const intptr_t *const map = shape->map;                                                        \
    const intptr_t run_begin = plan->run > 0 ? plan->run_start : shape->columns;                   \
    const T *const run = dy + run_begin * plan->block;                                             \
    const intptr_t to = plan->run > 0 ? map[run_begin] * plan->block : 0;                          \
    if (plan->constant) {                                                                          \
      /* The constant passes nothing on. */                                                        \
      (plan->whole ? assign_run_##T : add_run_##T)(plan->run * plan->block, run, dx + to);         \
      return;                                                                                      \
    }                                                                                              \
    add_columns_##T(plan, map, 0, run_begin, dy, dx);                                              \
    if (plan->run == 0) return;                                                                    \
    add_run_##T(plan->run * plan->block, run, dx + to);                                            \
    add_columns_##T(plan, map, shape->run_end, shape->columns, dy, dx);                            \
  }
DEFINE_ADD_ROW(float)
DEFINE_ADD_ROW(double)

static inline void add_row(const kb_pad_plan *plan, const kb_pad_shape *shape, const void *dy, void *dx) {
  if (plan->dtype == KB_FLOAT64)
    add_row_double(plan, shape, dy, dx);
  else
    add_row_float(plan, shape, dy, dx);
}

// Adds the padded rows of items begin ..< end to their input rows. Complex elements count as blocks of
// two.
static void pad_gradient_items(void *context, size_t begin, size_t end) {
  const kb_pad_plan *plan = context;
  const kb_pad_shape shape = kb_pad_shape_of(plan);
  if (!plan->whole)
    memset((char *)plan->out + begin * (size_t)plan->inputs * plan->size, 0,
           (end - begin) * (size_t)plan->inputs * plan->size);
  if (plan->outputs == 0) return;
  const size_t item_rows = (size_t)(plan->outputs / (shape.columns * plan->block));
  const char *dy = (const char *)plan->x + begin * item_rows * shape.row_bytes;
  for (size_t row = begin * item_rows; row < end * item_rows;) {
    const kb_pad_lines lines = kb_pad_lines_from(plan, (intptr_t)row, (intptr_t)(end * item_rows - row));
    for (intptr_t i = 0; i < lines.count; i++, dy += shape.row_bytes) {
      const intptr_t source = kb_pad_source_line(&lines, i);
      if (source >= 0)
        add_row(plan, &shape, dy,
                (char *)plan->out + (size_t)(source * shape.width) * shape.block_bytes);
    }
    row += (size_t)lines.count;
  }
}

void kb_pad_gradient(int mode, kb_dtype dtype, size_t rank, const intptr_t *dims,
                     const intptr_t *before, const intptr_t *after, const void *dy, void *dx) {
  if (kb_dtype_is_half(dtype)) {
    size_t inputs = 1, outputs = 1;
    for (size_t d = 0; d < rank; d++) {
      inputs *= (size_t)dims[d];
      outputs *= (size_t)(dims[d] + before[d] + after[d]);
    }
    float *wide_dy = kb_widen(dtype, outputs, dy), *wide_dx = kb_scratch(inputs * sizeof(float));
    kb_pad_gradient(mode, KB_FLOAT32, rank, dims, before, after, wide_dy, wide_dx);
    kb_release_wide(wide_dy, outputs);
    kb_narrow(dtype, inputs, wide_dx, dx);
    return;
  }
  kb_pad_plan plan = kb_pad_begin(mode, rank, dims, before, after);
  const bool is_complex = dtype == KB_COMPLEX64 || dtype == KB_COMPLEX128;
  if (is_complex) plan.block *= 2;
  plan.dtype = dtype == KB_FLOAT64 || dtype == KB_COMPLEX128 ? KB_FLOAT64 : KB_FLOAT32;
  plan.size = kb_dtype_size(plan.dtype);
  plan.x = dy, plan.out = dx;
  plan.inputs = plan.outputs = plan.block;
  const bool leads = plan.rank > 1 && before[0] == 0 && after[0] == 0;
  const intptr_t items = leads ? plan.dims[0] : 1;
  for (size_t d = leads; d < plan.rank; d++) {
    plan.inputs *= plan.dims[d];
    plan.outputs *= plan.padded[d];
  }
  const intptr_t elements = plan.inputs > plan.outputs ? plan.inputs : plan.outputs;
  if (items > 0) kb_parallel_for((size_t)items, kb_pad_grain(elements), pad_gradient_items, &plan);
  kb_pad_end(&plan);
}
