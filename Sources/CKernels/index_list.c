// Advanced indexing: the index tensors become one table of offsets into the array; around it stand
// the dimensions that are taken whole.
#include "index_combine.h"
#include "kb_threads.h"
#include "widen.h"

#pragma STDC FP_CONTRACT OFF

typedef struct job {
  size_t size, source_size;
  // Result dimensions: before the broadcast shape, the broadcast shape, after it.
  size_t before_rank, after_rank, broadcast_rank;
  intptr_t before_dims[KB_MAX_RANK + 1], before_strides[KB_MAX_RANK + 1];
  intptr_t after_dims[KB_MAX_RANK + 1], after_strides[KB_MAX_RANK + 1];
  const intptr_t *broadcast_dims;
  size_t before, places, after;
  intptr_t *offsets; // one per place
  const char *x;
  char *out;
  // Of kb_index_put.
  char *y;
  const char *values;
  intptr_t value_before[KB_MAX_RANK + 1], value_place[KB_MAX_RANK + 1];
  intptr_t value_after[KB_MAX_RANK + 1];
  kb_combiner combine;
} job;

static kb_status fill_offsets(job *j, size_t rank, const intptr_t *dims, const intptr_t *strides,
                              const kb_index_list *list, int64_t *bad) {
  memset(j->offsets, 0, j->places * sizeof *j->offsets);
  for (size_t d = 0; d < rank; d++) {
    const int64_t *index = list->indices[d];
    if (!index) continue;
    const bool dense = !list->strides || !list->strides[d];
    for (size_t place = 0; place < j->places; place++) {
      const intptr_t from = dense ? (intptr_t)place
                                  : kb_plan_offset(list->rank, list->dims, list->strides[d], place);
      int64_t at = index[from];
      if (at < -dims[d] || at >= dims[d]) {
        if (bad) *bad = at;
        return KB_INDEX_OUT_OF_RANGE;
      }
      at += at < 0 ? dims[d] : 0;
      j->offsets[place] += at * strides[d];
    }
  }
  return KB_OK;
}

static void split(job *j, size_t rank, const intptr_t *dims, const intptr_t *strides,
                  const kb_index_list *list) {
  size_t whole = 0;
  for (size_t d = 0; d < rank; d++) {
    if (list->indices[d]) continue;
    if (whole++ < list->position) {
      j->before_dims[j->before_rank] = dims[d];
      j->before_strides[j->before_rank++] = strides[d];
    } else {
      j->after_dims[j->after_rank] = dims[d];
      j->after_strides[j->after_rank++] = strides[d];
    }
  }
  j->broadcast_rank = list->rank, j->broadcast_dims = list->dims;
  j->before = kb_element_count(j->before_rank, j->before_dims);
  j->after = kb_element_count(j->after_rank, j->after_dims);
  j->places = kb_element_count(list->rank, list->dims);
}

// One entry at least, so that offsets and lines always exist.
static void complete(size_t *rank, intptr_t *dims, intptr_t *strides, intptr_t *more) {
  if (*rank > 0) return;
  *rank = 1, dims[0] = 1, strides[0] = 0;
  if (more) more[0] = 0;
}

// Merges neighbouring dimensions that are one in every list of strides.
static void merge(size_t *rank, intptr_t *dims, intptr_t *a, intptr_t *b) {
  size_t count = 0;
  for (size_t d = 0; d < *rank; d++) {
    const bool joins = count > 0 && a[count - 1] == a[d] * dims[d] &&
                       (!b || b[count - 1] == b[d] * dims[d]);
    const size_t to = joins ? count - 1 : count++;
    dims[to] = joins ? dims[to] * dims[d] : dims[d];
    a[to] = a[d];
    if (b) b[to] = b[d];
  }
  *rank = count;
}

// Single elements.
static void copy_elements(void *context, size_t begin, size_t end) {
  const job *j = context;
  const size_t places = j->places;
  for (size_t number = begin; number < end;) {
    const size_t first = number % places, left = end - number;
    const size_t n = places - first < left ? places - first : left;
    const intptr_t before =
        kb_plan_offset(j->before_rank, j->before_dims, j->before_strides, number / places);
    const intptr_t *const offsets = j->offsets + first;
#define COPY_EACH(T)                                                                               \
  for (size_t i = 0; i < n; i++)                                                                   \
    ((T *)j->out)[number + i] = ((const T *)j->x)[before + offsets[i]]
    KB_SWITCH_SIZE(j->size, COPY_EACH)
    number += n;
  }
}

static void copy_places(void *context, size_t begin, size_t end) {
  const job *j = context;
  const size_t last = j->after_rank - 1, n = (size_t)j->after_dims[last], lines = j->after / n;
  const intptr_t step = j->after_strides[last], size = (intptr_t)j->size;
  intptr_t before = 0;
  for (size_t number = begin; number < end; number++) {
    const size_t place = number % j->places;
    if (number == begin || place == 0)
      before = kb_plan_offset(j->before_rank, j->before_dims, j->before_strides,
                              number / j->places);
    const char *x = j->x + (before + j->offsets[place]) * size;
    char *out = j->out + number * j->after * j->size;
    for (size_t line = 0; line < lines; line++) {
      const intptr_t at =
          last > 0 ? kb_plan_offset(last, j->after_dims, j->after_strides, line) : 0;
      kb_copy_line(j->size, n, x + at * size, step, out + line * n * j->size);
    }
  }
}

kb_status kb_index(size_t size, size_t rank, const intptr_t *dims, const void *x,
                   const intptr_t *x_strides, const kb_index_list *list, void *out, int64_t *bad) {
  job j = {.size = size, .x = x, .out = out};
  intptr_t strides[KB_MAX_RANK + 1];
  kb_full_strides(rank, dims, x_strides, strides);
  split(&j, rank, dims, strides, list);
  if (j.places == 0) return KB_OK;
  merge(&j.before_rank, j.before_dims, j.before_strides, NULL);
  merge(&j.after_rank, j.after_dims, j.after_strides, NULL);
  complete(&j.before_rank, j.before_dims, j.before_strides, NULL);
  complete(&j.after_rank, j.after_dims, j.after_strides, NULL);
  const size_t bytes = j.places * sizeof *j.offsets;
  j.offsets = kb_scratch(bytes);
  const kb_status status = fill_offsets(&j, rank, dims, strides, list, bad);
  if (status == KB_OK && j.before * j.after > 0)
    kb_parallel_for(j.before * j.places, 8192 / j.after + 1,
                    j.after == 1 ? copy_elements : copy_places, &j);
  kb_scratch_free(j.offsets, bytes);
  return status;
}

// Elements meet only where places do: tasks are lines of whole dimensions, each takes all places in
// order.
static void put_lines(void *context, size_t begin, size_t end) {
  const job *j = context;
  const size_t last = j->after_rank - 1, n = (size_t)j->after_dims[last], lines = j->after / n;
  const intptr_t size = (intptr_t)j->size, source_size = (intptr_t)j->source_size;
  const intptr_t step = j->after_strides[last], value_step = j->value_after[last];
  const size_t inner = j->broadcast_rank > 0 ? j->broadcast_rank - 1 : 0;
  const size_t run = j->broadcast_rank > 0 ? (size_t)j->broadcast_dims[inner] : 1;
  const intptr_t run_step = j->broadcast_rank > 0 ? j->value_place[inner] : 0;
  for (size_t number = begin; number < end; number++) {
    const size_t b = number / lines, line = number % lines;
    const intptr_t y = kb_plan_offset(j->before_rank, j->before_dims, j->before_strides, b) +
                       (last > 0 ? kb_plan_offset(last, j->after_dims, j->after_strides, line) : 0);
    const intptr_t v = kb_plan_offset(j->before_rank, j->before_dims, j->value_before, b) +
                       (last > 0 ? kb_plan_offset(last, j->after_dims, j->value_after, line) : 0);
    if (n == 1 && inner == 0) {
      // Single elements, whose offsets are their indices.
      const kb_each each = {.length = INT64_MAX, .y_along = 1, .index_stride = 1, .x_stride = run_step};
      j->combine.each(&each, j->places, (const int64_t *)j->offsets, j->values + v * source_size,
                      j->y + y * size);
      continue;
    }
    for (size_t place = 0; place < j->places; place++) {
      const size_t row = place / run;
      const intptr_t shift =
          (inner > 0 ? kb_plan_offset(inner, j->broadcast_dims, j->value_place, row) : 0) +
          (intptr_t)(place % run) * run_step;
      j->combine.group(n, j->values + (v + shift) * source_size, value_step,
                 j->y + (y + j->offsets[place]) * size, step);
    }
  }
}

// Strides of the values' dimensions, which stand in the order of the result.
static void split_values(job *j, const intptr_t *value_strides) {
  intptr_t dims[KB_MAX_RANK + 1], strides[KB_MAX_RANK + 1];
  size_t rank = 0;
  for (size_t d = 0; d < j->before_rank; d++) dims[rank++] = j->before_dims[d];
  for (size_t d = 0; d < j->broadcast_rank; d++) dims[rank++] = j->broadcast_dims[d];
  for (size_t d = 0; d < j->after_rank; d++) dims[rank++] = j->after_dims[d];
  kb_full_strides(rank, dims, value_strides, strides);
  const intptr_t *next = strides;
  memcpy(j->value_before, next, j->before_rank * sizeof *next);
  next += j->before_rank;
  memcpy(j->value_place, next, j->broadcast_rank * sizeof *next);
  next += j->broadcast_rank;
  memcpy(j->value_after, next, j->after_rank * sizeof *next);
  merge(&j->before_rank, j->before_dims, j->before_strides, j->value_before);
  merge(&j->after_rank, j->after_dims, j->after_strides, j->value_after);
  complete(&j->before_rank, j->before_dims, j->before_strides, j->value_before);
  complete(&j->after_rank, j->after_dims, j->after_strides, j->value_after);
}

kb_status kb_index_put(bool accumulate, kb_dtype dtype, size_t rank, const intptr_t *dims, void *y,
                       const kb_index_list *list, const void *values, const intptr_t *value_strides,
                       int64_t *bad) {
  // Unlike scattering, PyTorch adds each value to the element as it is stored: half types round at
  // each step.
  job j = {.size = kb_dtype_size(dtype), .source_size = kb_dtype_size(dtype), .values = values,
           .combine = accumulate ? kb_find_adder(dtype) : kb_find_combiner(KB_SCATTER_ASSIGN, dtype),
           .y = y};
  intptr_t strides[KB_MAX_RANK + 1];
  kb_full_strides(rank, dims, NULL, strides);
  split(&j, rank, dims, strides, list);
  if (j.places == 0) return KB_OK;
  split_values(&j, value_strides);
  const size_t bytes = j.places * sizeof *j.offsets;
  j.offsets = kb_scratch(bytes);
  const kb_status status = fill_offsets(&j, rank, dims, strides, list, bad);
  if (status == KB_OK && j.before * j.after > 0) {
    const size_t n = (size_t)j.after_dims[j.after_rank - 1];
    kb_parallel_for(j.before * (j.after / n), 8192 / (j.places * n) + 1, put_lines, &j);
  }
  kb_scratch_free(j.offsets, bytes);
  return status;
}
