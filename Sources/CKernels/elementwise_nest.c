#include "elementwise_nest.h"

#include <string.h>

#include "copy.h"
#include "elementwise.h"
#include "include/kb_alloc.h"
#include "include/kb_threads.h"

// Rows shorter than this are not worth a call each: their operands are gathered into longer runs of
// FLAT_BYTES. Where one row serves all, longer ones.
#define SHORT_ROW 48
#define FLAT_BYTES 4096
// Rows and bytes of a tile: one cache line of floats in a transposed operand. Wider elements want
// longer lines: with 16 rows a transpose of 2048 x 2048 doubles takes 3.0 ns per element, with 64
// 1.3.
#define TILE_ROWS(size) ((size) <= 4 ? 16u : 64u)
#define TILE_BYTES(size) ((size) <= 4 ? 16384u : 32768u)

static size_t widest(const kb_nest *nest) {
  size_t size = nest->out_size;
  for (size_t i = 0; i < nest->inputs; i++)
    if (nest->in[i].size > size) size = nest->in[i].size;
  return size;
}

// Whether to go over the elements without regard to rows; then also what is known of each operand.
static bool is_flat(kb_nest *nest) {
  if (nest->rank < 2 || nest->dims[0] * widest(nest) > FLAT_BYTES / 2) return false;
  unsigned uniform = 0, gathered = 0, repeated = 0;
  for (size_t i = 0; i < nest->inputs; i++) {
    const intptr_t *s = nest->in[i].strides;
    bool contiguous = true, same = true, periodic = true;
    intptr_t expected = (intptr_t)nest->in[i].size;
    for (size_t d = 0; d < nest->rank; d++) {
      contiguous &= s[d] == expected;
      same &= s[d] == 0;
      periodic &= d == 0 || s[d] == 0;
      expected *= (intptr_t)nest->dims[d];
    }
    if (same) uniform |= 1u << i;
    else if (!contiguous) gathered |= 1u << i;
    if (!same && !contiguous && periodic) repeated |= 1u << i;
  }
  if (nest->dims[0] >= SHORT_ROW && gathered != repeated) return false;
  nest->uniform = uniform;
  nest->gathered = gathered;
  nest->periodic = repeated;
  return true;
}

void kb_nest_init(kb_nest *nest, size_t rank, const intptr_t *dims, size_t inputs,
                  const void *const *bases, const size_t *sizes, const intptr_t *const *strides,
                  void *out, size_t out_size) {
  nest->rank = 0;
  nest->count = 1;
  nest->inputs = inputs;
  nest->out = out;
  nest->out_size = out_size;
  nest->uniform = nest->gathered = nest->periodic = 0;
  nest->flat = nest->fence = false;
  nest->stage = 0;
  for (size_t i = 0; i < inputs; i++) {
    nest->in[i].base = bases[i];
    nest->in[i].size = sizes[i];
  }
  bool dense = true;
  for (size_t i = 0; i < inputs; i++) dense &= !strides || !strides[i];
  if (dense) {
    for (size_t d = 0; d < rank; d++) nest->count *= (size_t)dims[d];
  } else {
    for (size_t d = rank; d-- > 0;) {
      if (dims[d] == 1) continue;
      const size_t top = nest->rank;
      bool merges = top > 0;
      for (size_t i = 0; i < inputs; i++) {
        const size_t size = nest->in[i].size;
        const intptr_t stride =
            (strides[i] ? strides[i][d] : (intptr_t)nest->count) * (intptr_t)size;
        nest->in[i].strides[top] = stride;
        merges = merges
                 && stride == nest->in[i].strides[top - 1] * (intptr_t)nest->dims[top - 1];
      }
      nest->count *= (size_t)dims[d];
      if (nest->count == 0) return;
      if (merges) {
        nest->dims[top - 1] *= (size_t)dims[d];
      } else {
        nest->dims[top] = (size_t)dims[d];
        nest->rank++;
      }
    }
  }
  if (nest->rank == 0) { // contiguous, or one element
    nest->rank = 1;
    nest->dims[0] = nest->count;
    for (size_t i = 0; i < inputs; i++) nest->in[i].strides[0] = (intptr_t)sizes[i];
    return;
  }
  nest->flat = is_flat(nest);
  if (nest->flat) return;
  for (size_t i = 0; i < inputs; i++) {
    const intptr_t stride = nest->in[i].strides[0];
    if (stride == 0) nest->uniform |= 1u << i;
    else if (stride != (intptr_t)nest->in[i].size) nest->gathered |= 1u << i;
  }
}

static char *task_begin(const kb_nest *nest, char *local, size_t local_size) {
  return nest->scratch <= local_size ? local : kb_scratch(nest->scratch);
}

static void task_end(const kb_nest *nest, char *scratch, const char *local) {
  if (nest->stage || nest->fence) kb_stream_fence();
  if (scratch != local) kb_scratch_free(scratch, nest->scratch);
}

static void call_body(kb_nest *nest, size_t n, const void *const *in, char *out, char *scratch) {
  char *const target = nest->stage ? scratch + nest->stage_offset : out;
  const kb_status status = nest->body(nest->context, n, in, target, scratch + nest->body_offset);
  if (__builtin_expect(status != KB_OK, 0)) nest->status = status;
  if (nest->stage) kb_active_kernels->stream(out, target, n * nest->out_size);
}

// Flat: elements [begin, end) whatever rows they lie in.
static void run_flat(void *context, size_t begin, size_t end) {
  kb_nest *const nest = context;
  _Alignas(64) char local[32768];
  char *const scratch = task_begin(nest, local, sizeof local);
  const void *in[KB_MAX_INPUTS];
  for (size_t start = begin; start < end; start += nest->block) {
    const size_t n = end - start < nest->block ? end - start : nest->block;
    char *gather = scratch;
    for (size_t i = 0; i < nest->inputs; i++) {
      const kb_nest_input *const x = &nest->in[i];
      if (nest->gathered >> i & 1) {
        // Blocks begin at whole rows, so that a periodic operand is the same in each.
        if (!(nest->periodic >> i & 1) || start == begin)
          kb_gather(x->size, nest->rank, nest->dims, x->strides, x->base, start, n, gather);
        in[i] = gather;
        gather += nest->pitch;
      } else {
        in[i] = nest->uniform >> i & 1 ? x->base : x->base + start * x->size;
      }
    }
    call_body(nest, n, in, nest->out + start * nest->out_size, scratch);
  }
  task_end(nest, scratch, local);
}

// One tile: `rows` rows of n columns, of which operands are found at in[i] for its first element.
static void run_tile(kb_nest *nest, size_t rows, size_t n, const char *const *bases, char *out,
                     char *scratch) {
  const void *in[KB_MAX_INPUTS];
  char *gather = scratch;
  for (size_t i = 0; i < nest->inputs; i++) {
    if (!(nest->gathered >> i & 1)) continue;
    const kb_nest_input *const x = &nest->in[i];
    kb_copy_plane(x->size, rows, n, bases[i], rows > 1 ? x->strides[1] : 0, x->strides[0], gather,
                  (intptr_t)nest->pitch);
    gather += nest->pitch * nest->tile_rows;
  }
  const size_t row_bytes = nest->dims[0] * nest->out_size;
  for (size_t r = 0; r < rows; r++) {
    for (size_t start = 0; start < n;) {
      const size_t m = n - start < nest->block ? n - start : nest->block;
      gather = scratch;
      for (size_t i = 0; i < nest->inputs; i++) {
        const kb_nest_input *const x = &nest->in[i];
        if (nest->gathered >> i & 1) {
          in[i] = gather + r * nest->pitch + start * x->size;
          gather += nest->pitch * nest->tile_rows;
        } else {
          const intptr_t down = r ? (intptr_t)r * x->strides[1] : 0;
          in[i] = bases[i] + down + (intptr_t)start * x->strides[0];
        }
      }
      call_body(nest, m, in, out + r * row_bytes + start * nest->out_size, scratch);
      start += m;
    }
  }
}

// Tiles [begin, end), numbered by column chunk, row group and outer index, the first fastest.
static void run_tiles(void *context, size_t begin, size_t end) {
  kb_nest *const nest = context;
  _Alignas(64) char local[32768];
  char *const scratch = task_begin(nest, local, sizeof local);
  const size_t rank = nest->rank, rows_dim = rank > 1 ? nest->dims[1] : 1;
  size_t chunk = begin % nest->chunks, outer = begin / nest->chunks / nest->row_groups;
  size_t group = begin / nest->chunks % nest->row_groups, index[KB_NEST_RANK];
  const char *bases[KB_MAX_INPUTS];
  for (size_t i = 0; i < nest->inputs; i++) bases[i] = nest->in[i].base;
  char *out = nest->out + outer * rows_dim * nest->dims[0] * nest->out_size;
  for (size_t d = 2; d < rank; d++) {
    index[d] = outer % nest->dims[d];
    outer /= nest->dims[d];
    for (size_t i = 0; i < nest->inputs; i++)
      bases[i] += (intptr_t)index[d] * nest->in[i].strides[d];
  }
  for (size_t tile = begin; tile < end; tile++) {
    const size_t row = group * nest->tile_rows, column = chunk * nest->chunk;
    const size_t rows = rows_dim - row < nest->tile_rows ? rows_dim - row : nest->tile_rows;
    const size_t n = nest->dims[0] - column < nest->chunk ? nest->dims[0] - column : nest->chunk;
    const char *corner[KB_MAX_INPUTS];
    for (size_t i = 0; i < nest->inputs; i++)
      corner[i] = bases[i] + (row ? (intptr_t)row * nest->in[i].strides[1] : 0)
                  + (intptr_t)column * nest->in[i].strides[0];
    run_tile(nest, rows, n, corner, out + (row * nest->dims[0] + column) * nest->out_size, scratch);
    if (++chunk < nest->chunks) continue;
    chunk = 0;
    if (++group < nest->row_groups) continue;
    group = 0;
    out += rows_dim * nest->dims[0] * nest->out_size;
    for (size_t d = 2; d < rank; d++) {
      for (size_t i = 0; i < nest->inputs; i++) bases[i] += nest->in[i].strides[d];
      if (++index[d] < nest->dims[d]) break;
      for (size_t i = 0; i < nest->inputs; i++)
        bases[i] -= (intptr_t)nest->dims[d] * nest->in[i].strides[d];
      index[d] = 0;
    }
  }
  task_end(nest, scratch, local);
}

static size_t round_up(size_t x, size_t unit) { return (x + unit - 1) / unit * unit; }

bool kb_nest_streams(const kb_nest *nest) {
  size_t read = 0;
  for (size_t i = 0; i < nest->inputs; i++) {
    if (nest->in[i].base == nest->out) return false;
    if (!(nest->uniform >> i & 1)) read += nest->count * nest->in[i].size;
  }
  const bool rows_aligned = nest->rank == 1 || nest->dims[0] * nest->out_size % 64 == 0;
  return kb_streams(read, nest->count * nest->out_size) && rows_aligned &&
         (uintptr_t)nest->out % 64 == 0;
}

kb_status kb_nest_run(kb_nest *nest, size_t block, size_t cost, size_t scratch, kb_nest_body body,
                      const void *context) {
  if (nest->count == 0) return KB_OK;
  nest->body = body;
  nest->context = context;
  nest->status = KB_OK;
  const size_t size = widest(nest);
  // Work for a microsecond or more in each task, and no more than 64 tasks.
  size_t grain = 65536 / (size * cost);
  if (grain < 1024) grain = 1024;
  if (grain < nest->count / 64) grain = nest->count / 64;

  if (nest->stage && nest->flat) nest->stage = FLAT_BYTES;
  if (nest->stage && block > nest->stage / nest->out_size) block = nest->stage / nest->out_size;
  unsigned gathers = (unsigned)__builtin_popcount(nest->gathered);
  if (nest->flat) {
    const size_t most = FLAT_BYTES / size, period = nest->dims[0];
    if (block > most) block = most;
    block = block / period * period;
    nest->pitch = block * size + 128;
    nest->tile_rows = 1;
  } else {
    nest->tile_rows = 1;
    nest->chunk = nest->dims[0];
    nest->pitch = 0;
    if (gathers) {
      const size_t rows = nest->rank > 1 ? nest->dims[1] : 1;
      nest->tile_rows = rows < TILE_ROWS(size) ? rows : TILE_ROWS(size);
      size_t most = TILE_BYTES(size) / nest->tile_rows / size / 64 * 64;
      if (most < 64) most = 64;
      if (nest->chunk > most) nest->chunk = most;
      nest->pitch = round_up(nest->chunk * size, 64) + 64;
    } else if (nest->chunk > grain) {
      nest->chunk = round_up(grain, 4096);
    }
    nest->chunks = (nest->dims[0] + nest->chunk - 1) / nest->chunk;
    const size_t rows = nest->rank > 1 ? nest->dims[1] : 1;
    nest->row_groups = (rows + nest->tile_rows - 1) / nest->tile_rows;
  }
  nest->block = block;
  nest->stage_offset = round_up(gathers * nest->pitch * nest->tile_rows, 64);
  nest->body_offset = nest->stage_offset + (nest->stage ? nest->stage + 64 : 0);
  nest->scratch = nest->body_offset + scratch;

  if (nest->flat) {
    kb_parallel_for(nest->count, round_up(grain, block), run_flat, nest);
    return nest->status;
  }
  const size_t unit = nest->chunk * nest->tile_rows;
  if (nest->rank == 1 && nest->chunks == 1 && !nest->gathered && !nest->stage && !nest->fence
      && block >= nest->count && !scratch) {
    const void *in[KB_MAX_INPUTS];
    for (size_t i = 0; i < nest->inputs; i++) in[i] = nest->in[i].base;
    return body(context, nest->count, in, nest->out, NULL);
  }
  size_t tiles = nest->chunks * nest->row_groups;
  for (size_t d = 2; d < nest->rank; d++) tiles *= nest->dims[d];
  kb_parallel_for(tiles, grain > unit ? grain / unit : 1, run_tiles, nest);
  return nest->status;
}
