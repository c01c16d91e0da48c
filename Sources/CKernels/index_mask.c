// Nonzero elements, masks, and triangles. Elements are counted by chunks first, so that each chunk
// knows where its results begin.
#include "index_internal.h"
#include "index_places.h"
#include "kb_alloc.h"
#include "kb_copy.h"
#include "kb_sort.h"
#include "kb_threads.h"

#define CHUNK 65536

typedef struct job {
  kb_reduce_plan plan; // of the mask: everything reduced, in order
  kb_dtype dtype;
  const char *mask;
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
  // What to do with n set elements, whose numbers are `first` + places[i]; `done` come before them.
  void (*visit)(const struct job *j, size_t first, size_t n, uint16_t *places, size_t done);
} job;

// The flags of n elements from number `at` on: where the mask has them, or in `buffer`.
static const uint8_t *read_flags(const job *j, size_t at, size_t n, uint8_t *buffer) {
  const kb_reduce_plan *p = &j->plan;
  const size_t last = p->reduced_rank - 1, length = (size_t)p->reduced_dims[last];
  const size_t size = kb_dtype_size(j->dtype);
  const intptr_t stride = p->reduced_strides[last];
  if (j->dtype == KB_BOOL && last == 0 && stride == 1) return (const uint8_t *)j->mask + at;
  for (size_t done = 0, run; done < n; done += run) {
    const size_t left = length - (at + done) % length;
    run = left < n - done ? left : n - done;
    const intptr_t from =
        kb_plan_offset(p->reduced_rank, p->reduced_dims, p->reduced_strides, at + done);
    kb_flag_nonzero(j->dtype, run, j->mask + from * (intptr_t)size, stride, buffer + done);
  }
  return buffer;
}

static size_t block_end(size_t at, size_t stop) {
  return stop - at < KB_PLACES_BLOCK ? stop : at + KB_PLACES_BLOCK;
}

static size_t chunk_end(const job *j, size_t chunk) {
  return (chunk + 1) * CHUNK < j->count ? (chunk + 1) * CHUNK : j->count;
}

static void count_chunks(void *context, size_t begin, size_t end) {
  const job *j = context;
  uint8_t buffer[KB_PLACES_BLOCK];
  for (size_t chunk = begin; chunk < end; chunk++) {
    const size_t stop = chunk_end(j, chunk);
    size_t total = 0;
    for (size_t at = chunk * CHUNK, next; at < stop; at = next) {
      next = block_end(at, stop);
      total += kb_active_reduce()->count_bytes(next - at, read_flags(j, at, next - at, buffer));
    }
    j->starts[chunk] = total;
  }
}

static void visit_chunks(void *context, size_t begin, size_t end) {
  const job *j = context;
  uint8_t buffer[KB_PLACES_BLOCK];
  uint16_t places[KB_PLACES_BLOCK];
  for (size_t chunk = begin; chunk < end; chunk++) {
    const size_t stop = chunk_end(j, chunk);
    size_t done = j->starts[chunk];
    for (size_t at = chunk * CHUNK, next; at < stop && done < j->limit; at = next) {
      next = block_end(at, stop);
      const size_t n = next - at, found = kb_find_places(n, read_flags(j, at, n, buffer), places);
      j->visit(j, at, found < j->limit - done ? found : j->limit - done, places, done);
      done += found;
    }
  }
}

// Begins a job whose results stand in the mask's order; returns how many elements are set. `starts` is to be
// given back by `finish`.
static size_t start(job *j, kb_dtype dtype, size_t rank, const intptr_t *dims, const void *mask,
                    const intptr_t *mask_strides) {
  kb_plan_reduction(&j->plan, rank, dims, NULL, mask_strides, true);
  j->dtype = dtype, j->mask = mask;
  j->rank = rank, j->dims = dims, j->count = j->plan.length;
  if (j->count == 0) return 0;
  j->chunks = (j->count + CHUNK - 1) / CHUNK;
  j->starts = kb_scratch(j->chunks * sizeof *j->starts);
  kb_parallel_for(j->chunks, 1, count_chunks, j);
  size_t total = 0;
  for (size_t chunk = 0; chunk < j->chunks; chunk++) {
    const size_t count = j->starts[chunk];
    j->starts[chunk] = total;
    total += count;
  }
  return total;
}

static void finish(job *j) {
  if (j->starts) kb_scratch_free(j->starts, j->chunks * sizeof *j->starts);
}

// Returns how many elements are set.
static size_t run(job *j, kb_dtype dtype, size_t rank, const intptr_t *dims, const void *mask,
                  const intptr_t *mask_strides) {
  const size_t total = start(j, dtype, rank, dims, mask, mask_strides);
  kb_parallel_for(j->chunks, 1, visit_chunks, j);
  finish(j);
  return total;
}

size_t kb_count_nonzero(kb_dtype dtype, size_t rank, const intptr_t *dims, const void *x,
                        const intptr_t *strides) {
  job j = {0};
  const size_t count = start(&j, dtype, rank, dims, x, strides);
  finish(&j);
  return count;
}

// A division of places in a block by the length of a line, the first place being `offset` in its line. Lines are
// numbered from the block's first.
typedef struct line_division {
  uint64_t length, offset, inverse;
} line_division;

static line_division divide_by(size_t length, size_t offset) {
  // Where the block meets two lines at most a comparison serves. Otherwise both factors are below
  // 2 * KB_PLACES_BLOCK, for which the product with this inverse is exact.
  const bool many = length < KB_PLACES_BLOCK;
  return (line_division){length, offset, many ? ((uint64_t)1 << 32) / length + 1 : 0};
}

static inline uint64_t line_of(line_division by, bool many, uint64_t place) {
  return many ? place * by.inverse >> 32 : place >= by.length;
}

// Coordinates d and those before it of elements whose numbers in the array of dimensions 0 ... d are
// `first` + places[i].
static inline __attribute__((always_inline)) void split_places(const job *j, size_t d, bool many,
                                                               size_t first, size_t n,
                                                               uint16_t *places, int64_t *to) {
  const size_t length = (size_t)j->dims[d], rank = j->rank;
  const line_division by = divide_by(length, first % length);
  if (d > 1) {
    for (size_t i = 0; i < n; i++) {
      const uint64_t place = by.offset + places[i], line = line_of(by, many, place);
      to[i * rank + d] = (int64_t)(place - line * length);
      places[i] = (uint16_t)line;
    }
    return;
  }
  const size_t row = first / length;
  for (size_t i = 0; i < n; i++) {
    const uint64_t place = by.offset + places[i], line = line_of(by, many, place);
    to[i * rank] = (int64_t)(row + line);
    to[i * rank + 1] = (int64_t)(place - line * length);
  }
}

static void write_coordinates(const job *j, size_t first, size_t n, uint16_t *places,
                              size_t done) {
  int64_t *const to = j->coordinates + done * j->rank;
  if (j->rank == 1)
    for (size_t i = 0; i < n; i++) to[i] = (int64_t)(first + places[i]);
  for (size_t d = j->rank; d-- > 1; first /= (size_t)j->dims[d]) {
    if (j->dims[d] < KB_PLACES_BLOCK)
      split_places(j, d, true, first, n, places, to);
    else
      split_places(j, d, false, first, n, places, to);
  }
}

void kb_nonzero(kb_dtype dtype, size_t rank, const intptr_t *dims, const void *x,
                const intptr_t *strides, size_t count, int64_t *coordinates) {
  job j = {.coordinates = coordinates, .limit = count, .visit = write_coordinates};
  run(&j, dtype, rank, dims, x, strides);
}

static void select_elements(const job *j, size_t first, size_t n, uint16_t *places, size_t done) {
  char *const out = j->out + done * j->size;
  if (!j->contiguous) {
    for (size_t i = 0; i < n; i++) {
      const intptr_t at = kb_plan_offset(j->rank, j->dims, j->strides, first + places[i]);
      memcpy(out + i * j->size, j->x + at * (intptr_t)j->size, j->size);
    }
    return;
  }
  const char *const x = j->x + first * j->size;
#define TAKE(T)                                                                                    \
  for (size_t i = 0; i < n; i++) ((T *)out)[i] = ((const T *)x)[places[i]]
  KB_SWITCH_SIZE(j->size, TAKE)
#undef TAKE
}

size_t kb_masked_select(size_t size, size_t rank, const intptr_t *dims, const void *x,
                        const intptr_t *x_strides, const bool *mask, const intptr_t *mask_strides,
                        size_t limit, void *out) {
  job j = {.size = size, .x = x, .out = out, .limit = limit, .visit = select_elements,
           .contiguous = !x_strides || rank == 0};
  kb_full_strides(rank, dims, x_strides, j.strides);
  return run(&j, KB_BOOL, rank, dims, mask, mask_strides);
}

static void place_elements(const job *j, size_t first, size_t n, uint16_t *places, size_t done) {
  const char *const x = j->x + done * j->size;
  char *const out = j->out + first * j->size;
#define PUT(T)                                                                                     \
  for (size_t i = 0; i < n; i++) ((T *)out)[places[i]] = ((const T *)x)[i]
  KB_SWITCH_SIZE(j->size, PUT)
#undef PUT
}

kb_status kb_masked_scatter(size_t size, size_t rank, const intptr_t *dims, const void *x,
                            const intptr_t *x_strides, const bool *mask,
                            const intptr_t *mask_strides, const void *source, size_t source_count,
                            void *out) {
  job j = {.size = size, .x = source, .out = out, .limit = source_count, .visit = place_elements};
  if (x) kb_copy(size, rank, dims, x, x_strides, out, NULL);
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
