// Nonzero elements, masks, and triangles. Elements are counted by chunks first, so that each chunk
// knows where its results begin.
#include "index_internal.h"
#include "kb_alloc.h"
#include "kb_copy.h"
#include "kb_reduce.h"
#include "kb_sort.h"
#include "kb_threads.h"

#define CHUNK 65536

typedef struct job {
  kb_reduce_plan plan; // of the mask: everything reduced, in order
  kb_row_reader reader;
  size_t count, chunks;
  size_t *starts; // results before each chunk
  size_t rank, size;
  const intptr_t *dims;
  intptr_t strides[KB_MAX_RANK + 1]; // of the moved elements
  bool contiguous;
  const char *x;
  char *out;
  int64_t *coordinates;
  size_t limit;
  // What to do with the element with this number, the `place`-th that is set.
  void (*visit)(const struct job *j, size_t number, size_t place);
} job;

static void count_chunks(void *context, size_t begin, size_t end) {
  const job *j = context;
  int64_t *flags = kb_alloc(KB_REDUCE_BLOCK * sizeof(int64_t));
  for (size_t chunk = begin; chunk < end; chunk++) {
    const size_t stop = (chunk + 1) * CHUNK < j->count ? (chunk + 1) * CHUNK : j->count;
    size_t total = 0, n;
    for (size_t at = chunk * CHUNK; at < stop; at += n) {
      const size_t left = stop - at < KB_REDUCE_BLOCK ? stop - at : KB_REDUCE_BLOCK;
      const int64_t *block = kb_read_block(&j->reader, at, left, flags, &n);
      for (size_t i = 0; i < n; i++) total += (size_t)block[i];
    }
    j->starts[chunk] = total;
  }
  kb_free(flags, KB_REDUCE_BLOCK * sizeof(int64_t));
}

static void visit_chunks(void *context, size_t begin, size_t end) {
  const job *j = context;
  int64_t *flags = kb_alloc(KB_REDUCE_BLOCK * sizeof(int64_t));
  for (size_t chunk = begin; chunk < end; chunk++) {
    const size_t stop = (chunk + 1) * CHUNK < j->count ? (chunk + 1) * CHUNK : j->count;
    size_t place = j->starts[chunk], n;
    for (size_t at = chunk * CHUNK; at < stop; at += n) {
      const size_t left = stop - at < KB_REDUCE_BLOCK ? stop - at : KB_REDUCE_BLOCK;
      const int64_t *block = kb_read_block(&j->reader, at, left, flags, &n);
      for (size_t i = 0; i < n; i++)
        if (block[i] && place < j->limit) j->visit(j, at + i, place++);
    }
  }
  kb_free(flags, KB_REDUCE_BLOCK * sizeof(int64_t));
}

// Returns how many elements are set.
static size_t run(job *j, kb_dtype dtype, size_t rank, const intptr_t *dims, const void *mask,
                  const intptr_t *mask_strides) {
  kb_plan_reduction(&j->plan, rank, dims, NULL, mask_strides, true);
  j->rank = rank, j->dims = dims, j->count = j->plan.length;
  if (j->count == 0) return 0;
  j->reader = kb_make_reader(&j->plan, mask, dtype, KB_COMPUTE_INT64, KB_LOAD_NONZERO);
  j->chunks = (j->count + CHUNK - 1) / CHUNK;
  const size_t bytes = j->chunks * sizeof *j->starts;
  j->starts = kb_alloc(bytes);
  kb_parallel_for(j->chunks, 1, count_chunks, j);
  size_t total = 0;
  for (size_t chunk = 0; chunk < j->chunks; chunk++) {
    const size_t count = j->starts[chunk];
    j->starts[chunk] = total;
    total += count;
  }
  kb_parallel_for(j->chunks, 1, visit_chunks, j);
  kb_free(j->starts, bytes);
  return total;
}

size_t kb_count_nonzero(kb_dtype dtype, size_t rank, const intptr_t *dims, const void *x,
                        const intptr_t *strides) {
  int64_t count = 0;
  kb_reduce(KB_REDUCE_COUNT_NONZERO, dtype, KB_INT64, rank, dims, NULL, x, strides, &count);
  return (size_t)count;
}

static void write_coordinates(const job *j, size_t number, size_t place) {
  int64_t *to = j->coordinates + place * j->rank;
  for (size_t d = j->rank; d-- > 1;) {
    to[d] = (int64_t)(number % (size_t)j->dims[d]);
    number /= (size_t)j->dims[d];
  }
  if (j->rank > 0) to[0] = (int64_t)number;
}

void kb_nonzero(kb_dtype dtype, size_t rank, const intptr_t *dims, const void *x,
                const intptr_t *strides, size_t count, int64_t *coordinates) {
  job j = {.coordinates = coordinates, .limit = count, .visit = write_coordinates};
  run(&j, dtype, rank, dims, x, strides);
}

static void select_element(const job *j, size_t number, size_t place) {
  const intptr_t at = j->contiguous ? (intptr_t)number
                                    : kb_plan_offset(j->rank, j->dims, j->strides, number);
  memcpy(j->out + place * j->size, j->x + at * (intptr_t)j->size, j->size);
}

void kb_masked_select(size_t size, size_t rank, const intptr_t *dims, const void *x,
                      const intptr_t *x_strides, const bool *mask, const intptr_t *mask_strides,
                      void *out) {
  job j = {.size = size, .x = x, .out = out, .limit = SIZE_MAX, .visit = select_element,
           .contiguous = !x_strides || rank == 0};
  kb_full_strides(rank, dims, x_strides, j.strides);
  run(&j, KB_BOOL, rank, dims, mask, mask_strides);
}

static void place_element(const job *j, size_t number, size_t place) {
  memcpy(j->out + number * j->size, j->x + place * j->size, j->size);
}

kb_status kb_masked_scatter(size_t size, size_t rank, const intptr_t *dims, const void *x,
                            const intptr_t *x_strides, const bool *mask,
                            const intptr_t *mask_strides, const void *source, size_t source_count,
                            void *out) {
  job j = {.size = size, .x = source, .out = out, .limit = source_count, .visit = place_element};
  kb_copy(size, rank, dims, x, x_strides, out, NULL);
  const size_t total = run(&j, KB_BOOL, rank, dims, mask, mask_strides);
  return total > source_count ? KB_INDEX_OUT_OF_RANGE : KB_OK;
}

typedef struct triangle {
  bool upper;
  intptr_t diagonal, rows, columns;
  size_t size, rank;
  const intptr_t *dims;
  intptr_t strides[KB_MAX_RANK + 1];
  const char *x;
  char *out;
} triangle;

static void triangle_rows(void *context, size_t begin, size_t end) {
  const triangle *t = context;
  const size_t width = (size_t)t->columns * t->size;
  const intptr_t step = t->strides[t->rank - 1], size = (intptr_t)t->size;
  for (size_t line = begin; line < end; line++) {
    const intptr_t row = (intptr_t)(line % (size_t)t->rows);
    // The columns first ..< last stay.
    intptr_t edge = row + t->diagonal + (t->upper ? 0 : 1);
    edge = edge < 0 ? 0 : edge > t->columns ? t->columns : edge;
    const intptr_t first = t->upper ? edge : 0, last = t->upper ? t->columns : edge;
    const intptr_t at = kb_plan_offset(t->rank - 1, t->dims, t->strides, line);
    const char *x = t->x + size * (at + first * step);
    char *out = t->out + line * width;
    memset(out, 0, width);
    kb_copy_line(t->size, (size_t)(last - first), x, step, out + first * size);
  }
}

void kb_triangle(bool upper, intptr_t diagonal, size_t size, size_t rank, const intptr_t *dims,
                 const void *x, const intptr_t *strides, void *out) {
  triangle t = {.upper = upper, .diagonal = diagonal, .rows = dims[rank - 2],
                .columns = dims[rank - 1], .size = size, .rank = rank, .dims = dims, .x = x,
                .out = out};
  // A diagonal far outside must not overflow.
  if (diagonal > t.columns) t.diagonal = t.columns;
  if (diagonal < -t.rows) t.diagonal = -t.rows;
  kb_full_strides(rank, dims, strides, t.strides);
  if (kb_element_count(rank, dims) == 0) return;
  const size_t lines = kb_element_count(rank - 1, dims);
  kb_parallel_for(lines, 16384 / (size_t)t.columns + 1, triangle_rows, &t);
}
