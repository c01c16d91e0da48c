// gather and index_select.
#include "index_internal.h"
#include "kb_alloc.h"
#include "kb_threads.h"
#include "stream.h"

typedef struct job {
  size_t size, rank, dim, line; // line: the last dimension
  int64_t length;
  intptr_t dims[KB_MAX_RANK + 1], x_strides[KB_MAX_RANK + 1], index_strides[KB_MAX_RANK + 1];
  const char *x;
  const int64_t *index;
  char *out;
  bool streams;
  kb_index_fault fault;
} job;

// A line's elements from a contiguous line, up to an index out of range: gives how many were taken.
#define GATHER_ALONG(T)                                                                            \
  for (size_t i = 0; i < n; i++) {                                                                 \
    const int64_t at = index[i];                                                                   \
    if ((uint64_t)at >= (uint64_t)length) return i;                                                \
    ((T *)out)[i] = ((const T *)x)[at];                                                            \
  }
static inline size_t gather_along(size_t size, size_t n, int64_t length, const char *x,
                                  const int64_t *index, char *out) {
  KB_SWITCH_SIZE(size, GATHER_ALONG)
  return n;
}

// The same, past the caches: in blocks that are made in the first level.
static size_t stream_along(size_t size, size_t n, int64_t length, const char *x,
                           const int64_t *index, char *out) {
  enum { BLOCK_BYTES = 1024 };
  _Alignas(64) char block[BLOCK_BYTES];
  const size_t most = BLOCK_BYTES / size;
  for (size_t i = 0; i < n; i += most) {
    const size_t some = n - i < most ? n - i : most;
    const size_t taken = gather_along(size, some, length, x, index + i, block);
    if (taken < some) return i + taken;
    kb_stream_row(out + i * size, block, some * size);
  }
  return n;
}

static void gather_line(job *j, const char *x, const int64_t *index, char *out) {
  const size_t last = j->rank - 1, n = j->line;
  const intptr_t size = (intptr_t)j->size, index_stride = j->index_strides[last];
  const intptr_t along = j->x_strides[j->dim], step = j->dim == last ? 0 : j->x_strides[last];
  if (index_stride == 0 && j->dim != last) {
    if ((uint64_t)*index >= (uint64_t)j->length)
      kb_report_index(&j->fault, *index);
    else if (j->streams && step == 1)
      kb_stream_row(out, x + *index * along * size, n * j->size);
    else
      kb_copy_line(j->size, n, x + *index * along * size, step, out);
    return;
  }
  if (index_stride == 1 && step == 0 && along == 1) {
    const size_t taken = j->streams ? stream_along(j->size, n, j->length, x, index, out)
                                    : gather_along(j->size, n, j->length, x, index, out);
    if (taken < n) kb_report_index(&j->fault, index[taken]);
    return;
  }
#define GATHER(T)                                                                                  \
  for (size_t i = 0; i < n; i++) {                                                                 \
    const int64_t at = index[(intptr_t)i * index_stride];                                          \
    if ((uint64_t)at >= (uint64_t)j->length) {                                                     \
      kb_report_index(&j->fault, at);                                                              \
      return;                                                                                      \
    }                                                                                              \
    ((T *)out)[i] = ((const T *)x)[(intptr_t)i * step + at * along];                               \
  }
  KB_SWITCH_SIZE(j->size, GATHER)
}

static inline intptr_t offset(size_t rank, const intptr_t *dims, const intptr_t *strides,
                              size_t number) {
  if (rank == 1) return (intptr_t)number * strides[0];
  return rank > 1 ? kb_plan_offset(rank, dims, strides, number) : 0;
}

// Whole rows of a matrix. What a row needs is in variables: stores of bytes may change whatever is in memory.
static void gather_rows(void *context, size_t begin, size_t end) {
  job *j = context;
  const size_t bytes = j->line * j->size, ahead = kb_rows_ahead(bytes), length = (size_t)j->length;
  const intptr_t step = j->x_strides[0] * (intptr_t)j->size, index_step = j->index_strides[0];
  const bool fetches = bytes >= 256 && length * bytes > KB_LARGE_BYTES, streams = j->streams;
  const char *const x = j->x;
  const int64_t *const index = j->index;
  char *const out = j->out;
  for (size_t line = begin; line < end; line++) {
    const int64_t at = index[(intptr_t)line * index_step];
    if (fetches && line + ahead < end) {
      const int64_t later = index[(intptr_t)(line + ahead) * index_step];
      if ((uint64_t)later < length) kb_fetch_row(x + later * step, bytes);
    }
    if ((uint64_t)at >= length) {
      kb_report_index(&j->fault, at);
      break;
    }
    if (streams) kb_stream_row(out + line * bytes, x + at * step, bytes);
    else memcpy(out + line * bytes, x + at * step, bytes);
  }
  if (streams) kb_stream_fence();
}

static void gather_lines(void *context, size_t begin, size_t end) {
  job *j = context;
  const size_t outer = j->rank - 1;
  intptr_t strides[KB_MAX_RANK + 1];
  memcpy(strides, j->x_strides, sizeof strides);
  strides[j->dim] = 0;
  const size_t length = (size_t)j->length;
  const bool fetches_lines =
      j->dim == outer && j->x_strides[outer] == 1 &&
      kb_fetches_lines(j->line, length, j->size, kb_element_count(outer, j->dims) * length * j->size);
  for (size_t line = begin; line < end; line++) {
    if (__atomic_load_n(&j->fault.found, __ATOMIC_RELAXED)) return;
    if (fetches_lines && line + 1 < end) {
      const intptr_t next = offset(outer, j->dims, strides, line + 1);
      kb_fetch_row(j->x + next * (intptr_t)j->size, length * j->size);
    }
    const intptr_t at = offset(outer, j->dims, strides, line);
    const intptr_t index = offset(outer, j->dims, j->index_strides, line);
    gather_line(j, j->x + at * (intptr_t)j->size, j->index + index,
                j->out + line * j->line * j->size);
  }
  if (j->streams) kb_stream_fence();
}

static kb_status run(job *j, int64_t *bad) {
  if (j->rank == 0) j->rank = 1, j->dims[0] = 1, j->x_strides[0] = j->index_strides[0] = 0;
  j->line = (size_t)j->dims[j->rank - 1];
  const size_t bytes = kb_element_count(j->rank, j->dims) * j->size;
  if (bytes == 0) return KB_OK;
  j->streams = kb_streams(bytes, bytes);
  const bool rows = j->rank == 2 && j->dim == 0 && j->index_strides[1] == 0 && j->x_strides[1] == 1;
  kb_parallel_for(kb_element_count(j->rank - 1, j->dims), 8192 / j->line + 1,
                  rows ? gather_rows : gather_lines, j);
  return kb_index_status(&j->fault, bad);
}

kb_status kb_gather_along(size_t size, size_t rank, const intptr_t *dims, size_t dim, size_t length,
                          const void *x, const intptr_t *x_strides, const int64_t *index,
                          const intptr_t *index_strides, void *out, int64_t *bad) {
  job j = {.size = size, .rank = rank, .dim = dim, .length = (int64_t)length, .x = x,
           .index = index, .out = out};
  memcpy(j.dims, dims, rank * sizeof *dims);
  // NULL strides of x are those of its own shape, which the shape of index tells only along `dim`;
  // the others are as long by contract of a contiguous x.
  intptr_t shape[KB_MAX_RANK + 1];
  memcpy(shape, dims, rank * sizeof *dims);
  if (rank > 0) shape[dim] = (intptr_t)length;
  kb_full_strides(rank, shape, x_strides, j.x_strides);
  kb_full_strides(rank, dims, index_strides, j.index_strides);
  return run(&j, bad);
}

// Merges dimensions that are one in memory, never `dim`; the index has stride 0 outside of it.
static void merge(job *j) {
  size_t count = 0, dim = j->dim;
  for (size_t d = 0; d < j->rank; d++) {
    const bool joins = count > 0 && d != j->dim && count - 1 != dim && d != j->dim + 1 &&
                       j->x_strides[count - 1] == j->x_strides[d] * j->dims[d];
    const size_t to = joins ? count - 1 : count++;
    const intptr_t before = joins ? j->dims[to] : 1;
    if (d == j->dim) dim = to;
    j->dims[to] = before * j->dims[d];
    j->x_strides[to] = j->x_strides[d];
    j->index_strides[to] = j->index_strides[d];
  }
  j->rank = count, j->dim = dim;
}

kb_status kb_index_select(size_t size, size_t rank, const intptr_t *dims, size_t dim, const void *x,
                          const intptr_t *x_strides, const int64_t *index, size_t count,
                          intptr_t index_stride, void *out, int64_t *bad) {
  job j = {.size = size, .rank = rank, .dim = dim, .length = rank > 0 ? dims[dim] : 1, .x = x,
           .index = index, .out = out};
  if (rank == 0) {
    // A scalar is indexed as [1]: `count` copies.
    j.rank = 1, j.dim = 0, j.dims[0] = (intptr_t)count, j.index_strides[0] = index_stride;
    return run(&j, bad);
  }
  kb_full_strides(rank, dims, x_strides, j.x_strides);
  memcpy(j.dims, dims, rank * sizeof *dims);
  j.dims[dim] = (intptr_t)count;
  for (size_t d = 0; d < rank; d++) j.index_strides[d] = d == dim ? index_stride : 0;
  merge(&j);
  return run(&j, bad);
}
