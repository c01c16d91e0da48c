#include "pad_plan.h"

#include "index_internal.h"
#include "kb_alloc.h"

// The amounts of each dimension. Neighbours without padding are one, so are those at the end.
typedef struct pad_dims {
  size_t rank; // at least 1
  intptr_t dims[KB_MAX_RANK], before[KB_MAX_RANK], after[KB_MAX_RANK];
  intptr_t block;
} pad_dims;

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

static pad_dims merge_dims(size_t rank, const intptr_t *dims, const intptr_t *before,
                           const intptr_t *after) {
  pad_dims merged = {.block = 1};
  while (rank > 1 && before[rank - 1] == 0 && after[rank - 1] == 0) merged.block *= dims[--rank];
  for (size_t d = 0; d < rank; d++) {
    const bool plain = before[d] == 0 && after[d] == 0;
    const bool joins = plain && d > 0 && before[d - 1] == 0 && after[d - 1] == 0;
    const size_t to = joins ? merged.rank - 1 : merged.rank++;
    merged.dims[to] = joins ? merged.dims[to] * dims[d] : dims[d];
    merged.before[to] = before[d], merged.after[to] = after[d];
  }
  if (rank == 0) { // a scalar
    merged.rank = 1, merged.dims[0] = 1;
    merged.before[0] = merged.after[0] = 0;
  }
  return merged;
}

static void fill_maps(kb_pad_plan *plan, int mode, const pad_dims *merged) {
  size_t entries = 0;
  for (size_t d = 0; d < plan->rank; d++)
    entries += (size_t)(merged->dims[d] + merged->before[d] + merged->after[d]);
  plan->bytes =
      plan->rank * (2 * sizeof(intptr_t) + sizeof(intptr_t *)) + entries * sizeof(intptr_t);
  plan->maps = kb_scratch(plan->bytes);
  plan->dims = (intptr_t *)(plan->maps + plan->rank);
  plan->padded = plan->dims + plan->rank;
  intptr_t *map = plan->padded + plan->rank;
  for (size_t d = 0; d < plan->rank; d++) {
    const intptr_t before = merged->before[d], after = merged->after[d];
    plan->dims[d] = merged->dims[d];
    plan->padded[d] = merged->dims[d] + before + after;
    plan->maps[d] = map;
    fill_map(mode, merged->dims[d], before, after, map);
    map += plan->padded[d];
    plan->whole &= before >= 0 && after >= 0;
    if (d + 1 < plan->rank) plan->rows *= plan->padded[d];
  }
}

kb_pad_plan kb_pad_begin(int mode, size_t rank, const intptr_t *dims, const intptr_t *before,
                         const intptr_t *after) {
  const pad_dims merged = merge_dims(rank, dims, before, after);
  const bool constant = mode == KB_PAD_CONSTANT;
  kb_pad_plan plan = {.rank = merged.rank, .rows = 1, .block = merged.block, .constant = constant,
                   .whole = constant};
  fill_maps(&plan, mode, &merged);
  // Going around what cropping leaves nothing of.
  for (size_t d = 0; d < plan.rank; d++)
    plan.constant |= plan.padded[d] > 0 && plan.maps[d][0] < 0 && mode == KB_PAD_CIRCULAR;
  const size_t last = plan.rank - 1;
  const intptr_t front = merged.before[last], back = merged.after[last];
  const intptr_t low = front < 0 ? -front : 0, high = plan.dims[last] - (back < 0 ? -back : 0);
  plan.run_start = front > 0 ? front : 0;
  plan.run = high > low ? high - low : 0;
  return plan;
}

void kb_pad_end(kb_pad_plan *plan) { kb_scratch_free(plan->maps, plan->bytes); }

kb_pad_shape kb_pad_shape_of(const kb_pad_plan *plan) {
  const size_t last = plan->rank - 1, block_bytes = (size_t)plan->block * plan->size;
  return (kb_pad_shape){.block_bytes = block_bytes,
                     .row_bytes = (size_t)plan->padded[last] * block_bytes,
                     .run_bytes = (size_t)plan->run * block_bytes,
                     .columns = plan->padded[last],
                     .width = plan->dims[last],
                     .run_end = plan->run_start + plan->run,
                     .map = plan->maps[last]};
}

kb_pad_lines kb_pad_lines_from(const kb_pad_plan *plan, intptr_t row, intptr_t most) {
  static const intptr_t only = 0;
  if (plan->rank == 1) return (kb_pad_lines){&only, 1, 0};
  const size_t line = plan->rank - 2;
  const intptr_t first = row % plan->padded[line], left = plan->padded[line] - first;
  kb_pad_lines lines = {plan->maps[line] + first, left < most ? left : most, 0};
  intptr_t step = plan->dims[line];
  row /= plan->padded[line];
  for (size_t d = line; d-- > 0; step *= plan->dims[d], row /= plan->padded[d]) {
    const intptr_t from = plan->maps[d][row % plan->padded[d]];
    if (from < 0) return (kb_pad_lines){lines.map, lines.count, -1};
    lines.source += from * step;
  }
  return lines;
}
