// Chains of fused groups and reductions over rows, in blocks.
#include "include/kb_rows.h"

#include <stdlib.h>
#include <string.h>

#include "copy.h"
#include "fused.h"
#include "include/kb_alloc.h"
#include "include/kb_threads.h"
#include "reduce_internal.h"

// What the wide values of a block take together: half a second cache; and one of them at most.
#define BLOCK_BYTES (512 << 10)
#define VALUE_BYTES (64 << 10)
// Blocks of fewer elements do not pay for their steps, however many there are.
#define LEAST_ELEMENTS 4096
// Shorter rows are not worth a call each: groups then run on all elements of a block, for which what is narrow
// is repeated in memory.
#define LONG_ROW 512

typedef enum { GIVEN, RESULT, HELD } value_kind;

typedef struct {
  value_kind kind;
  bool wide;
  size_t size;                        // bytes of an element
  size_t number;                      // of its address, for what is no scratch memory
  intptr_t row_stride, column_stride; // of an input, in elements
  bool uniform;                       // an input of one element
  bool gathered;                      // an input that is copied for each block, or for each task
  bool repeats;                       // the same for all rows
  int first, last;                    // steps that write and read it; -1 for inputs
  int spread;                         // the wide value that repeats a narrow one, or -1
  size_t offset;                      // in a task's memory
  bool is_free;                       // its part of that may be used again after `last`
} value;

typedef enum { GROUP, REDUCTION, ARG, PICK, ADD_AT, SPREAD } step_kind;

typedef struct {
  step_kind kind;
  const kb_fused *group;
  bool wide;
  kb_reduction op;
  bool largest;
  kb_dtype dtype;
  int *values; // inputs, then outputs
  size_t count, inputs;
} step;

struct kb_rows {
  size_t rows, columns, addresses;
  value *values;
  step *steps;
  int value_count, step_count;
  bool by_row;         // wide groups are run for each row, rather than on all elements of a block
  size_t block, grain; // rows of a block, blocks of a task
  size_t workspace, bytes;
};

static void *grown(void *list, int count, size_t size) {
  if (count & (count - 1)) return list; // full at powers of two
  void *const more = realloc(list, (count ? 2 * (size_t)count : 1) * size);
  if (!more) abort();
  return more;
}

kb_rows *kb_rows_make(size_t rows, size_t columns) {
  kb_rows *const r = calloc(1, sizeof *r);
  if (!r) abort();
  r->rows = rows;
  r->columns = columns;
  r->by_row = columns >= LONG_ROW;
  return r;
}

void kb_rows_free(kb_rows *r) {
  for (int s = 0; s < r->step_count; s++) free(r->steps[s].values);
  free(r->steps);
  free(r->values);
  free(r);
}

static int add_value(kb_rows *r, value v) {
  r->values = grown(r->values, r->value_count, sizeof v);
  v.first = v.last = v.spread = -1;
  r->values[r->value_count] = v;
  return r->value_count++;
}

// Whether an input lies in memory row by row.
static bool is_dense(const kb_rows *r, const value *v) {
  const intptr_t row = v->wide ? (intptr_t)r->columns : 1, column = v->wide ? 1 : 0;
  return v->row_stride == row && v->column_stride == column;
}

int kb_rows_input(kb_rows *r, size_t size, bool wide, intptr_t row_stride, intptr_t column_stride) {
  value v = {.kind = GIVEN, .wide = wide, .size = size, .number = r->addresses++};
  if (!wide) column_stride = 0;
  v.row_stride = row_stride, v.column_stride = column_stride;
  v.uniform = row_stride == 0 && column_stride == 0;
  v.repeats = row_stride == 0;
  if (r->by_row && wide)
    v.gathered = column_stride != 0 && column_stride != 1;
  else
    v.gathered = !v.uniform && !is_dense(r, &v);
  return add_value(r, v);
}

int kb_rows_output(kb_rows *r, size_t size, bool wide) {
  return add_value(
      r, (value){.kind = RESULT, .wide = wide, .size = size, .number = r->addresses++});
}

int kb_rows_scratch(kb_rows *r, size_t size, bool wide) {
  return add_value(r, (value){.kind = HELD, .wide = wide, .size = size});
}

static void add_step(kb_rows *r, step s, const int *values) {
  r->steps = grown(r->steps, r->step_count, sizeof s);
  s.values = malloc(s.count * sizeof(int));
  if (!s.values) abort();
  for (size_t i = 0; i < s.count; i++) {
    value *const v = &r->values[s.values[i] = values[i]];
    if (i >= s.inputs) v->first = r->step_count;
    v->last = r->step_count;
  }
  r->steps[r->step_count++] = s;
}

// A value, or the wide one that repeats a narrow one.
static int widened(kb_rows *r, int narrow) {
  if (r->values[narrow].wide) return narrow;
  if (r->values[narrow].spread < 0) {
    const int wide = kb_rows_scratch(r, r->values[narrow].size, true);
    add_step(r, (step){.kind = SPREAD, .inputs = 1, .count = 2}, (int[2]){narrow, wide});
    r->values[narrow].spread = wide;
  }
  return r->values[narrow].spread;
}

void kb_rows_reduction(kb_rows *r, kb_reduction op, kb_dtype dtype, int wide, int narrow) {
  add_step(r, (step){.kind = REDUCTION, .op = op, .dtype = dtype, .inputs = 1, .count = 2},
           (int[2]){widened(r, wide), narrow});
}

void kb_rows_arg(kb_rows *r, bool largest, kb_dtype dtype, int wide, int index) {
  add_step(r, (step){.kind = ARG, .largest = largest, .dtype = dtype, .inputs = 1, .count = 2},
           (int[2]){widened(r, wide), index});
}

void kb_rows_pick(kb_rows *r, int wide, int index, int narrow) {
  add_step(r, (step){.kind = PICK, .inputs = 2, .count = 3},
           (int[3]){widened(r, wide), index, narrow});
}

void kb_rows_add_at(kb_rows *r, kb_dtype dtype, int wide, int index, int narrow, int result) {
  add_step(r, (step){.kind = ADD_AT, .dtype = dtype, .inputs = 3, .count = 4},
           (int[4]){widened(r, wide), index, narrow, result});
}

void kb_rows_group(kb_rows *r, const kb_fused *group, bool wide, const int *values) {
  const size_t count = group->inputs + group->outputs;
  int operands[KB_FUSED_INPUTS + KB_FUSED_OUTPUTS];
  for (size_t i = 0; i < count; i++) {
    const value *const v = &r->values[values[i]];
    const bool repeats = wide && !v->uniform && !r->by_row;
    operands[i] = repeats ? widened(r, values[i]) : values[i];
  }
  const size_t inputs = group->inputs;
  add_step(r, (step){.kind = GROUP, .group = group, .wide = wide, .inputs = inputs, .count = count},
           operands);
}

// --- The memory of a task

static size_t round_up(size_t x, size_t unit) { return (x + unit - 1) / unit * unit; }

static size_t bytes_of(const kb_rows *r, const value *v) {
  // Lines of their own keep what several threads write apart; another one keeps equal offsets of wide
  // values from sharing a set of the cache.
  return round_up(r->block * (v->wide ? r->columns : 1) * v->size, 64) + 64;
}

// Scratch memory for a value: that of a wide one that nothing reads any more, or more of it.
static void settle(kb_rows *r, value *v) {
  for (int i = 0; i < r->value_count && v->wide && !v->gathered; i++) {
    value *const other = &r->values[i];
    if (!other->is_free || other->size != v->size || other->last >= v->first) continue;
    other->is_free = false;
    v->offset = other->offset;
    v->is_free = true;
    return;
  }
  v->offset = r->bytes;
  v->is_free = v->wide && !v->gathered;
  r->bytes += bytes_of(r, v);
}

void kb_rows_finish(kb_rows *r) {
  size_t row_bytes = 0, widest = 0;
  for (int i = 0; i < r->value_count; i++) {
    const value *const v = &r->values[i];
    if (!v->wide || v->uniform) continue;
    row_bytes += r->columns * v->size;
    if (r->columns * v->size > widest) widest = r->columns * v->size;
  }
  r->block = r->rows / 32; // tasks for many threads
  if (r->block < LEAST_ELEMENTS / r->columns) r->block = LEAST_ELEMENTS / r->columns;
  if (r->block > VALUE_BYTES / widest) r->block = VALUE_BYTES / widest;
  if (r->block > BLOCK_BYTES / row_bytes) r->block = BLOCK_BYTES / row_bytes;
  if (r->block > r->rows) r->block = r->rows;
  if (r->block == 0) r->block = 1;
  const size_t blocks = (r->rows + r->block - 1) / r->block;
  r->grain = (blocks + 63) / 64;
  for (int s = 0; s < r->step_count; s++)
    if (r->steps[s].kind == GROUP) {
      const size_t bytes = kb_fused_workspace(r->steps[s].group);
      if (bytes > r->workspace) r->workspace = bytes;
    }
  r->workspace = round_up(r->workspace, 64);
  r->bytes = r->workspace;
  for (int v = 0; v < r->value_count; v++)
    if (r->values[v].gathered) settle(r, &r->values[v]);
  for (int s = 0; s < r->step_count; s++)
    for (size_t i = r->steps[s].inputs; i < r->steps[s].count; i++) {
      value *const v = &r->values[r->steps[s].values[i]];
      if (v->kind == HELD) settle(r, v);
    }
}

bool kb_rows_may_replace(const kb_rows *r, size_t output, size_t input) {
  const value *y = NULL;
  for (int i = 0; i < r->value_count; i++)
    if (r->values[i].kind == RESULT && r->values[i].number == output) y = &r->values[i];
  bool may = false;
  for (int i = 0; i < r->value_count; i++) {
    const value *const x = &r->values[i];
    if (x->kind != GIVEN || x->wide != y->wide || x->size != y->size || !is_dense(r, x)) continue;
    if (x->number == input) may = true;
    if (x->last < y->first) continue;
    // Also other inputs than this one: they may lie in the same place.
    const step *const s = &r->steps[y->first];
    if (x->last > y->first || s->kind != GROUP) return false;
    size_t from = 0, to = s->inputs;
    while (&r->values[s->values[from]] != x) from++;
    while (&r->values[s->values[to]] != y) to++;
    if (!kb_fused_may_replace(s->group, to - s->inputs, from)) return false;
  }
  return may;
}

// --- Runs

typedef struct {
  const kb_rows *chain;
  void *const *memory;
  _Atomic bool failed;
} job;

static char *address(const job *j, char *memory, int number, size_t row) {
  const value *const v = &j->chain->values[number];
  if (v->kind == HELD || v->gathered) return memory + v->offset;
  char *const base = j->memory[v->number];
  if (v->kind == GIVEN) return base + (intptr_t)row * v->row_stride * (intptr_t)v->size;
  return base + row * (v->wide ? j->chain->columns : 1) * v->size;
}

static void gather(const job *j, char *memory, size_t row, size_t n, bool first) {
  const kb_rows *const r = j->chain;
  for (int i = 0; i < r->value_count; i++) {
    const value *const v = &r->values[i];
    if (!v->gathered || (v->repeats && !first)) continue;
    const intptr_t size = (intptr_t)v->size, down = v->row_stride * size;
    const char *const x = (const char *)j->memory[v->number] + (intptr_t)row * down;
    const size_t rows = v->repeats ? r->block : n, columns = v->wide ? r->columns : 1;
    if (v->wide && v->column_stride == 0) {
      for (size_t k = 0; k < rows; k++)
        kb_repeat(v->size, columns, x + (intptr_t)k * down,
                  memory + v->offset + k * columns * v->size);
      continue;
    }
    kb_copy_plane(v->size, rows, columns, x, down, v->column_stride * size, memory + v->offset,
                  (intptr_t)(columns * v->size));
  }
}

static void run_group(const job *j, const step *s, char *memory, size_t row, size_t n) {
  const kb_rows *const r = j->chain;
  const bool by_row = s->wide && r->by_row;
  const size_t calls = by_row ? n : 1, count = by_row ? r->columns : s->wide ? n * r->columns : n;
  const char *inputs[KB_FUSED_INPUTS];
  char *outputs[KB_FUSED_OUTPUTS];
  intptr_t steps[KB_FUSED_INPUTS + KB_FUSED_OUTPUTS];
  unsigned uniform = 0;
  for (size_t i = 0; i < s->count; i++) {
    const value *const v = &r->values[s->values[i]];
    char *const at = address(j, memory, s->values[i], row);
    if (i < s->inputs)
      inputs[i] = at;
    else
      outputs[i - s->inputs] = at;
    const bool given = v->kind == GIVEN && !v->gathered;
    steps[i] = (given ? v->row_stride : v->wide ? (intptr_t)r->columns : 1) * (intptr_t)v->size;
    const bool same = !v->wide || (given && v->column_stride == 0);
    if (i < s->inputs && (v->uniform || (by_row && same))) uniform |= 1u << i;
  }
  kb_fused_rows(s->group, memory, calls, count, inputs, uniform, outputs, steps);
}

static bool pick(const job *j, size_t n, size_t size, const char *x, const int64_t *index,
                 char *y) {
  const size_t columns = j->chain->columns;
  for (size_t i = 0; i < n; i++) {
    if ((uint64_t)index[i] >= columns) return false;
    memcpy(y + i * size, x + (i * columns + (size_t)index[i]) * size, size);
  }
  return true;
}

static bool add_at(const job *j, const step *s, size_t n, const char *x, const int64_t *index,
                   const char *added, char *y) {
  const size_t columns = j->chain->columns, size = kb_dtype_size(s->dtype);
  if (j->chain->values[s->values[0]].uniform)
    kb_repeat(size, n * columns, x, y);
  else if (x != y)
    memcpy(y, x, n * columns * size);
  for (size_t i = 0; i < n; i++) {
    if ((uint64_t)index[i] >= columns) return false;
    const size_t at = i * columns + (size_t)index[i];
    if (s->dtype == KB_FLOAT64)
      ((double *)(void *)y)[at] += ((const double *)(const void *)added)[i];
    else
      ((float *)(void *)y)[at] += ((const float *)(const void *)added)[i];
  }
  return true;
}

static bool run_step(const job *j, const step *s, char *memory, size_t row, size_t n) {
  const kb_rows *const r = j->chain;
  if (s->kind == GROUP) {
    run_group(j, s, memory, row, n);
    return true;
  }
  char *at[4];
  for (size_t i = 0; i < s->count; i++) at[i] = address(j, memory, s->values[i], row);
  const size_t size = r->values[s->values[0]].size;
  const intptr_t dims[2] = {(intptr_t)n, (intptr_t)r->columns};
  switch (s->kind) {
  case REDUCTION: kb_reduce_rows(s->op, s->dtype, n, r->columns, at[0], at[1]); break;
  case ARG:
    kb_arg_reduce(s->largest, s->dtype, 2, dims, (const bool[2]){false, true}, at[0], NULL, NULL,
                  (int64_t *)(void *)at[1]);
    break;
  case PICK: return pick(j, n, size, at[0], (const int64_t *)(const void *)at[1], at[2]);
  case ADD_AT: return add_at(j, s, n, at[0], (const int64_t *)(const void *)at[1], at[2], at[3]);
  default:
    for (size_t i = 0; i < n; i++)
      kb_repeat(size, r->columns, at[0] + i * size, at[1] + i * r->columns * size);
  }
  return true;
}

static void run_blocks(void *context, size_t begin, size_t end) {
  job *const j = context;
  const kb_rows *const r = j->chain;
  char *const memory = kb_scratch(r->bytes);
  for (size_t b = begin; b < end; b++) {
    const size_t row = b * r->block, n = r->rows - row < r->block ? r->rows - row : r->block;
    gather(j, memory, row, n, b == begin);
    for (int k = 0; k < r->step_count; k++)
      if (!run_step(j, &r->steps[k], memory, row, n)) j->failed = true;
  }
  kb_scratch_free(memory, r->bytes);
}

bool kb_rows_run(const kb_rows *r, void *const *memory) {
  job j = {.chain = r, .memory = memory};
  kb_parallel_for((r->rows + r->block - 1) / r->block, r->grain, run_blocks, &j);
  return !j.failed;
}
