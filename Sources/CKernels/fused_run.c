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

static size_t workspace_bytes(const kb_fused *f) {
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
      to->op = stream ? KB_R_STREAM : from->op;
    }
  }
}

static void fill(char *chunk, size_t chunk_bytes, const void *x, size_t size) {
  for (size_t i = 0; i < chunk_bytes; i += size) memcpy(chunk + i, x, size);
}

// n elements; inputs are arrays or, where bit i of `uniform` is set, one element.
static void run_elements(const kb_fused *f, char *memory, size_t n, const char *const *inputs,
                         unsigned uniform, char *const *outputs, bool streams) {
  const workspace w = divide(f, memory);
  const size_t chunk = f->set->chunk_bytes, lanes = chunk / f->size;
  for (size_t i = 0; i < f->inputs; i++)
    if (uniform >> i & 1) fill(w.uniforms + i * chunk, chunk, inputs[i], f->input_sizes[i]);
  const size_t whole = n / lanes * lanes, rest = n - whole;
  if (whole) {
    link_code(f, &w, inputs, uniform, outputs, streams);
    f->set->run(w.code, 0, whole * f->size);
  }
  if (!rest) return;
  const char *copies[KB_FUSED_INPUTS];
  char *results[KB_FUSED_OUTPUTS];
  for (size_t i = 0; i < f->inputs; i++) {
    char *const copy = w.rest + i * chunk;
    copies[i] = copy;
    if (uniform >> i & 1 || !f->is_read[i]) continue;
    const size_t size = f->input_sizes[i];
    memcpy(copy, inputs[i] + whole * size, rest * size);
    // The other lanes are computed too: on something harmless.
    fill(copy + rest * size, (lanes - rest) * size, copy, size);
  }
  for (size_t o = 0; o < f->outputs; o++) results[o] = w.rest + (f->inputs + o) * chunk;
  link_code(f, &w, copies, uniform, results, false);
  f->set->run(w.code, 0, chunk);
  for (size_t o = 0; o < f->outputs; o++)
    memcpy(outputs[o] + whole * f->output_sizes[o], results[o], rest * f->output_sizes[o]);
}

#define LOCAL_BYTES 16384

// The n elements from number `first` of the inputs on; `outputs` are where their results go.
static void run_range(const kb_fused *f, size_t first, size_t n, const char *const *inputs,
                      unsigned uniform, char *const *outputs, bool streams) {
  _Alignas(64) char local[LOCAL_BYTES];
  const size_t bytes = workspace_bytes(f);
  char *const memory = bytes <= sizeof local ? local : kb_alloc(bytes);
  const char *from[KB_FUSED_INPUTS];
  for (size_t i = 0; i < f->inputs; i++)
    from[i] = inputs[i] + (uniform >> i & 1 ? 0 : first * f->input_sizes[i]);
  run_elements(f, memory, n, from, uniform, outputs, streams);
  if (memory != local) kb_free(memory, bytes);
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
  kb_nest_run(&nest, SIZE_MAX, f->cost, workspace_bytes(f), run_nest, &job);
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
