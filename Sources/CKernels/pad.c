// Padding by index maps: every padded position of a dimension knows the input position it shows.
// Trailing dimensions without padding move as blocks, the inside of a row as one run.
#include "kb_pad.h"

#include <string.h>

#include "kb_alloc.h"
#include "kb_threads.h"
#include "reduce_internal.h"
#include "widen.h"

#pragma STDC FP_CONTRACT OFF

// Rows run over all dimensions but the last padded one. Maps hold −1 where the constant is shown.
typedef struct pad_plan {
  size_t rank;
  intptr_t *dims, *padded, **maps; // of the dimensions up to the last padded one
  intptr_t rows, block;            // padded rows; elements of a block
  intptr_t run_start, run;         // of the last dimension: outputs that show consecutive inputs
  bool constant;                   // what is outside of the run
  size_t size, bytes;              // bytes of an element, of the plan's memory
  const void *x, *value;
  void *out;
  kb_dtype dtype;
  intptr_t inputs, outputs; // elements per item of the leading dimensions that are not padded
} pad_plan;

static intptr_t floor_modulo(intptr_t a, intptr_t b) {
  intptr_t remainder = a % b;
  return remainder < 0 ? remainder + b : remainder;
}

static void fill_map(int mode, intptr_t dim, intptr_t before, intptr_t after, intptr_t *map) {
  // Circular padding goes around what cropping leaves.
  const intptr_t low = before < 0 ? -before : 0, high = dim - (after < 0 ? -after : 0);
  for (intptr_t o = 0; o < dim + before + after; o++) {
    intptr_t i = o - before;
    if (i < 0 || i >= dim) {
      switch (mode) {
      case KB_PAD_REFLECT: i = i < 0 ? -i : 2 * (dim - 1) - i; break;
      case KB_PAD_REPLICATE: i = i < 0 ? 0 : dim - 1; break;
      case KB_PAD_CIRCULAR: break;
      default: i = -1; break;
      }
    }
    if (mode == KB_PAD_CIRCULAR) i = high > low ? low + floor_modulo(i - low, high - low) : -1;
    map[o] = i;
  }
}

static pad_plan make_plan(int mode, size_t rank, const intptr_t *dims, const intptr_t *before,
                          const intptr_t *after) {
  pad_plan plan = {.rank = rank, .rows = 1, .block = 1, .constant = mode == KB_PAD_CONSTANT};
  while (plan.rank > 1 && before[plan.rank - 1] == 0 && after[plan.rank - 1] == 0)
    plan.block *= dims[--plan.rank];
  size_t entries = 0;
  for (size_t d = 0; d < plan.rank; d++) entries += (size_t)(dims[d] + before[d] + after[d]);
  plan.bytes = plan.rank * (2 * sizeof(intptr_t) + sizeof(intptr_t *)) + entries * sizeof(intptr_t);
  plan.maps = kb_alloc(plan.bytes);
  plan.dims = (intptr_t *)(plan.maps + plan.rank);
  plan.padded = plan.dims + plan.rank;
  intptr_t *map = plan.padded + plan.rank;
  for (size_t d = 0; d < plan.rank; d++) {
    plan.dims[d] = dims[d];
    plan.padded[d] = dims[d] + before[d] + after[d];
    plan.maps[d] = map;
    fill_map(mode, dims[d], before[d], after[d], map);
    map += plan.padded[d];
    if (d + 1 < plan.rank) plan.rows *= plan.padded[d];
  }
  if (plan.rank == 0) { // a scalar
    plan.run = 1;
    return plan;
  }
  const size_t last = plan.rank - 1;
  const intptr_t low = before[last] < 0 ? -before[last] : 0;
  const intptr_t high = dims[last] - (after[last] < 0 ? -after[last] : 0);
  plan.run_start = before[last] > 0 ? before[last] : 0;
  plan.run = high > low ? high - low : 0;
  return plan;
}

// A padded row, as its position in each dimension but the last; and the next one.
typedef struct row_position {
  intptr_t at[KB_MAX_RANK];
} row_position;

static row_position position_of(const pad_plan *plan, intptr_t row) {
  row_position position;
  for (size_t d = plan->rank > 0 ? plan->rank - 1 : 0; d-- > 0; row /= plan->padded[d])
    position.at[d] = row % plan->padded[d];
  return position;
}

static void advance(const pad_plan *plan, row_position *position) {
  for (size_t d = plan->rank > 0 ? plan->rank - 1 : 0; d-- > 0;) {
    if (++position->at[d] < plan->padded[d]) return;
    position->at[d] = 0;
  }
}

// The input row that it shows, or −1.
static intptr_t source_row(const pad_plan *plan, const row_position *position) {
  intptr_t source = 0;
  for (size_t d = 0; d + 1 < plan->rank; d++) {
    const intptr_t from = plan->maps[d][position->at[d]];
    if (from < 0) return -1;
    source = source * plan->dims[d] + from;
  }
  return source;
}

// A length that the compiler knows needs no call.
static inline void copy_block(char *to, const char *from, size_t bytes) {
  switch (bytes) {
  case 4: memcpy(to, from, 4); break;
  case 8: memcpy(to, from, 8); break;
  default: memcpy(to, from, bytes);
  }
}

// Repeats the constant over `count` elements.
static void fill(const pad_plan *plan, char *to, intptr_t count) {
  if (count <= 0) return;
  if (plan->size == 4) {
    uint32_t bits;
    memcpy(&bits, plan->value, 4);
    for (intptr_t i = 0; i < count; i++) memcpy(to + 4 * i, &bits, 4);
    return;
  }
  const size_t bytes = (size_t)count * plan->size;
  memcpy(to, plan->value, plan->size);
  for (size_t done = plan->size; done < bytes;) {
    size_t more = done < bytes - done ? done : bytes - done;
    memcpy(to + done, to, more);
    done += more;
  }
}

// Columns begin ..< end of a padded row, outside of the run.
static void pad_columns(const pad_plan *plan, const intptr_t *map, intptr_t begin, intptr_t end,
                        const char *from, char *to) {
  const size_t block_bytes = (size_t)plan->block * plan->size;
  if (plan->constant) {
    fill(plan, to + (size_t)begin * block_bytes, (end - begin) * plan->block);
    return;
  }
  for (intptr_t o = begin; o < end; o++) {
    char *const block = to + (size_t)o * block_bytes;
    if (map[o] < 0)
      fill(plan, block, plan->block);
    else
      copy_block(block, from + (size_t)map[o] * block_bytes, block_bytes);
  }
}

// What the rows of a call have in common.
typedef struct row_shape {
  size_t block_bytes, row_bytes, run_bytes;
  intptr_t columns, width, run_end;
  const intptr_t *map;
} row_shape;

static void pad_row(const pad_plan *plan, const row_shape *shape, intptr_t source, char *to) {
  if (source < 0) {
    fill(plan, to, shape->columns * plan->block);
    return;
  }
  const char *from = (const char *)plan->x + (size_t)(source * shape->width) * shape->block_bytes;
  if (plan->run == 0) {
    pad_columns(plan, shape->map, 0, shape->columns, from, to);
    return;
  }
  pad_columns(plan, shape->map, 0, plan->run_start, from, to);
  memcpy(to + (size_t)plan->run_start * shape->block_bytes,
         from + (size_t)shape->map[plan->run_start] * shape->block_bytes, shape->run_bytes);
  pad_columns(plan, shape->map, shape->run_end, shape->columns, from, to);
}

static void pad_rows(void *context, size_t begin, size_t end) {
  const pad_plan *plan = context;
  const size_t last = plan->rank > 0 ? plan->rank - 1 : 0;
  row_shape shape = {.block_bytes = (size_t)plan->block * plan->size,
                     .columns = plan->rank ? plan->padded[last] : 1,
                     .width = plan->rank ? plan->dims[last] : 1,
                     .run_end = plan->run_start + plan->run,
                     .map = plan->rank ? plan->maps[last] : &plan->run_start};
  shape.row_bytes = (size_t)shape.columns * shape.block_bytes;
  shape.run_bytes = (size_t)plan->run * shape.block_bytes;
  row_position position = position_of(plan, (intptr_t)begin);
  char *to = (char *)plan->out + begin * shape.row_bytes;
  for (size_t row = begin; row < end; row++, to += shape.row_bytes, advance(plan, &position))
    pad_row(plan, &shape, source_row(plan, &position), to);
}

static size_t row_grain(intptr_t elements) {
  return elements >= 16384 ? 1 : (size_t)(16384 / (elements > 0 ? elements : 1));
}

void kb_pad(int mode, size_t size, size_t rank, const intptr_t *dims, const intptr_t *before,
            const intptr_t *after, const void *x, const void *value, void *out) {
  pad_plan plan = make_plan(mode, rank, dims, before, after);
  const char zero[16] = {0};
  plan.size = size;
  plan.x = x, plan.out = out, plan.value = mode == KB_PAD_CONSTANT ? value : zero;
  intptr_t columns = plan.rank ? plan.padded[plan.rank - 1] * plan.block : 1;
  if (columns > 0 && plan.rows > 0)
    kb_parallel_for((size_t)plan.rows, row_grain(columns), pad_rows, &plan);
  kb_free(plan.maps, plan.bytes);
}

#define ADD_ROW(type)                                                                              \
  do {                                                                                             \
    const type *from = (const type *)dy;                                                           \
    type *to = (type *)dx;                                                                         \
    for (intptr_t i = 0; i < count; i++) to[i] += from[i];                                         \
  } while (0)

static inline void add_run(bool is_double, intptr_t count, const char *dy, char *dx) {
  if (is_double)
    ADD_ROW(double);
  else
    ADD_ROW(float);
}

// Adds the padded rows of items begin ..< end of the leading dimensions to their input rows.
// Complex elements count as blocks of two.
static void pad_gradient_items(void *context, size_t begin, size_t end) {
  const pad_plan *plan = context;
  const bool is_double = plan->dtype == KB_FLOAT64;
  const size_t block_bytes = (size_t)plan->block * plan->size;
  const intptr_t columns = plan->rank ? plan->padded[plan->rank - 1] : 1;
  const intptr_t width = plan->rank ? plan->dims[plan->rank - 1] : 1;
  const intptr_t *map = plan->rank ? plan->maps[plan->rank - 1] : &plan->run_start;
  memset((char *)plan->out + begin * (size_t)plan->inputs * plan->size, 0,
         (end - begin) * (size_t)plan->inputs * plan->size);
  const size_t item_rows = columns > 0 && plan->block > 0
                               ? (size_t)(plan->outputs / (columns * plan->block))
                               : 0;
  if (item_rows == 0) return;
  row_position position = position_of(plan, (intptr_t)(begin * item_rows));
  for (size_t row = begin * item_rows; row < end * item_rows; row++, advance(plan, &position)) {
    const intptr_t source = source_row(plan, &position);
    if (source < 0) continue;
    const char *dy = (const char *)plan->x + row * (size_t)columns * block_bytes;
    char *dx = (char *)plan->out + (size_t)(source * width) * block_bytes;
    for (intptr_t o = 0; o < columns; o++) {
      if (map[o] < 0) continue;
      intptr_t count = o == plan->run_start && plan->run > 0 ? plan->run : 1;
      add_run(is_double, count * plan->block, dy + (size_t)o * block_bytes,
              dx + (size_t)map[o] * block_bytes);
      o += count - 1;
    }
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
    float *wide_dy = kb_widen(dtype, outputs, dy), *wide_dx = kb_alloc(inputs * sizeof(float));
    kb_pad_gradient(mode, KB_FLOAT32, rank, dims, before, after, wide_dy, wide_dx);
    kb_release_wide(wide_dy, outputs);
    kb_narrow(dtype, inputs, wide_dx, dx);
    return;
  }
  pad_plan plan = make_plan(mode, rank, dims, before, after);
  const bool is_complex = dtype == KB_COMPLEX64 || dtype == KB_COMPLEX128;
  if (is_complex) plan.block *= 2;
  plan.dtype = dtype == KB_FLOAT64 || dtype == KB_COMPLEX128 ? KB_FLOAT64 : KB_FLOAT32;
  plan.size = kb_dtype_size(plan.dtype);
  plan.x = dy, plan.out = dx;
  plan.inputs = plan.outputs = plan.block;
  intptr_t items = 1;
  for (size_t d = 0, leading = 1; d < plan.rank; d++) {
    if (before[d] || after[d] || d + 1 == plan.rank) leading = 0;
    if (leading) {
      items *= plan.dims[d];
    } else {
      plan.inputs *= plan.dims[d];
      plan.outputs *= plan.padded[d];
    }
  }
  intptr_t elements = plan.inputs > plan.outputs ? plan.inputs : plan.outputs;
  if (items > 0) kb_parallel_for((size_t)items, row_grain(elements), pad_gradient_items, &plan);
  kb_free(plan.maps, plan.bytes);
}
