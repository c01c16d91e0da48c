// Runs of fused groups over arrays, and as what a reduction reads.
#include "fused.h"

#include <string.h>

#include "elementwise_nest.h"
#include "include/kb_alloc.h"
#include "include/kb_copy.h"
#include "include/kb_threads.h"
#include "reduce_internal.h"

// Memory of one task: the code with its addresses, a chunk for each slot and uniform input, and chunks for
// what is left at the end of an array.
typedef struct {
  kb_register_code *code;
  char *slots, *uniforms, *rest;
} workspace;

static size_t round_up(size_t x, size_t unit) { return (x + unit - 1) / unit * unit; }

size_t kb_fused_workspace(const kb_fused *f) {
  // Slots are a line apart, so that loads and stores of several do not share a set of the cache.
  return round_up((f->entries + 1) * sizeof(kb_register_code), 64)
         + f->slots * (f->set->chunk_bytes + 64)
         + (2 * f->inputs + f->outputs) * f->set->chunk_bytes;
}

static workspace divide(const kb_fused *f, char *memory) {
  workspace w;
  w.code = (kb_register_code *)(void *)memory;
  w.slots = memory + round_up((f->entries + 1) * sizeof(kb_register_code), 64);
  w.uniforms = w.slots + f->slots * (f->set->chunk_bytes + 64);
  w.rest = w.uniforms + f->inputs * f->set->chunk_bytes;
  return w;
}

static void address(const kb_fused *f, const workspace *w, place p, const char *const *inputs,
                    unsigned uniform, char *const *outputs, const char **to, int32_t *mask) {
  const size_t chunk = f->set->chunk_bytes;
  *mask = 0;
  switch (p.kind) {
  case NOWHERE: *to = NULL; break;
  case SLOT: *to = w->slots + p.number * (chunk + 64); break;
  case CONSTANT: *to = f->values + p.number * chunk; break;
  case OUTPUT:
    *to = outputs[p.number];
    *mask = -1;
    break;
  case INPUT:
    if (uniform >> p.number & 1) {
      *to = w->uniforms + p.number * chunk;
    } else {
      *to = inputs[p.number];
      *mask = -1;
    }
    break;
  }
}

static void link_code(const kb_fused *f, const workspace *w, const char *const *inputs,
                      unsigned uniform, char *const *outputs, bool streams) {
  for (size_t e = 0; e < f->entries; e++) {
    const entry *const from = &f->code[e];
    kb_register_code *const to = &w->code[e];
    address(f, w, from->p, inputs, uniform, outputs, &to->p, &to->p_mask);
    address(f, w, from->q, inputs, uniform, outputs, &to->q, &to->q_mask);
    if (from->op >= KB_R_COUNT) {
      to->kernel = from->kernel;
      to->q_mask = (int32_t)(from->op - KB_R_COUNT);
    } else {
      const bool stream = streams && from->op == KB_R_STORE && from->p.kind == OUTPUT;
      const bool one = from->p.kind == CONSTANT ||
                       (from->p.kind == INPUT && uniform >> from->p.number & 1);
      to->op = stream ? KB_R_STREAM : one ? kb_number_form(from->op) : from->op;
    }
  }
}

#define REPEAT(T)                                                                                  \
  {                                                                                                \
    T value, *const y = to;                                                                        \
    memcpy(&value, x, sizeof value);                                                               \
    for (size_t i = 0; i < n; i++) y[i] = value;                                                   \
    break;                                                                                         \
  }

void kb_repeat(size_t size, size_t n, const void *x, void *to) {
  switch (size) {
  case 8: REPEAT(uint64_t)
  case 4: REPEAT(uint32_t)
  case 2: REPEAT(uint16_t)
  default: REPEAT(uint8_t)
  }
}

static void fill_uniform(const kb_fused *f, const workspace *w, size_t i, const char *x) {
  const size_t size = f->input_sizes[i];
  kb_repeat(size, f->set->chunk_bytes / size, x, w->uniforms + i * f->set->chunk_bytes);
}

// Makes a chunk of each input that is one element.
static void fill_uniforms(const kb_fused *f, const workspace *w, const char *const *inputs,
                          unsigned uniform) {
  for (size_t i = 0; i < f->inputs; i++)
    if (uniform >> i & 1) fill_uniform(f, w, i, inputs[i]);
}

// For less than a chunk, which is copied.
static void link_rest(const kb_fused *f, const workspace *w, unsigned uniform) {
  const char *copies[KB_FUSED_INPUTS];
  char *results[KB_FUSED_OUTPUTS];
  for (size_t i = 0; i < f->inputs; i++) copies[i] = w->rest + i * f->set->chunk_bytes;
  for (size_t o = 0; o < f->outputs; o++)
    results[o] = w->rest + (f->inputs + o) * f->set->chunk_bytes;
  link_code(f, w, copies, uniform, results, false);
}

// Elements first ..< first + n of arrays.
static void run_rest(const kb_fused *f, const workspace *w, size_t first, size_t n,
                     const char *const *inputs, unsigned uniform, char *const *outputs) {
  const size_t chunk = f->set->chunk_bytes;
  for (size_t i = 0; i < f->inputs; i++) {
    if (uniform >> i & 1 || !f->is_read[i]) continue;
    char *const copy = w->rest + i * chunk;
    const size_t size = f->input_sizes[i];
    memcpy(copy, inputs[i] + first * size, n * size);
    // The other lanes are computed too: on something harmless.
    kb_repeat(size, chunk / f->size - n, copy, copy + n * size);
  }
  f->set->run(w->code, 0, chunk);
  for (size_t o = 0; o < f->outputs; o++)
    memcpy(outputs[o] + first * f->output_sizes[o], w->rest + (f->inputs + o) * chunk,
           n * f->output_sizes[o]);
}

// n elements; inputs are arrays or, where bit i of `uniform` is set, one element.
static void run_elements(const kb_fused *f, char *memory, size_t n, const char *const *inputs,
                         unsigned uniform, char *const *outputs, bool streams) {
  const workspace w = divide(f, memory);
  const size_t lanes = f->set->chunk_bytes / f->size, whole = n / lanes * lanes, rest = n - whole;
  fill_uniforms(f, &w, inputs, uniform);
  if (whole) {
    link_code(f, &w, inputs, uniform, outputs, streams);
    f->set->run(w.code, 0, whole * f->size);
  }
  if (!rest) return;
  link_rest(f, &w, uniform);
  run_rest(f, &w, whole, rest, inputs, uniform, outputs);
}

static const char *moved(const kb_fused *f, const char *at, place p, unsigned uniform,
                         const intptr_t *steps) {
  if (p.kind == INPUT && !(uniform >> p.number & 1)) return at + steps[p.number];
  if (p.kind == OUTPUT) return at + steps[f->inputs + p.number];
  return at;
}

void kb_fused_rows(const kb_fused *f, char *memory, size_t rows, size_t n, const char **inputs,
                   unsigned uniform, char **outputs, const intptr_t *steps) {
  const workspace w = divide(f, memory);
  const size_t lanes = f->set->chunk_bytes / f->size, whole = n / lanes * lanes;
  for (size_t row = 0; row < rows; row++) {
    for (size_t i = 0; i < f->inputs; i++)
      if (uniform >> i & 1 && (row == 0 || steps[i] != 0)) fill_uniform(f, &w, i, inputs[i]);
    if (row == 0 || whole < n) {
      link_code(f, &w, inputs, uniform, outputs, false);
    } else {
      for (size_t e = 0; e < f->entries; e++) {
        w.code[e].p = moved(f, w.code[e].p, f->code[e].p, uniform, steps);
        w.code[e].q = moved(f, w.code[e].q, f->code[e].q, uniform, steps);
      }
    }
    if (whole) f->set->run(w.code, 0, whole * f->size);
    if (n > whole) {
      link_rest(f, &w, uniform);
      run_rest(f, &w, whole, n - whole, inputs, uniform, outputs);
    }
    for (size_t i = 0; i < f->inputs; i++) inputs[i] += steps[i];
    for (size_t o = 0; o < f->outputs; o++) outputs[o] += steps[f->inputs + o];
  }
}

#define LOCAL_BYTES 16384

// The n elements from number `first` of the inputs on; `outputs` are where their results go.
static void run_range(const kb_fused *f, size_t first, size_t n, const char *const *inputs,
                      unsigned uniform, char *const *outputs, bool streams) {
  _Alignas(64) char local[LOCAL_BYTES];
  const size_t bytes = kb_fused_workspace(f);
  char *const memory = bytes <= sizeof local ? local : kb_scratch(bytes);
  const char *from[KB_FUSED_INPUTS];
  for (size_t i = 0; i < f->inputs; i++)
    from[i] = inputs[i] + (uniform >> i & 1 ? 0 : first * f->input_sizes[i]);
  run_elements(f, memory, n, from, uniform, outputs, streams);
  if (memory != local) kb_scratch_free(memory, bytes);
}

typedef struct {
  const kb_fused *fused;
  const char *const *inputs;
  char *const *outputs;
  unsigned uniform;
  bool streams;
} flat_job;

static void run_flat(void *context, size_t begin, size_t end) {
  const flat_job *const j = context;
  const kb_fused *const f = j->fused;
  char *outputs[KB_FUSED_OUTPUTS];
  for (size_t o = 0; o < f->outputs; o++) outputs[o] = j->outputs[o] + begin * f->output_sizes[o];
  run_range(f, begin, end - begin, j->inputs, j->uniform, outputs, j->streams);
  if (j->streams) kb_stream_fence();
}

typedef struct {
  const kb_fused *fused;
  const kb_nest *nest;
  char *const *outputs;
} nest_job;

static kb_status run_nest(const void *context, size_t n, const void *const *in, void *out,
                          char *scratch) {
  const nest_job *const j = context;
  const kb_fused *const f = j->fused;
  const size_t element = (size_t)((char *)out - j->nest->out) / f->output_sizes[0];
  char *outputs[KB_FUSED_OUTPUTS];
  for (size_t o = 0; o < f->outputs; o++) outputs[o] = j->outputs[o] + element * f->output_sizes[o];
  run_elements(f, scratch, n, (const char *const *)in, j->nest->uniform, outputs, false);
  return KB_OK;
}

static bool streams(const kb_fused *f, size_t count, const void *const *inputs, unsigned uniform,
                    void *const *outputs) {
  size_t read = 0, written = 0;
  for (size_t i = 0; i < f->inputs; i++)
    if (!(uniform >> i & 1)) read += count * f->input_sizes[i];
  for (size_t o = 0; o < f->outputs; o++) {
    written += count * f->output_sizes[o];
    if ((uintptr_t)outputs[o] % 64) return false;
    for (size_t i = 0; i < f->inputs; i++)
      if (inputs[i] == outputs[o]) return false;
  }
  // Expensive operations hide the stores.
  return kb_streams(read, written) && f->cost <= 16 * (f->inputs + f->outputs);
}

void kb_fused_run(const kb_fused *f, size_t rank, const intptr_t *dims, const void *const *inputs,
                  const intptr_t *const *strides, void *const *outputs) {
  size_t count = 1;
  for (size_t d = 0; d < rank; d++) count *= (size_t)dims[d];
  if (count == 0) return;
  // Inputs that are arrays or one element need no loop nest.
  unsigned uniform = 0;
  bool flat = true;
  for (size_t i = 0; i < f->inputs && flat; i++) {
    if (!strides || !strides[i]) continue;
    bool same = true;
    for (size_t d = 0; d < rank; d++) same &= strides[i][d] == 0 || dims[d] == 1;
    if (same) uniform |= 1u << i;
    flat = same;
  }
  if (flat) {
    flat_job job = {f, (const char *const *)inputs, (char *const *)outputs, uniform,
                    streams(f, count, inputs, uniform, outputs)};
    // Work for a microsecond or more in each task, and no more than 64 tasks.
    size_t grain = 65536 / (f->size * f->cost);
    if (grain < 1024) grain = 1024;
    if (grain < count / 64) grain = count / 64;
    kb_parallel_for(count, round_up(grain, 4096 / f->size), run_flat, &job);
    return;
  }
  kb_nest nest;
  kb_nest_init(&nest, rank, dims, f->inputs, inputs, f->input_sizes, strides, outputs[0],
               f->output_sizes[0]);
  nest_job job = {f, &nest, (char *const *)outputs};
  kb_nest_run(&nest, SIZE_MAX, f->cost, kb_fused_workspace(f), run_nest, &job);
}

// --- Reductions

typedef struct {
  kb_reduce_source source;
  const kb_fused *fused;
  size_t output;
  const char *const *inputs;
  unsigned uniform;
  char *const *outputs;
} reduced_job;

static void read_reduced(const kb_reduce_source *source, size_t first, size_t n, void *to) {
  const reduced_job *const j = (const reduced_job *)(const void *)source;
  const kb_fused *const f = j->fused;
  char *outputs[KB_FUSED_OUTPUTS];
  for (size_t o = 0; o < f->outputs; o++)
    outputs[o] = o == j->output ? to : j->outputs[o] + first * f->output_sizes[o];
  run_range(f, first, n, j->inputs, j->uniform, outputs, false);
}

void kb_fused_reduce(const kb_fused *f, size_t output, bool mean, size_t rank,
                     const intptr_t *dims, const bool *reduced, const void *const *inputs,
                     unsigned uniform, void *const *outputs) {
  const reduced_job job = {{read_reduced}, f, output, (const char *const *)inputs, uniform,
                           (char *const *)outputs};
  kb_reduce_from(&job.source, mean, f->dtype, rank, dims, reduced, outputs[output]);
}

bool kb_fused_reduces_well(size_t rank, const intptr_t *dims, const bool *reduced) {
  return kb_reduces_runs(rank, dims, reduced);
}

// --- Tails

// Rows of `columns` elements from element number `first` on, of inputs that lie as the result does: the
// code is linked once for all of them.
static void run_alike(const kb_fused_tail *t, char *memory, size_t first, size_t rows,
                      size_t columns) {
  const kb_fused *const f = t->fused;
  const workspace w = divide(f, memory);
  const char *const *const inputs = (const char *const *)t->inputs;
  char *const *const outputs = (char *const *)t->outputs;
  const size_t lanes = f->set->chunk_bytes / f->size, rest = columns % lanes;
  const size_t whole = columns - rest;
  fill_uniforms(f, &w, inputs, t->uniform);
  if (whole) {
    link_code(f, &w, inputs, t->uniform, outputs, false);
    for (size_t r = 0; r < rows; r++) {
      const size_t begin = first + r * t->columns;
      f->set->run(w.code, begin * f->size, (begin + whole) * f->size);
    }
  }
  if (!rest) return;
  link_rest(f, &w, t->uniform);
  for (size_t r = 0; r < rows; r++)
    run_rest(f, &w, first + whole + r * t->columns, rest, inputs, t->uniform, outputs);
}

static void run_rows(const kb_fused_tail *t, char *memory, size_t row, size_t rows, size_t column,
                     size_t columns) {
  const kb_fused *const f = t->fused;
  const char *inputs[KB_FUSED_INPUTS];
  char *outputs[KB_FUSED_OUTPUTS];
  for (size_t r = row; r < row + rows; r++) {
    const size_t first = r * t->columns + column;
    for (size_t i = 0; i < f->inputs; i++) {
      const size_t at = t->uniform >> i & 1     ? 0
                        : t->by_row >> i & 1    ? r
                        : t->by_column >> i & 1 ? column
                                                : first;
      inputs[i] = (const char *)t->inputs[i] + at * f->input_sizes[i];
    }
    for (size_t o = 0; o < f->outputs; o++)
      outputs[o] = (char *)t->outputs[o] + first * f->output_sizes[o];
    run_elements(f, memory, columns, inputs, t->uniform | t->by_row, outputs, false);
  }
}

static void run_tail(const kb_tail *tail, size_t row, size_t rows, size_t column, size_t columns) {
  const kb_fused_tail *const t = (const kb_fused_tail *)(const void *)tail;
  _Alignas(64) char local[LOCAL_BYTES];
  const size_t bytes = kb_fused_workspace(t->fused);
  char *const memory = bytes <= sizeof local ? local : kb_scratch(bytes);
  if (t->by_row || t->by_column)
    run_rows(t, memory, row, rows, column, columns);
  else if (columns == t->columns) // rows follow each other
    run_alike(t, memory, row * columns, 1, rows * columns);
  else
    run_alike(t, memory, row * t->columns + column, rows, columns);
  if (memory != local) kb_scratch_free(memory, bytes);
}

bool kb_fused_is_light(const kb_fused *f) { return f->cost <= f->inputs + f->outputs; }

kb_fused_tail kb_fused_make_tail(const kb_fused *f, size_t columns, unsigned uniform,
                                 unsigned by_row, unsigned by_column, const void *const *inputs,
                                 void *const *outputs) {
  size_t arrays = 0;
  for (size_t i = 0; i < f->inputs; i++) arrays += !((uniform | by_row | by_column) >> i & 1);
  const kb_tail tail = {run_tail, arrays > 1 || f->outputs > 1};
  return (kb_fused_tail){tail, f, columns, uniform, by_row, by_column, inputs, outputs};
}
