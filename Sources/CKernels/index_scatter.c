// scatter, scatter with reduction, index_add and relatives. Elements meet only along `dim`, so
// tiles of the other dimensions are tasks, and each goes along `dim` in order.
#include "index_combine.h"
#include "index_rows.h"
#include "kb_copy.h"
#include "kb_threads.h"
#include "stream.h"
#include "widen.h"

#pragma STDC FP_CONTRACT OFF

enum { TILE = 512 };

typedef enum { PASS_CLEAR, PASS_COMBINE, PASS_COUNT } pass;

typedef struct job {
  pass pass;
  size_t rank, dim, size, source_size;
  int64_t length;
  size_t count; // indices along dim
  // Without `dim`: dimensions of the index, strides of y, index, source.
  size_t kept_rank;
  intptr_t dims[KB_MAX_RANK], y_strides[KB_MAX_RANK], index_strides[KB_MAX_RANK],
      source_strides[KB_MAX_RANK];
  intptr_t y_along, index_along, source_along;
  // What y is before, unless NULL: each tile copies its part.
  const char *x;
  intptr_t x_strides[KB_MAX_RANK], x_along;
  bool streams; // lines along `dim` are made in the first level, and go around the caches from there
  size_t inner, tile, tiles; // the last kept dimension, cut
  char *y;
  size_t bytes; // of y
  const int64_t *index;
  const char *source;
  kb_combiner combine;
  char identity[16];
  uint32_t *counts;
  kb_index_fault fault;
} job;

static void touch(const job *j, intptr_t at, size_t n, intptr_t y_stride, const char *source,
                  intptr_t source_stride) {
  switch (j->pass) {
    case PASS_COMBINE:
      j->combine.group(n, source, source_stride, j->y + at * (intptr_t)j->size, y_stride);
      break;
    case PASS_CLEAR:
      for (size_t i = 0; i < n; i++)
        memcpy(j->y + (at + (intptr_t)i * y_stride) * (intptr_t)j->size, j->identity, j->size);
      break;
    case PASS_COUNT:
      for (size_t i = 0; i < n; i++) j->counts[at + (intptr_t)i * y_stride]++;
      break;
  }
}

// A tile that is one wide, along `dim` in one go, or one whose elements have an index of their own each.
static void combine_each(job *j, size_t n, const int64_t *index, const char *source, char *y) {
  const size_t last = j->kept_rank - 1, steps = n == 1 ? 1 : j->count;
  const size_t together = n == 1 ? j->count : n;
  const kb_each each = {
      .length = j->length,
      .y_along = j->y_along,
      .y_stride = n == 1 ? 0 : j->y_strides[last],
      .index_stride = n == 1 ? j->index_along : j->index_strides[last],
      .x_stride = n == 1 ? j->source_along : j->source_strides[last],
  };
  for (size_t k = 0; k < steps; k++) {
    const size_t done = j->combine.each(&each, together, index, source, y);
    if (done < together) {
      kb_report_index(&j->fault, index[(intptr_t)done * each.index_stride]);
      return;
    }
    index += j->index_along;
    source += (intptr_t)j->source_size * j->source_along;
  }
}

static void copy_line(size_t size, size_t n, const char *x, intptr_t x_stride, char *y,
                      intptr_t y_stride) {
  if (y_stride == 1) {
    kb_copy_line(size, n, x, x_stride, y);
    return;
  }
#define COPY_STRIDED(T)                                                                            \
  for (size_t i = 0; i < n; i++)                                                                   \
    ((T *)y)[(intptr_t)i * y_stride] = ((const T *)x)[(intptr_t)i * x_stride]
  KB_SWITCH_SIZE(size, COPY_STRIDED)
}

static void copy_tile(const job *j, size_t n, intptr_t x, char *y) {
  const size_t last = j->kept_rank - 1;
  const intptr_t size = (intptr_t)j->size;
  if (n == 1) {
    copy_line(j->size, (size_t)j->length, j->x + x * size, j->x_along, y, j->y_along);
    return;
  }
  for (intptr_t k = 0; k < j->length; k++) {
    copy_line(j->size, n, j->x + (x + k * j->x_along) * size, j->x_strides[last],
              y + k * j->y_along * size, j->y_strides[last]);
  }
}

// The bytes of a line that is made in the first level.
enum { LINE_BYTES = 16 << 10 };

static void scatter_tile(job *j, size_t number) {
  const size_t line = number / j->tiles, first = number % j->tiles * j->tile;
  const size_t n = j->inner - first < j->tile ? j->inner - first : j->tile, last = j->kept_rank - 1;
  const intptr_t y_step = j->y_strides[last], index_step = j->index_strides[last];
  const intptr_t source_step = j->source_strides[last], size = (intptr_t)j->source_size;
  const size_t start = line * j->inner + first;
  const intptr_t y = kb_plan_offset(j->kept_rank, j->dims, j->y_strides, start);
  const int64_t *index = j->index + kb_plan_offset(j->kept_rank, j->dims, j->index_strides, start);
  const char *source =
      j->source + size * kb_plan_offset(j->kept_rank, j->dims, j->source_strides, start);
  _Alignas(64) char line_of_y[LINE_BYTES];
  char *const target = j->streams ? line_of_y : j->y + y * (intptr_t)j->size;
  if (j->x) copy_tile(j, n, kb_plan_offset(j->kept_rank, j->dims, j->x_strides, start), target);
  if (j->pass == PASS_COMBINE && (index_step != 0 || n == 1)) {
    combine_each(j, n, index, source, target);
    if (j->streams)
      kb_stream_row(j->y + y * (intptr_t)j->size, target, (size_t)j->length * j->size);
    return;
  }
  // Neighbours with a common index go together.
  const size_t group = index_step == 0 ? n : 1, bytes = n * j->size;
  // Rows of a large array that are met in no order are asked for in time.
  const size_t ahead = kb_rows_ahead(bytes);
  const bool fetches = group == n && y_step == 1 && bytes >= 64 && j->bytes > KB_LARGE_BYTES;
  for (size_t k = 0; k < j->count; k++) {
    if (fetches && k + ahead < j->count) {
      const int64_t later = index[(intptr_t)(k + ahead) * j->index_along];
      if ((uint64_t)later < (uint64_t)j->length)
        kb_fetch_row(j->y + (y + later * j->y_along) * (intptr_t)j->size, bytes);
    }
    for (size_t i = 0; i < n; i += group) {
      const int64_t at = index[(intptr_t)k * j->index_along + (intptr_t)i * index_step];
      if ((uint64_t)at >= (uint64_t)j->length) {
        kb_report_index(&j->fault, at);
        return;
      }
      touch(j, y + at * j->y_along + (intptr_t)i * y_step, group, y_step,
            source + size * ((intptr_t)k * j->source_along + (intptr_t)i * source_step),
            source_step);
    }
  }
}

static void scatter_tiles(void *context, size_t begin, size_t end) {
  job *j = context;
  const size_t length = (size_t)j->length;
  const bool fetches_lines = !j->x && j->y_along == 1 && j->tiles == j->inner &&
                             kb_fetches_lines(j->count, length, j->size, j->bytes);
  for (size_t number = begin; number < end; number++) {
    if (fetches_lines && number + 1 < end) {
      const intptr_t y = kb_plan_offset(j->kept_rank, j->dims, j->y_strides, number + 1);
      kb_fetch_row(j->y + y * (intptr_t)j->size, length * j->size);
    }
    scatter_tile(j, number);
  }
  if (j->streams) kb_stream_fence();
}

static void walk(job *j, pass pass) {
  j->pass = pass;
  const size_t lines = kb_element_count(j->kept_rank - 1, j->dims);
  kb_parallel_for(lines * j->tiles, 8192 / (j->tile * j->count) + 1, scatter_tiles, j);
}

// `dims` of y, `index_dims` of the index; at least one of each.
static void prepare(job *j, const intptr_t *dims, const intptr_t *index_dims,
                    const intptr_t *index_strides, const intptr_t *source_strides,
                    const intptr_t *x_strides) {
  intptr_t y[KB_MAX_RANK], index[KB_MAX_RANK], source[KB_MAX_RANK], x[KB_MAX_RANK];
  kb_full_strides(j->rank, dims, NULL, y);
  kb_full_strides(j->rank, dims, x_strides, x);
  kb_full_strides(j->rank, index_dims, index_strides, index);
  kb_full_strides(j->rank, index_dims, source_strides, source);
  j->kept_rank = 0;
  for (size_t d = 0; d < j->rank; d++) {
    if (d == j->dim || index_dims[d] == 1) continue;
    const size_t k = j->kept_rank;
    if (k > 0 && j->y_strides[k - 1] == y[d] * index_dims[d] &&
        j->index_strides[k - 1] == index[d] * index_dims[d] &&
        j->source_strides[k - 1] == source[d] * index_dims[d] &&
        j->x_strides[k - 1] == x[d] * index_dims[d]) {
      j->dims[k - 1] *= index_dims[d], j->x_strides[k - 1] = x[d];
      j->y_strides[k - 1] = y[d], j->index_strides[k - 1] = index[d];
      j->source_strides[k - 1] = source[d];
      continue;
    }
    j->dims[k] = index_dims[d], j->y_strides[k] = y[d], j->index_strides[k] = index[d];
    j->source_strides[k] = source[d], j->x_strides[k] = x[d];
    j->kept_rank++;
  }
  if (j->kept_rank == 0) {
    j->dims[0] = 1, j->y_strides[0] = j->index_strides[0] = 0;
    j->source_strides[0] = j->x_strides[0] = 0;
    j->kept_rank = 1;
  }
  j->y_along = y[j->dim], j->index_along = index[j->dim], j->source_along = source[j->dim];
  j->x_along = x[j->dim];
  j->count = (size_t)index_dims[j->dim];
  j->length = dims[j->dim];
  j->inner = (size_t)j->dims[j->kept_rank - 1];
  // Going across lines pays only where they are neighbours in memory.
  j->tile = j->y_strides[j->kept_rank - 1] == 1 && j->inner > TILE ? TILE : j->inner;
  if (j->y_along == 1) j->tile = 1;
  j->tiles = (j->inner + j->tile - 1) / j->tile;
}

// Whether tasks can copy their parts of x, of which they go through all, once.
static bool tasks_copy(const job *j, kb_scatter_reduction op, bool include_self, kb_dtype dtype,
                       const intptr_t *dims, const intptr_t *index_dims) {
  for (size_t d = 0; d < j->rank; d++)
    if (d != j->dim && dims[d] != index_dims[d]) return false;
  return op == KB_SCATTER_ASSIGN || (include_self && kb_combine_dtype(dtype) == dtype);
}

// Whether whole rows meet that are long enough to be taken in another order than that of the index.
static bool are_rows(const job *j, kb_scatter_reduction op, size_t size) {
  enum { ROW_BYTES = 1024 };
  return j->kept_rank == 1 && j->index_strides[0] == 0 && j->y_strides[0] == 1 &&
         op != KB_SCATTER_MEAN && j->inner * size >= ROW_BYTES;
}

static kb_status update_rows(const job *j, kb_scatter_reduction op, kb_dtype dtype, void *y,
                             int64_t *bad) {
  kb_row_updates updates = {
      .size = kb_dtype_size(dtype), .n = j->inner, .length = (size_t)j->length, .count = j->count,
      .index = j->index, .index_step = j->index_along, .x = j->x, .x_along = j->x_along,
      .x_step = j->x_strides[0], .source = j->source, .source_along = j->source_along,
      .source_step = j->source_strides[0], .y = y, .y_along = j->y_along,
      .combine = kb_find_combiner(op, dtype).group};
  kb_index_fault fault = {0};
  kb_update_rows(&updates, &fault);
  return kb_index_status(&fault, bad);
}

static kb_status scatter(job *j, kb_scatter_reduction op, bool include_self, kb_dtype dtype,
                         size_t total, void *y, int64_t *bad) {
  const kb_dtype wide = op == KB_SCATTER_ASSIGN ? dtype : kb_combine_dtype(dtype);
  float *copy = wide == dtype ? NULL : kb_widen(dtype, total, y);
  j->y = copy ? (char *)copy : y;
  j->size = kb_dtype_size(wide);
  j->bytes = total * j->size;
  j->combine = kb_find_combiner(op, dtype);
  if (op != KB_SCATTER_ASSIGN && !include_self) {
    kb_combine_identity(op, wide, j->identity);
    walk(j, PASS_CLEAR);
  }
  j->streams = j->x && j->y_along == 1 && (size_t)j->length * j->size <= LINE_BYTES &&
               kb_streams(j->bytes + total * sizeof(int64_t), j->bytes);
  if (!j->fault.found) walk(j, PASS_COMBINE);
  j->x = NULL, j->streams = false;
  if (op == KB_SCATTER_MEAN && !j->fault.found) {
    j->counts = kb_scratch(total * sizeof(uint32_t));
    for (size_t i = 0; i < total; i++) j->counts[i] = include_self;
    walk(j, PASS_COUNT);
    kb_divide_by_counts(wide, total, j->counts, j->y);
    kb_scratch_free(j->counts, total * sizeof(uint32_t));
  }
  if (copy) kb_narrow(dtype, total, copy, y);
  return kb_index_status(&j->fault, bad);
}

kb_status kb_scatter(kb_scatter_reduction op, bool include_self, kb_dtype dtype, size_t rank,
                     const intptr_t *dims, size_t dim, const void *x, const intptr_t *x_strides,
                     void *y, const intptr_t *index_dims, const int64_t *index,
                     const intptr_t *index_strides, const void *source,
                     const intptr_t *source_strides, int64_t *bad) {
  static const intptr_t one[1] = {1}, zero[1] = {0};
  if (rank == 0)
    rank = 1, dim = 0, dims = index_dims = one, x_strides = index_strides = source_strides = zero;
  job j = {.rank = rank, .dim = dim, .index = index, .source = source, .x = x,
           .source_size = kb_dtype_size(dtype)};
  const size_t total = kb_element_count(rank, dims);
  const bool is_empty = kb_element_count(rank, index_dims) == 0;
  if (!is_empty) prepare(&j, dims, index_dims, index_strides, source_strides, x_strides);
  const size_t size = kb_dtype_size(dtype);
  const bool copies = x && !is_empty && tasks_copy(&j, op, include_self, dtype, dims, index_dims);
  if (copies && are_rows(&j, op, size)) return update_rows(&j, op, dtype, y, bad);
  // Tiles that stay in cache until they are updated.
  enum { TILE_BYTES = 256 << 10 };
  if (x && (!copies || (size_t)j.length * j.tile * size > TILE_BYTES)) {
    kb_copy(size, rank, dims, x, x_strides, y, NULL);
    j.x = NULL;
  }
  return is_empty ? KB_OK : scatter(&j, op, include_self, dtype, total, y, bad);
}

kb_status kb_index_update(kb_scatter_reduction op, bool include_self, kb_dtype dtype, size_t rank,
                          const intptr_t *dims, size_t dim, const void *x,
                          const intptr_t *x_strides, void *y, const int64_t *index, size_t count,
                          intptr_t index_stride, const void *source,
                          const intptr_t *source_strides, int64_t *bad) {
  intptr_t index_dims[KB_MAX_RANK] = {0}, strides[KB_MAX_RANK] = {0};
  static const intptr_t one[1] = {1}, zero[1] = {0};
  // A scalar is updated as [1].
  if (rank == 0) rank = 1, dim = 0, dims = one, x_strides = zero, source_strides = NULL;
  memcpy(index_dims, dims, rank * sizeof *dims);
  index_dims[dim] = (intptr_t)count;
  strides[dim] = index_stride;
  return kb_scatter(op, include_self, dtype, rank, dims, dim, x, x_strides, y, index_dims, index,
                    strides, source, source_strides, bad);
}
