#include "index_rows.h"

#include "kb_alloc.h"
#include "kb_threads.h"
#include "stream.h"

typedef struct job {
  const kb_row_updates *updates;
  const size_t *starts, *order; // row r of y meets the rows order[starts[r] ..< starts[r + 1]]
  size_t tile, tiles;           // elements, and pieces of a row that stay in the first level
  bool streams;
} job;

enum { TILE_BYTES = 16 << 10 };

static void update_tiles(void *context, size_t begin, size_t end) {
  const job *j = context;
  const kb_row_updates *u = j->updates;
  const intptr_t size = (intptr_t)u->size;
  const size_t ahead = kb_rows_ahead(j->tile * u->size);
  _Alignas(64) char buffer[TILE_BYTES];
  for (size_t number = begin; number < end; number++) {
    const size_t row = number / j->tiles, first = number % j->tiles * j->tile;
    const size_t n = u->n - first < j->tile ? u->n - first : j->tile, last = j->starts[row + 1];
    char *const out = u->y + ((intptr_t)row * u->y_along + (intptr_t)first) * size;
    char *const y = j->streams ? buffer : out;
    const char *source = u->source + (intptr_t)first * u->source_step * size;
    kb_copy_line(u->size, n,
                 u->x + ((intptr_t)row * u->x_along + (intptr_t)first * u->x_step) * size,
                 u->x_step, y);
    for (size_t k = j->starts[row]; k < last; k++) {
      // Rows that come in no order are asked for in time, also those of later rows of y.
      if (u->source_step == 1 && k + ahead < u->count)
        kb_fetch_row(source + (intptr_t)j->order[k + ahead] * u->source_along * size, n * u->size);
      u->combine(n, source + (intptr_t)j->order[k] * u->source_along * size, u->source_step, y, 1);
    }
    if (j->streams) kb_stream_row(out, y, n * u->size);
  }
  if (j->streams) kb_stream_fence();
}

// Orders the rows of the source by where they go, each where it came among its like.
static bool order_rows(const kb_row_updates *u, size_t *starts, size_t *order,
                       kb_index_fault *fault) {
  memset(starts, 0, (u->length + 2) * sizeof *starts);
  for (size_t k = 0; k < u->count; k++) {
    const int64_t at = u->index[(intptr_t)k * u->index_step];
    if ((uint64_t)at >= u->length) {
      kb_report_index(fault, at);
      return false;
    }
    starts[at + 2]++;
  }
  for (size_t row = 0; row < u->length; row++) starts[row + 2] += starts[row + 1];
  // starts[r + 1] moves from where row r begins to where it ends.
  for (size_t k = 0; k < u->count; k++)
    order[starts[u->index[(intptr_t)k * u->index_step] + 1]++] = k;
  return true;
}

void kb_update_rows(const kb_row_updates *updates, kb_index_fault *fault) {
  const kb_row_updates *u = updates;
  const size_t bytes = (u->length + 2 + u->count) * sizeof(size_t), all = u->length * u->n * u->size;
  size_t *const starts = kb_scratch(bytes), *const order = starts + u->length + 2;
  if (order_rows(u, starts, order, fault)) {
    job j = {.updates = u, .starts = starts, .order = order, .tile = TILE_BYTES / u->size,
             .streams = kb_streams(u->count * u->n * u->size, all)};
    if (j.tile > u->n) j.tile = u->n;
    j.tiles = (u->n + j.tile - 1) / j.tile;
    kb_parallel_for(u->length * j.tiles, 8192 / j.tile + 1, update_tiles, &j);
  }
  kb_scratch_free(starts, bytes);
}
