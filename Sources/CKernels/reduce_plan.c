// How a reduction walks its input.
#include <string.h>

#include "include/kb_rows.h"
#include "isa.h"
#include "reduce_internal.h"

const kb_reduce_set *kb_active_reduce(void) {
#if defined(__x86_64__)
  const kb_isa level = kb_isa_level();
  if (level == KB_ISA_AVX512) return &kb_reduce_avx512;
  if (level == KB_ISA_AVX2) return &kb_reduce_avx2;
#endif
  return &kb_reduce_baseline;
}

static intptr_t distance(intptr_t stride) { return stride < 0 ? -stride : stride; }

// Merges neighbours that are one dimension in memory; leaves at least one entry.
static size_t merge(size_t rank, intptr_t *dims, intptr_t *strides) {
  size_t count = 0;
  for (size_t d = 0; d < rank; d++) {
    if (dims[d] == 1) continue;
    if (count > 0 && strides[count - 1] == strides[d] * dims[d]) {
      dims[count - 1] *= dims[d];
      strides[count - 1] = strides[d];
    } else {
      dims[count] = dims[d];
      strides[count++] = strides[d];
    }
  }
  if (count == 0) dims[0] = 1, strides[0] = 0, count = 1;
  return count;
}

static void sort_by_stride(size_t rank, intptr_t *dims, intptr_t *strides) {
  for (size_t i = 1; i < rank; i++) {
    const intptr_t dim = dims[i], stride = strides[i];
    size_t k = i;
    for (; k > 0 && distance(strides[k - 1]) < distance(stride); k--)
      dims[k] = dims[k - 1], strides[k] = strides[k - 1];
    dims[k] = dim, strides[k] = stride;
  }
}

static size_t product(size_t rank, const intptr_t *dims) {
  size_t count = 1;
  for (size_t d = 0; d < rank; d++) count *= (size_t)dims[d];
  return count;
}

void kb_plan_reduction(kb_reduce_plan *plan, size_t rank, const intptr_t *dims, const bool *reduced,
                       const intptr_t *strides, bool ordered) {
  intptr_t packed[KB_MAX_RANK];
  if (!strides) {
    intptr_t step = 1;
    for (size_t d = rank; d-- > 0;) packed[d] = step, step *= dims[d];
    strides = packed;
  }
  plan->kept_rank = plan->reduced_rank = 0;
  for (size_t d = 0; d < rank; d++) {
    if (!reduced || reduced[d]) {
      plan->reduced_dims[plan->reduced_rank] = dims[d];
      plan->reduced_strides[plan->reduced_rank++] = strides[d];
    } else {
      plan->kept_dims[plan->kept_rank] = dims[d];
      plan->kept_strides[plan->kept_rank++] = strides[d];
    }
  }
  if (!ordered) sort_by_stride(plan->reduced_rank, plan->reduced_dims, plan->reduced_strides);
  plan->kept_rank = merge(plan->kept_rank, plan->kept_dims, plan->kept_strides);
  plan->reduced_rank = merge(plan->reduced_rank, plan->reduced_dims, plan->reduced_strides);
  plan->outputs = product(plan->kept_rank, plan->kept_dims);
  plan->length = product(plan->reduced_rank, plan->reduced_dims);
  plan->inner = (size_t)plan->kept_dims[plan->kept_rank - 1];
  // Below 8 columns a gathered row costs less than vectors that are mostly empty.
  const intptr_t along = distance(plan->reduced_strides[plan->reduced_rank - 1]);
  const intptr_t across = distance(plan->kept_strides[plan->kept_rank - 1]);
  plan->columns = plan->inner >= 8 && plan->length > 1 && across < along;
}

intptr_t kb_plan_offset(size_t rank, const intptr_t *dims, const intptr_t *strides, size_t number) {
  intptr_t offset = 0;
  for (size_t d = rank; d-- > 1;) {
    offset += (intptr_t)(number % (size_t)dims[d]) * strides[d];
    number /= (size_t)dims[d];
  }
  return offset + (intptr_t)number * strides[0];
}

const void *kb_read_block(const kb_row_reader *reader, size_t start, size_t limit, void *buffer,
                          size_t *count) {
  const kb_reduce_plan *plan = reader->plan;
  const size_t last = plan->reduced_rank - 1, length = (size_t)plan->reduced_dims[last];
  const intptr_t stride = plan->reduced_strides[last], size = (intptr_t)reader->element_size;
  const size_t room = plan->length - start < limit ? plan->length - start : limit;
  size_t done = 0;
  while (done < room) {
    const size_t column = (start + done) % length;
    const size_t run = length - column < room - done ? length - column : room - done;
    const intptr_t offset = kb_plan_offset(plan->reduced_rank, plan->reduced_dims,
                                           plan->reduced_strides, start + done);
    if (reader->source) {
      // In the pieces in which an array is read.
      char *to = (char *)buffer + done * (size_t)size;
      reader->source->read(reader->source, reader->first + (size_t)offset, run, to);
      done += run;
      if (run == done && (run == room || run >= 512)) break;
      continue;
    }
    const char *from = reader->x + size * offset;
    // Short runs are gathered: a block of its own would cost more than the copy.
    if (done == 0 && reader->native && stride == 1 && (run == room || run >= 512)) {
      *count = run;
      return from;
    }
    reader->load(run, from, stride, (char *)buffer + done * kb_compute_size(reader->type));
    done += run;
  }
  *count = done;
  return buffer;
}

void kb_read_columns(const kb_row_reader *reader, size_t start, size_t rows, size_t n, void *buffer,
                     const void *lines[8]) {
  const kb_reduce_plan *plan = reader->plan;
  const intptr_t stride = plan->kept_strides[plan->kept_rank - 1];
  const intptr_t size = (intptr_t)reader->element_size;
  if (kb_lines_distance(reader) != 0) {
    const intptr_t apart = size * plan->reduced_strides[0];
    for (size_t r = 0; r < rows; r++) lines[r] = reader->x + (intptr_t)(start + r) * apart;
    return;
  }
  for (size_t r = 0; r < rows; r++) {
    const intptr_t offset =
        kb_plan_offset(plan->reduced_rank, plan->reduced_dims, plan->reduced_strides, start + r);
    char *line = (char *)buffer + r * n * kb_compute_size(reader->type);
    if (reader->source) {
      reader->source->read(reader->source, reader->first + (size_t)offset, n, line);
      lines[r] = line;
      continue;
    }
    const char *from = reader->x + size * offset;
    lines[r] = from;
    if (reader->native && stride == 1) continue;
    reader->load(n, from, stride, line);
    lines[r] = line;
  }
}

intptr_t kb_lines_distance(const kb_row_reader *reader) {
  const kb_reduce_plan *plan = reader->plan;
  const bool at_one = reader->source == NULL && plan->reduced_rank == 1 && reader->native &&
                      plan->kept_strides[plan->kept_rank - 1] == 1;
  return at_one ? plan->reduced_strides[0] : 0;
}

kb_row_reader kb_make_reader(const kb_reduce_plan *plan, const void *x, kb_dtype in,
                             kb_compute type, kb_load_map map) {
  return (kb_row_reader){
      .plan = plan,
      .x = x,
      .element_size = kb_dtype_size(in),
      .native = kb_is_native(in, type) && map != KB_LOAD_NONZERO,
      .load = kb_find_loader(in, type, map),
      .type = type,
  };
}

kb_row_reader kb_reader_at(const kb_row_reader *reader, size_t output) {
  const kb_reduce_plan *plan = reader->plan;
  kb_row_reader moved = *reader;
  const intptr_t offset =
      kb_plan_offset(plan->kept_rank, plan->kept_dims, plan->kept_strides, output);
  if (reader->source)
    moved.first += (size_t)offset;
  else
    moved.x += (intptr_t)reader->element_size * offset;
  return moved;
}

#define TASK_ELEMENTS 16384
_Static_assert(KB_ROWS_LONGEST <= 4 * TASK_ELEMENTS, "rows in chains are not cut into segments");
#define MOST_TASKS 64

static size_t ceiling(size_t a, size_t b) { return (a + b - 1) / b; }

kb_reduce_cut kb_cut_reduction(const kb_reduce_plan *plan, size_t column_tile, size_t row_unit,
                               size_t column_unit) {
  kb_reduce_cut cut = {.segments = 1, .segment = plan->length};
  if (plan->columns) {
    cut.tile = plan->inner < column_tile ? plan->inner : column_tile;
    cut.tiles = plan->outputs / plan->inner * ceiling(plan->inner, cut.tile);
  } else {
    const size_t rows = TASK_ELEMENTS / (plan->length + 1);
    cut.tile = rows > 0 ? rows : 1;
    cut.tiles = ceiling(plan->outputs, cut.tile);
  }
  const size_t width = plan->columns ? cut.tile : 1;
  if (cut.tiles < 16 && plan->length * width >= 4 * TASK_ELEMENTS) {
    const size_t unit = plan->columns ? column_unit : row_unit;
    const size_t most = plan->length * width / TASK_ELEMENTS, wanted = ceiling(32, cut.tiles);
    cut.segment = ceiling(ceiling(plan->length, wanted < most ? wanted : most), unit) * unit;
    cut.segments = ceiling(plan->length, cut.segment);
  }
  const size_t least = ceiling(TASK_ELEMENTS, cut.tile * cut.segment + 1);
  const size_t share = cut.tiles * cut.segments / MOST_TASKS;
  cut.grain = least > share ? least : share;
  return cut;
}

kb_reduce_piece kb_reduction_piece(const kb_reduce_plan *plan, const kb_reduce_cut *cut,
                                   size_t number) {
  const size_t tile = number / cut->segments, line = plan->columns ? plan->inner : plan->outputs;
  const size_t tiles_per_line = ceiling(line, cut->tile), first = tile % tiles_per_line * cut->tile;
  kb_reduce_piece piece = {.segment = number % cut->segments};
  piece.output = tile / tiles_per_line * line + first;
  piece.count = line - first < cut->tile ? line - first : cut->tile;
  piece.begin = piece.segment * cut->segment;
  piece.end = plan->length - piece.begin < cut->segment ? plan->length : piece.begin + cut->segment;
  return piece;
}
