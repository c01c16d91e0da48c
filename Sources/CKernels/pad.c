// Padding: runs are copied, what is outside of them is shown or filled.
#include "pad_plan.h"

#include "kb_threads.h"

static const char *source_of(const kb_pad_plan *plan, const kb_pad_shape *shape, intptr_t source) {
  return (const char *)plan->x + (size_t)(source * shape->width) * shape->block_bytes;
}

// Bytes that show the constant, up to `limit`.
static inline void fill(const kb_pad_plan *plan, char *to, size_t bytes, const char *limit) {
  const size_t room = (size_t)(limit - to);
  kb_fill_bytes(to, &plan->value, bytes < room ? bytes : room, limit);
}

// The constant behind one row's run and before the next one's is one piece.
static void pad_constant_rows(void *context, size_t begin, size_t end) {
  const kb_pad_plan *plan = context;
  const kb_pad_shape shape = kb_pad_shape_of(plan);
  const size_t run = shape.run_bytes, gap = shape.row_bytes - run;
  const size_t front = run > 0 ? (size_t)plan->run_start * shape.block_bytes : 0;
  const size_t start = run > 0 ? (size_t)shape.map[plan->run_start] * shape.block_bytes : 0;
  const char *const limit = (char *)plan->out + end * shape.row_bytes;
  char *to = (char *)plan->out + begin * shape.row_bytes;
  fill(plan, to, front, limit);
  to += front;
  for (size_t row = begin; row < end;) {
    const kb_pad_lines lines = kb_pad_lines_from(plan, (intptr_t)row, (intptr_t)(end - row));
    for (intptr_t i = 0; i < lines.count; i++, to += shape.row_bytes) {
      const intptr_t source = kb_pad_source_line(&lines, i);
      if (source < 0) {
        fill(plan, to, shape.row_bytes, limit);
        continue;
      }
      kb_copy_bytes(to, source_of(plan, &shape, source) + start, run);
      fill(plan, to + run, gap, limit);
    }
    row += (size_t)lines.count;
  }
}

// Columns begin ..< end of a padded row, outside of the run.
static inline __attribute__((always_inline)) void show_columns(const intptr_t *map, size_t bytes,
                                                               intptr_t begin, intptr_t end,
                                                               const char *from, char *to) {
  for (intptr_t o = begin; o < end; o++)
    kb_copy_bytes(to + (size_t)o * bytes, from + (size_t)map[o] * bytes, bytes);
}

static inline __attribute__((always_inline)) void show_blocks(const kb_pad_plan *plan, size_t bytes,
                                                              size_t begin, size_t end) {
  const kb_pad_shape shape = kb_pad_shape_of(plan);
  const intptr_t *const map = shape.map;
  const intptr_t columns = shape.columns, run_begin = plan->run > 0 ? plan->run_start : columns;
  const intptr_t run_end = plan->run > 0 ? shape.run_end : columns;
  const size_t start = plan->run > 0 ? (size_t)map[run_begin] * bytes : 0, run = shape.run_bytes;
  char *to = (char *)plan->out + begin * shape.row_bytes;
  for (size_t row = begin; row < end;) {
    const kb_pad_lines lines = kb_pad_lines_from(plan, (intptr_t)row, (intptr_t)(end - row));
    for (intptr_t i = 0; i < lines.count; i++, to += shape.row_bytes) {
      const char *const from = source_of(plan, &shape, kb_pad_source_line(&lines, i));
      show_columns(map, bytes, 0, run_begin, from, to);
      kb_copy_bytes(to + (size_t)run_begin * bytes, from + start, run);
      show_columns(map, bytes, run_end, columns, from, to);
    }
    row += (size_t)lines.count;
  }
}

// A size that the compiler knows makes one move of a block.
static void show_rows(void *context, size_t begin, size_t end) {
  const kb_pad_plan *plan = context;
  const size_t bytes = (size_t)plan->block * plan->size;
  switch (bytes) {
    case 4: show_blocks(plan, 4, begin, end); break;
    case 8: show_blocks(plan, 8, begin, end); break;
    default: show_blocks(plan, bytes, begin, end); break;
  }
}

void kb_pad(int mode, size_t size, size_t rank, const intptr_t *dims, const intptr_t *before,
            const intptr_t *after, const void *x, const void *value, void *out) {
  kb_pad_plan plan = kb_pad_begin(mode, rank, dims, before, after);
  const char zero[16] = {0};
  plan.size = size;
  plan.x = x, plan.out = out;
  plan.value = kb_make_pattern(size, mode == KB_PAD_CONSTANT ? value : zero);
  const intptr_t columns = plan.padded[plan.rank - 1] * plan.block;
  if (columns > 0 && plan.rows > 0)
    kb_parallel_for((size_t)plan.rows, kb_pad_grain(columns),
                    plan.constant ? pad_constant_rows : show_rows, &plan);
  kb_pad_end(&plan);
}
