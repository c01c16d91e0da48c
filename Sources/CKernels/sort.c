// Sorting and selection on unsigned keys in the elements' order. For selection a key of up to 32 bits
// shares a word with its index, so that any sort of words is stable; 64-bit keys go beside it.
#include "kb_sort.h"

#include <math.h>
#include <string.h>

#include "copy.h"
#include "index_internal.h"
#include "kb_alloc.h"
#include "kb_threads.h"
#include "sort_internal.h"
#include "sort_top.h"

#pragma STDC FP_CONTRACT OFF

typedef struct item {
  uint64_t key, index;
} item;

static uint64_t key_at(kb_dtype dtype, const void *x, intptr_t i) {
  switch (dtype) {
    case KB_FLOAT32: return kb_key_float(((const float *)x)[i]);
    case KB_FLOAT64: return kb_key_double(((const double *)x)[i]);
    case KB_FLOAT16: return kb_key_float(kb_float16_to_float(((const uint16_t *)x)[i]));
    case KB_BFLOAT16: return kb_key_float(kb_bfloat16_to_float(((const uint16_t *)x)[i]));
    case KB_INT8: return (uint64_t)(((const int8_t *)x)[i] + 128);
    case KB_INT16: return (uint64_t)(((const int16_t *)x)[i] + 32768);
    case KB_INT32: return (uint32_t)((const int32_t *)x)[i] ^ 0x80000000;
    case KB_INT64: return kb_key_int(((const int64_t *)x)[i]);
    default: return ((const uint8_t *)x)[i];
  }
}

// For a type of items: insertion sort, radix sort by the bytes first ..< last of an item (the index
// comes before the key), selection of the first k.
#define DEFINE_ITEMS(name, T, DIGIT, LESS)                                                    \
  static void name##_insertion(size_t n, T *x) {                                                   \
    for (size_t i = 1; i < n; i++) {                                                               \
      const T v = x[i];                                                                            \
      size_t k = i;                                                                                \
      for (; k > 0 && LESS(v, x[k - 1]); k--) x[k] = x[k - 1];                                     \
      x[k] = v;                                                                                    \
    }                                                                                              \
  }                                                                                                \
  static void name##_sort(size_t n, unsigned first, unsigned last, T *x, T *scratch) {             \
    if (n <= 48) {                                                                                 \
      name##_insertion(n, x);                                                                      \
      return;                                                                                      \
    }                                                                                              \
    T *from = x, *to = scratch;                                                                    \
    for (unsigned byte = first; byte < last; byte++) {                                             \
      size_t counts[256] = {0}, at = 0;                                                            \
      for (size_t i = 0; i < n; i++) counts[DIGIT(from[i], byte)]++;                               \
      if (counts[DIGIT(from[0], byte)] == n) continue;                                             \
      for (int digit = 0; digit < 256; digit++) {                                                  \
        const size_t count = counts[digit];                                                        \
        counts[digit] = at;                                                                        \
        at += count;                                                                               \
      }                                                                                            \
      for (size_t i = 0; i < n; i++) to[counts[DIGIT(from[i], byte)]++] = from[i];                 \
      T *other = from;                                                                             \
      from = to, to = other;                                                                       \
    }                                                                                              \
    if (from != x) memcpy(x, from, n * sizeof(T));                                                 \
  }                                                                                                \
  /* Hoare's selection with the median of three: the k least come first, in no order. */           \
  static void name##_select(size_t n, size_t k, T *x) {                                            \
    size_t low = 0, high = n;                                                                      \
    while (high - low > 32 && k > low && k < high) {                                               \
      T a = x[low], b = x[low + (high - low) / 2], c = x[high - 1];                                \
      if (LESS(b, a)) { const T t = a; a = b, b = t; }                                             \
      if (LESS(c, b)) b = LESS(c, a) ? a : c;                                                      \
      size_t i = low, j = high - 1;                                                                \
      for (;;) {                                                                                   \
        while (LESS(x[i], b)) i++;                                                                 \
        while (LESS(b, x[j])) j--;                                                                 \
        if (i >= j) break;                                                                         \
        const T t = x[i];                                                                          \
        x[i++] = x[j], x[j--] = t;                                                                 \
      }                                                                                            \
      /* Items differ, so x[low ..< i] are less than the rest. */                                  \
      if (k <= i) high = i; else low = i;                                                          \
    }                                                                                              \
    if (high - low <= 32) name##_insertion(high - low, x + low);                                   \
  }

#define WORD_DIGIT(v, byte) ((v) >> 8 * (byte) & 255)
#define WORD_LESS(a, b) ((a) < (b))
#define ITEM_DIGIT(v, byte)                                                                        \
  (((byte) < 8 ? (v).index >> 8 * (byte) : (v).key >> 8 * ((byte) - 8)) & 255)
#define ITEM_LESS(a, b) ((a).key < (b).key || ((a).key == (b).key && (a).index < (b).index))
DEFINE_ITEMS(word, uint64_t, WORD_DIGIT, WORD_LESS)
DEFINE_ITEMS(item, item, ITEM_DIGIT, ITEM_LESS)

typedef enum { TASK_SORT, TASK_TOP, TASK_KTH, TASK_MEDIAN } task;

typedef struct job {
  task task;
  kb_reduce_plan plan;
  kb_row_reader reader;
  kb_dtype dtype;
  bool words, descending, sorted, ignore_nan;
  size_t k, inner, results; // results per line
  char *values;
  int64_t *indices;
} job;

// The key of element i, the least of which comes first.
static inline uint64_t ordered_key(const job *j, const char *x, size_t i) {
  const uint64_t key = key_at(j->dtype, x, (intptr_t)i * j->plan.reduced_strides[0]);
  if (!j->descending) return key;
  if (!j->words) return ~key;
  return ~key & (kb_key_bits(j->dtype) == 32 ? UINT32_MAX : 0xffff);
}

static inline void put_item(const job *j, void *items, size_t place, uint64_t key, size_t index) {
  if (j->words)
    ((uint64_t *)items)[place] = key << 32 | index;
  else
    ((item *)items)[place] = (item){key, index};
}

static void load_items(const job *j, const char *x, void *items) {
  for (size_t i = 0; i < j->plan.length; i++) put_item(j, items, i, ordered_key(j, x, i), i);
}

static uint64_t key_of(const job *j, const void *items, size_t i) {
  return j->words ? ((const uint64_t *)items)[i] >> 32 : ((const item *)items)[i].key;
}

static size_t index_of(const job *j, const void *items, size_t i) {
  return j->words ? (uint32_t)((const uint64_t *)items)[i] : ((const item *)items)[i].index;
}

// Items `in_order` of their indices need to be sorted by key alone.
static void sort_items(const job *j, size_t n, bool in_order, void *items, void *scratch) {
  // Inverted keys of 8 bits fill 16.
  if (j->words)
    word_sort(n, in_order ? 4 : 0, kb_key_bits(j->dtype) <= 16 ? 6 : 8, items, scratch);
  else
    item_sort(n, in_order ? 8 : 0, 16, items, scratch);
}

// Brings the k least of n items to the front.
static void select_items(const job *j, size_t n, size_t k, void *items) {
  if (j->words)
    word_select(n, k, items);
  else
    item_select(n, k, items);
}

static const char *line_at(const job *j, size_t output) {
  if (j->plan.kept_rank != 1) return kb_reader_at(&j->reader, output).x;
  const intptr_t step = j->plan.kept_strides[0] * (intptr_t)j->reader.element_size;
  return j->reader.x + (intptr_t)output * step;
}

// The elements whose numbers are the low halves of the first words, to a line of results.
static void write_line(const job *j, size_t output, const char *x, const uint64_t *words) {
  const size_t inner = j->inner, n = j->results;
  const size_t first = inner == 1 ? output * n : output / inner * n * inner + output % inner;
  const intptr_t stride = j->plan.reduced_strides[0];
  if (j->indices) {
    int64_t *const to = j->indices + first;
    for (size_t i = 0; i < n; i++) to[i * inner] = (uint32_t)words[i];
  }
  if (!j->values) return;
#define TAKE(T)                                                                                    \
  for (size_t i = 0; i < n; i++)                                                                   \
    ((T *)j->values)[first + i * inner] = ((const T *)x)[(intptr_t)(uint32_t)words[i] * stride]
  KB_SWITCH_SIZE(kb_dtype_size(j->dtype), TAKE)
}

static void write_result(const job *j, size_t output, size_t place, const char *x, size_t index) {
  const size_t outer = output / j->inner, column = output % j->inner;
  const size_t at = (outer * j->results + place) * j->inner + column;
  const size_t size = kb_dtype_size(j->dtype);
  if (j->indices) j->indices[at] = (int64_t)index;
  if (j->values)
    memcpy(j->values + at * size,
           x + (intptr_t)index * j->plan.reduced_strides[0] * (intptr_t)size, size);
}

static void write_items(const job *j, size_t output, const char *x, const void *items) {
  for (size_t i = 0; i < j->results; i++) write_result(j, output, i, x, index_of(j, items, i));
}

// Selected items in order of position.
static void order_by_position(const job *j, size_t k, void *items, void *scratch) {
  for (size_t i = 0; i < k; i++) {
    const uint64_t index = index_of(j, items, i);
    if (j->words)
      ((uint64_t *)items)[i] = index << 32 | index;
    else
      ((item *)items)[i] = (item){index, index};
  }
  if (j->words)
    word_sort(k, 0, 4, items, scratch);
  else
    item_sort(k, 0, 8, items, scratch);
}

static void write_kth(const job *j, size_t output, size_t k, const char *x, void *items) {
  select_items(j, j->plan.length, k, items);
  uint64_t key = 0;
  for (size_t i = 0; i < k; i++)
    if (key_of(j, items, i) > key) key = key_of(j, items, i);
  size_t index = SIZE_MAX;
  for (size_t i = 0; i < j->plan.length; i++)
    if (key_of(j, items, i) == key && index_of(j, items, i) < index) index = index_of(j, items, i);
  write_result(j, output, 0, x, index);
}

static void write_median(const job *j, size_t output, const char *x, void *items) {
  const size_t n = j->plan.length;
  size_t numbers = n, first = 0;
  if (kb_compute_of(j->dtype) != KB_COMPUTE_INT64) {
    const uint64_t nan_key = kb_key_bits(j->dtype) == 64 ? UINT64_MAX : UINT32_MAX;
    for (size_t i = n; i-- > 0;)
      if (key_of(j, items, i) == nan_key) numbers--, first = i;
  }
  if (numbers == 0 || (numbers < n && !j->ignore_nan))
    write_result(j, output, 0, x, first);
  else
    write_kth(j, output, (numbers - 1) / 2 + 1, x, items);
}

// The elements of contiguous lines, each to the place that its rank is, from line `first` of the results on.
static void write_ranked(const job *j, size_t first, size_t lines, const char *x,
                         const uint32_t *ranks) {
  const size_t n = j->plan.length;
  if (j->indices) {
    int64_t *to = j->indices + first * n;
    for (size_t line = 0; line < lines; line++, to += n)
      for (size_t i = 0; i < n; i++) to[ranks[line * n + i]] = (int64_t)i;
  }
  if (!j->values) return;
#define PUT(T)                                                                                     \
  do {                                                                                             \
    T *to = (T *)j->values + first * n;                                                            \
    for (size_t line = 0; line < lines; line++, to += n)                                           \
      for (size_t i = 0; i < n; i++) to[ranks[line * n + i]] = ((const T *)x)[line * n + i];       \
  } while (0)
  KB_SWITCH_SIZE(kb_dtype_size(j->dtype), PUT)
#undef PUT
}

// The elements of a line whose ranks are among the results.
static void write_chosen(const job *j, size_t output, const uint32_t *ranks) {
  uint64_t words[KB_SHORT_LINE];
  const size_t n = j->plan.length;
  if (j->sorted) {
    for (size_t i = 0; i < n; i++) words[ranks[i]] = i;
  } else {
    for (size_t i = 0, found = 0; found < j->results; i++) {
      words[found] = i;
      found += ranks[i] < j->results;
    }
  }
  write_line(j, output, line_at(j, output), words);
}

// Sorts or selects from lines of KB_SHORT_LINE at most. Lines that follow each other are ranked together.
static void run_short_lines(void *context, size_t begin, size_t end) {
  enum { TOGETHER = 512 };
  const job *j = context;
  const size_t n = j->plan.length;
  const intptr_t stride = j->plan.reduced_strides[0];
  const bool dense = stride == 1 && (j->plan.kept_rank == 0 ||
                                     (j->plan.kept_rank == 1 && j->plan.kept_strides[0] == (intptr_t)n));
  const bool whole = dense && j->inner == 1 && j->task == TASK_SORT;
  const unsigned bits = kb_key_bits(j->dtype) > 32 ? 64 : 32;
  union {
    uint32_t narrow[TOGETHER + KB_SHORT_LINE];
    uint64_t wide[TOGETHER + KB_SHORT_LINE];
  } keys = {.wide = {0}};
  uint32_t ranks[TOGETHER + KB_SHORT_LINE];
  for (size_t block = begin, lines; block < end; block += lines) {
    const size_t most = dense ? TOGETHER / n : 1;
    lines = end - block < most ? end - block : most;
    kb_load_keys(j->dtype, j->descending, lines * n, line_at(j, block), stride, &keys);
    kb_rank_lines(bits, lines, n, &keys, ranks);
    if (whole) {
      write_ranked(j, block, lines, line_at(j, block), ranks);
      continue;
    }
    for (size_t line = 0; line < lines; line++) write_chosen(j, block + line, ranks + line * n);
  }
}

static void sort_lines(void *context, size_t begin, size_t end) {
  const job *j = context;
  const size_t n = j->plan.length, bytes = n * 3 * sizeof(uint64_t);
  const unsigned bits = kb_key_bits(j->dtype) > 32 ? 64 : 32;
  uint64_t *const words = kb_scratch(bytes), *const keys = words + 2 * n;
  for (size_t output = begin; output < end; output++) {
    const char *x = line_at(j, output);
    kb_load_keys(j->dtype, j->descending, n, x, j->plan.reduced_strides[0], keys);
    kb_sort_keys(bits, n, keys, words);
    write_line(j, output, x, words);
  }
  kb_scratch_free(words, bytes);
}

static void top_lines(void *context, size_t begin, size_t end) {
  const job *j = context;
  const kb_top top = {.dtype = j->dtype, .descending = j->descending, .sorted = j->sorted,
                      .n = j->plan.length, .k = j->k, .stride = j->plan.reduced_strides[0]};
  const size_t own = kb_top_bytes(&top), bytes = own + j->k * sizeof(uint64_t);
  char *const memory = kb_scratch(bytes);
  uint64_t *const words = (uint64_t *)(void *)memory;
  for (size_t output = begin; output < end; output++) {
    const char *const x = line_at(j, output);
    kb_top_line(&top, x, memory + j->k * sizeof(uint64_t), words);
    write_line(j, output, x, words);
  }
  kb_scratch_free(memory, bytes);
}

static void run_lines(void *context, size_t begin, size_t end) {
  const job *j = context;
  const size_t half = j->plan.length * (j->words ? sizeof(uint64_t) : sizeof(item));
  char *items = kb_scratch(2 * half), *scratch = items + half;
  for (size_t output = begin; output < end; output++) {
    const char *x = line_at(j, output);
    load_items(j, x, items);
    switch (j->task) {
      case TASK_SORT:
        sort_items(j, j->plan.length, true, items, scratch);
        write_items(j, output, x, items);
        break;
      case TASK_TOP:
        select_items(j, j->plan.length, j->k, items);
        if (j->sorted)
          sort_items(j, j->k, false, items, scratch);
        else
          order_by_position(j, j->k, items, scratch);
        write_items(j, output, x, items);
        break;
      case TASK_KTH:
        write_kth(j, output, j->k, x, items);
        break;
      case TASK_MEDIAN:
        write_median(j, output, x, items);
        break;
    }
  }
  kb_scratch_free(items, 2 * half);
}

// The lines of a task that do it one after the other.
static void run_task(void *context, size_t begin, size_t end) {
  const job *j = context;
  const size_t n = j->plan.length;
  const bool ranks = j->task == TASK_SORT || j->task == TASK_TOP;
  if (ranks && n <= KB_SHORT_LINE) run_short_lines(context, begin, end);
  else if (j->task == TASK_SORT && n <= UINT32_MAX) sort_lines(context, begin, end);
  else if (j->task == TASK_TOP && n <= UINT32_MAX && j->k > 0) top_lines(context, begin, end);
  else run_lines(context, begin, end);
}

// Lines across memory, of which neighbours share its lines: so many are turned into contiguous ones.
enum { COLUMNS = 16 };

static void run_columns(void *context, size_t begin, size_t end) {
  const job *j = context;
  const size_t n = j->plan.length, size = kb_dtype_size(j->dtype), last = j->plan.kept_rank - 1;
  const size_t blocks = (j->inner + COLUMNS - 1) / COLUMNS, places = COLUMNS * j->results;
  const size_t x_bytes = (COLUMNS * n * size + 63) / 64 * 64;
  const size_t bytes = x_bytes + places * (sizeof(int64_t) + size);
  char *const x = kb_scratch(bytes);
  job lines = *j;
  lines.plan.reduced_strides[0] = 1;
  lines.plan.kept_rank = 1, lines.plan.kept_strides[0] = (intptr_t)n;
  lines.reader.x = x;
  lines.inner = 1;
  lines.indices = j->indices ? (int64_t *)(void *)(x + x_bytes) : NULL;
  lines.values = j->values ? x + x_bytes + places * sizeof(int64_t) : NULL;
  for (size_t block = begin; block < end; block++) {
    const size_t column = block % blocks * COLUMNS, outer = block / blocks;
    const size_t m = j->inner - column < COLUMNS ? j->inner - column : COLUMNS;
    const size_t to = outer * j->results * j->inner + column;
    kb_copy_plane(size, m, n, kb_reader_at(&j->reader, outer * j->inner + column).x,
                  j->plan.kept_strides[last] * (intptr_t)size,
                  j->plan.reduced_strides[0] * (intptr_t)size, x, (intptr_t)(n * size));
    run_task(&lines, 0, m);
    // Line by line of memory, however far apart these are.
    for (size_t i = 0; i < j->results; i++) {
      const size_t place = to + i * j->inner;
      if (j->indices)
        kb_copy_row(8, m, (const char *)(lines.indices + i), (intptr_t)j->results * 8,
                    (char *)(j->indices + place), 8);
      if (j->values)
        kb_copy_row(size, m, lines.values + i * size, (intptr_t)(j->results * size),
                    j->values + place * size, (intptr_t)size);
    }
  }
  kb_scratch_free(x, bytes);
}

static void run(job *j, size_t rank, const intptr_t *dims, size_t dim, const void *x,
                const intptr_t *strides) {
  bool reduced[KB_MAX_RANK] = {false};
  j->inner = 1;
  if (rank > 0) reduced[dim] = true;
  for (size_t d = dim + 1; d < rank; d++) j->inner *= (size_t)dims[d];
  kb_plan_reduction(&j->plan, rank, dims, reduced, strides, true);
  const kb_reduce_plan *plan = &j->plan;
  if (plan->outputs == 0 || plan->length == 0) return;
  j->reader = kb_make_reader(plan, x, j->dtype, kb_compute_of(j->dtype), KB_LOAD_VALUE);
  j->words = kb_key_bits(j->dtype) <= 32 && plan->length <= UINT32_MAX;
  const bool across = plan->length > 1 && j->inner > 1 && plan->kept_rank > 0 &&
                      (size_t)plan->kept_dims[plan->kept_rank - 1] == j->inner;
  if (across) {
    const size_t blocks = plan->outputs / j->inner * ((j->inner + COLUMNS - 1) / COLUMNS);
    kb_parallel_for(blocks, 2048 / (plan->length * COLUMNS) + 1, run_columns, j);
  } else {
    kb_parallel_for(plan->outputs, 2048 / plan->length + 1, run_task, j);
  }
}

void kb_sort(kb_dtype dtype, size_t rank, const intptr_t *dims, size_t dim, bool descending,
             const void *x, const intptr_t *strides, void *values, int64_t *indices) {
  job j = {.task = TASK_SORT, .dtype = dtype, .descending = descending, .sorted = true,
           .values = values, .indices = indices};
  j.results = rank > 0 ? (size_t)dims[dim] : 1;
  run(&j, rank, dims, dim, x, strides);
}

void kb_topk(kb_dtype dtype, size_t rank, const intptr_t *dims, size_t dim, size_t k, bool largest,
             bool sorted, const void *x, const intptr_t *strides, void *values, int64_t *indices) {
  job j = {.task = TASK_TOP, .dtype = dtype, .descending = largest, .sorted = sorted, .k = k,
           .results = k, .values = values, .indices = indices};
  if (k > 0) run(&j, rank, dims, dim, x, strides);
}

void kb_kth_value(kb_dtype dtype, size_t rank, const intptr_t *dims, size_t dim, size_t k,
                  const void *x, const intptr_t *strides, void *values, int64_t *indices) {
  job j = {.task = TASK_KTH, .dtype = dtype, .k = k, .results = 1,
           .values = values, .indices = indices};
  run(&j, rank, dims, dim, x, strides);
}

void kb_median(kb_dtype dtype, size_t rank, const intptr_t *dims, size_t dim, bool ignore_nan,
               const void *x, const intptr_t *strides, void *values, int64_t *indices) {
  job j = {.task = TASK_MEDIAN, .dtype = dtype, .ignore_nan = ignore_nan, .results = 1,
           .values = values, .indices = indices};
  run(&j, rank, dims, dim, x, strides);
}

void kb_search_sorted(kb_dtype dtype, size_t lines, size_t length, const void *sorted, bool shared,
                      size_t count, const void *values, bool right, int64_t *positions) {
  const size_t size = kb_dtype_size(dtype);
  for (size_t i = 0; i < lines * count; i++) {
    const uint64_t key = key_at(dtype, values, (intptr_t)i);
    const char *line = (const char *)sorted + (shared ? 0 : i / count * length * size);
    size_t low = 0, high = length;
    while (low < high) {
      const size_t middle = low + (high - low) / 2;
      const uint64_t other = key_at(dtype, line, (intptr_t)middle);
      if (right ? other <= key : other < key) low = middle + 1; else high = middle;
    }
    positions[i] = (int64_t)low;
  }
}
