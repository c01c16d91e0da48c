// The product of two matrices of one element type: which operand is packed, how the work is cut,
// and the loops around the register tile.
//
// Each element of c is one chain of multiply-adds per block of k, and blocks are added in order;
// the length of a block follows from k alone, and from m and n whether k is cut into parts. So neither the
// number of threads nor the packing changes a bit.
#include "gemm.h"
#include "gemm_sizes.h"

#include <string.h>

#include "kb_alloc.h"
#include "kb_threads.h"

#pragma STDC FP_CONTRACT OFF

typedef struct {
  const kb_gemm_kernels *kernels;
  size_t m, n, k, k_block;
  const char *a, *b; // b: NULL when all of it is packed
  intptr_t a_row, a_column, b_row, b_column;
  // Panels [rows × columns] of b: all, or only the last one when b is read in place.
  char *packed;
  size_t packed_bytes, packed_rows, first_packed;
  size_t k_begin, k_end; // the rows of b that are packed, and multiplied now
  char *c;
  size_t c_row;
  bool add;
  const char *bias;                 // what each row begins with; NULL: nothing
  const kb_tail *tail;              // NULL: nothing
  size_t first_row;                 // of c, as the tail numbers them
  size_t tiles, panels;             // along m and n
  size_t tile_height, taller_tiles; // that many tiles have one row more
  size_t row_blocks, panel_groups;  // the tasks
} product;

const kb_gemm_kernels *kb_gemm_active(kb_gemm_type type) {
#if defined(__x86_64__)
  switch (kb_isa_level()) {
  case KB_ISA_AVX512:
    return &kb_gemm_avx512_kernels[type];
  case KB_ISA_AVX2:
    return &kb_gemm_avx2_kernels[type];
  default:
    break;
  }
#endif
  return &kb_gemm_baseline_kernels[type];
}

// Blocks of about 512, of equal length: a panel's block then stays near the first level cache. 384
// and, for 2048³, 1024 were no faster beyond the noise of the measurement.
static size_t block_length(size_t k) {
  if (k <= 768) {
    return k;
  }
  size_t blocks = divided_up(k, 512);
  return divided_up(divided_up(k, blocks), 16) * 16;
}

static inline size_t tile_start(const product *p, size_t tile) {
  return tile * p->tile_height + smaller(tile, p->taller_tiles);
}

// Rows (or columns, whichever lie in one piece) of a that are a multiple of 4 KB apart share a few
// cache sets. A copy of the block with padding between them costs less when enough panels of b use
// it: it saved a sixth of the time at 2048³, nothing measurable at 1024³; at 2048 × 256 × 1024 a fifth where
// the first level has 32 KB.
static bool copies_a(const product *p, size_t panels) {
  enum { LEAST_PANELS = 8, LEAST_ROWS = 64 };
  const intptr_t apart = p->a_column == 1 ? p->a_row : p->a_row == 1 ? p->a_column : 0;
  return apart != 0 && apart * (intptr_t)p->kernels->size % 4096 == 0 && panels >= LEAST_PANELS &&
         p->m >= LEAST_ROWS;
}

typedef struct {
  const char *data;
  intptr_t row, column;
} a_block;

enum { PADDING = 16, LARGE_B = 2 << 20, TAIL_BYTES = 512 << 10 };

// Runs are far apart: what is copied after the next one is fetched meanwhile.
static void copy_run(char *to, const char *from, size_t bytes, intptr_t apart) {
  size_t i = 0;
  for (; i + 64 <= bytes; i += 64) {
    __builtin_prefetch(from + (intptr_t)i + 2 * apart, 0, 2);
    memcpy(to + i, from + i, 64);
  }
  memcpy(to + i, from + i, bytes - i);
}

static a_block copied_block(const product *p, size_t rows, size_t k_count, const char *a,
                            char *to) {
  size_t size = p->kernels->size;
  bool by_rows = p->a_column == 1;
  size_t runs = by_rows ? rows : k_count, length = by_rows ? k_count : rows;
  intptr_t apart = by_rows ? p->a_row : p->a_column;
  size_t pitch = length + PADDING;
  for (size_t i = 0; i < runs; i++) {
    copy_run(to + i * pitch * size, at(a, (intptr_t)i * apart, size), length * size,
             apart * (intptr_t)size);
  }
  return by_rows ? (a_block){to, (intptr_t)pitch, 1} : (a_block){to, 1, (intptr_t)pitch};
}

static void compute(const product *p, size_t tile_begin, size_t tile_end, size_t panel_begin,
                    size_t panel_end) {
  const kb_gemm_kernels *kernels = p->kernels;
  size_t size = kernels->size, width = kernels->columns;
  size_t first_row = tile_start(p, tile_begin), all_rows = tile_start(p, tile_end) - first_row;
  char *copy = NULL;
  size_t copy_bytes = 0;
  if (copies_a(p, panel_end - panel_begin)) {
    size_t rows_and_k = p->a_column == 1 ? all_rows * (p->k_block + PADDING)
                                         : p->k_block * (all_rows + PADDING);
    copy_bytes = rows_and_k * size;
    copy = kb_scratch(copy_bytes);
  }
  for (size_t k_begin = p->k_begin; k_begin < p->k_end; k_begin += p->k_block) {
    size_t k_count = smaller(p->k_block, p->k_end - k_begin);
    bool add = p->add || k_begin > 0;
    a_block a = {at(p->a, (intptr_t)first_row * p->a_row + (intptr_t)k_begin * p->a_column, size),
                 p->a_row, p->a_column};
    if (copy != NULL) {
      a = copied_block(p, all_rows, k_count, a.data, copy);
    }
    for (size_t panel = panel_begin; panel < panel_end; panel++) {
      size_t column = panel * width;
      size_t columns = smaller(width, p->n - column);
      const char *b;
      intptr_t b_row;
      if (panel >= p->first_packed) {
        b = p->packed +
            ((panel - p->first_packed) * p->packed_rows + k_begin - p->k_begin) * width * size;
        b_row = (intptr_t)width;
      } else {
        b = at(p->b, (intptr_t)k_begin * p->b_row + (intptr_t)column, size);
        b_row = p->b_row;
      }
      const char *bias = p->bias == NULL || add ? NULL : p->bias + column * size;
      // The tiles of this panel fetch the next one from the last level cache.
      bool fetches = panel >= p->first_packed && panel + 1 < panel_end;
      const char *next = b + p->packed_rows * width * size;
      size_t next_bytes = fetches ? k_count * width * size : 0, fetched = 0, row = 0;
      for (size_t tile = tile_begin; tile < tile_end; tile++) {
        size_t rows = p->tile_height + (tile < p->taller_tiles);
        size_t end = next_bytes * (tile + 1 - tile_begin) / (tile_end - tile_begin);
        const char *tile_a = at(a.data, (intptr_t)row * a.row, size);
        char *tile_c = p->c + ((first_row + row) * p->c_row + column) * size;
        kernels->tile(rows, columns, k_count, tile_a, a.row, a.column, b, b_row, tile_c, p->c_row,
                      add, bias, &(kb_gemm_next){next + fetched, next + end});
        row += rows;
        fetched = end;
      }
    }
  }
  if (copy != NULL) {
    kb_scratch_free(copy, copy_bytes);
  }
  if (p->tail != NULL && p->k_end == p->k) {
    p->tail->run(p->tail, p->first_row + first_row, all_rows, 0, p->n);
  }
}

static void compute_tasks(void *context, size_t begin, size_t end) {
  const product *p = context;
  for (size_t task = begin; task < end; task++) {
    size_t block = task / p->panel_groups, group = task % p->panel_groups;
    compute(p, p->tiles * block / p->row_blocks, p->tiles * (block + 1) / p->row_blocks,
            p->panels * group / p->panel_groups, p->panels * (group + 1) / p->panel_groups);
  }
}

// A few rows of some panels at a time: rows of b are far apart, and what is fetched of one serves them all.
enum { PACKED_TOGETHER = 8, ROWS_TOGETHER = 64 };

static void pack_panels(void *context, size_t begin, size_t end) {
  const product *p = context;
  size_t size = p->kernels->size, width = p->kernels->columns, rows = p->k_end - p->k_begin;
  for (size_t first = begin; first < end; first += PACKED_TOGETHER) {
    size_t last = smaller(first + PACKED_TOGETHER, end);
    for (size_t row = 0; row < rows; row += ROWS_TOGETHER) {
      for (size_t panel = first; panel < last; panel++) {
        size_t column = (p->first_packed + panel) * width;
        const char *from = at(p->b, (intptr_t)column * p->b_column, size);
        p->kernels->pack(smaller(ROWS_TOGETHER, rows - row), smaller(width, p->n - column),
                         at(from, (intptr_t)(p->k_begin + row) * p->b_row, size), p->b_row,
                         p->b_column, p->packed + (panel * p->packed_rows + row) * width * size);
      }
    }
  }
}

// Room for what has to be packed of `rows` rows of b at a time; `unpack` releases it.
static void prepare_b(product *p, size_t rows) {
  size_t width = p->kernels->columns, size = p->kernels->size;
  p->panels = divided_up(p->n, width);
  // Read in place while b stays in the second level cache, or is used too little to repay a copy.
  bool direct = p->b_column == 1 && (p->m <= 64 || p->k * p->n * size <= (size_t)1 << 20);
  p->first_packed = direct ? p->kernels->masked ? p->panels : p->n / width : 0;
  p->packed_rows = rows;
  p->packed_bytes = (p->panels - p->first_packed) * rows * width * size;
  p->packed = p->packed_bytes > 0 ? kb_scratch(p->packed_bytes) : NULL;
}

// Packs rows k_begin ..< k_end.
static void pack_rows(product *p) {
  size_t panels = p->panels - p->first_packed, rows = p->k_end - p->k_begin;
  if (panels > 0) {
    size_t grain = kb_gemm_grain(rows * p->kernels->columns);
    kb_parallel_for(panels, larger(larger(grain, panels / 64), smaller(panels / 8, PACKED_TOGETHER)),
                    pack_panels, p);
  }
}

static void unpack(product *p) {
  if (p->packed != NULL) {
    kb_scratch_free(p->packed, p->packed_bytes);
  }
}

static void prepare_rows(product *p) {
  p->tiles = divided_up(p->m, p->kernels->rows);
  p->tile_height = p->m / p->tiles;
  p->taller_tiles = p->m % p->tiles;
  // A block's rows of a stay in the second level cache while the panels of b pass by.
  size_t block_rows = ((size_t)512 << 10) / (p->k_block * p->kernels->size);
  // A tail reads a block's rows of c from there too, unless b is too large to be read more often for it.
  if (p->tail != NULL && p->k * p->n * p->kernels->size <= LARGE_B) {
    block_rows = smaller(block_rows, TAIL_BYTES / (p->n * p->kernels->size));
  }
  p->row_blocks = divided_up(p->tiles, larger(block_rows / p->kernels->rows, 1));
  p->panel_groups = 1;
}

// Cuts the product into tasks for `threads`: the shortest time of the busiest thread, where a task
// also pays for loading its rows of a and its panels of b.
static void cut(product *p, size_t threads) {
  size_t least_blocks = p->row_blocks;
  float best = 0;
  // A tail passes over whole rows, if there are enough of them.
  bool whole_rows = p->tail != NULL && p->tiles >= 16 * threads;
  size_t most_groups = whole_rows ? 1 : smaller(p->panels, 8 * threads);
  for (size_t groups = 1; groups <= most_groups; groups += 1 + groups / 8) {
    for (size_t per_thread = 2; per_thread <= 8; per_thread *= 2) {
      size_t blocks = larger(least_blocks, divided_up(per_thread * threads, groups));
      blocks = smaller(blocks, p->tiles);
      size_t task_tiles = divided_up(p->tiles, blocks), task_panels = divided_up(p->panels, groups);
      float rounds = (float)divided_up(blocks * groups, threads);
      // Weights in tiles, estimated for 14 × 32: loading a tile's rows of a a quarter, a panel of b
      // a third, and a task a tenth of a microsecond, that is some 30 of k.
      float cost = rounds * ((float)(task_tiles * task_panels) + 0.25f * (float)task_tiles +
                             0.33f * (float)task_panels + 30.0f / (float)p->k);
      if (best == 0 || cost < best) {
        best = cost;
        p->row_blocks = blocks;
        p->panel_groups = groups;
      }
    }
  }
}

static void multiply_tiles(product *p) {
  const kb_gemm_kernels *kernels = p->kernels;
  size_t size = kernels->size;
  p->k_block = block_length(p->k);
  // Of a large b, a block of k at a time: the block stays in the last level cache until all of it is used.
  bool blockwise = p->k > p->k_block && p->k * p->n * size > LARGE_B && p->m > 64;
  size_t rows = blockwise ? p->k_block : p->k;
  // Bounds the packed copy of b to 32 MB, unless one panel is larger.
  size_t most_columns = larger(((size_t)32 << 20) / (rows * size) / kernels->columns, 1) *
                        kernels->columns;
  size_t n = p->n;
  const char *b = p->b, *bias = p->bias;
  char *c = p->c;
  const kb_tail *tail = p->tail;
  for (size_t column = 0; column < n; column += most_columns) {
    p->n = smaller(most_columns, n - column);
    p->b = at(b, (intptr_t)column * p->b_column, size);
    p->c = c + column * size;
    p->bias = bias == NULL ? NULL : bias + column * size;
    prepare_b(p, rows);
    prepare_rows(p);
    size_t threads = 1;
    if (p->m * p->n * p->k >= 65536 && (threads = (size_t)kb_thread_count()) > 1) {
      cut(p, threads);
    }
    if (p->n < n || p->panel_groups > 1) {
      p->tail = NULL;
    }
    for (p->k_begin = 0; p->k_begin < p->k; p->k_begin += rows) {
      p->k_end = smaller(p->k_begin + rows, p->k);
      pack_rows(p);
      if (threads > 1) {
        kb_parallel_for(p->row_blocks * p->panel_groups, 1, compute_tasks, p);
      } else {
        compute_tasks(p, 0, p->row_blocks);
      }
    }
    unpack(p);
  }
  if (tail != NULL && p->tail == NULL) {
    kb_tail_run_all(tail, p->first_row, p->m, n);
  }
}

// For kernels that take no bias: c begins with it.
static void begin_with_bias(product *p) {
  if (p->bias == NULL) return;
  for (size_t i = 0; i < p->m; i++) {
    memcpy(p->c + i * p->c_row * p->kernels->size, p->bias, p->n * p->kernels->size);
  }
  p->bias = NULL;
  p->add = true;
}

static void multiply(product *p) {
  const size_t m = p->m, n = p->n;
  const bool is_long = kb_gemm_is_long(p->kernels, m, n, p->k);
  if (is_long) {
    begin_with_bias(p);
    kb_gemm_long(p->kernels, m, n, p->k, (kb_matrix){p->a, p->a_row, p->a_column, 0},
                 (kb_matrix){p->b, p->b_row, p->b_column, 0}, p->c, p->c_row, p->add);
    if (p->tail != NULL) kb_tail_run_all(p->tail, p->first_row, m, n);
    return;
  }
  if (p->n == 1) begin_with_bias(p);
  if (p->n == 1 && p->m > 1) {
    // A column c equals a row of the transposed product.
    const char *a = p->a;
    intptr_t a_row = p->a_row, a_column = p->a_column;
    p->a = p->b, p->a_row = p->b_column, p->a_column = p->b_row;
    p->b = a, p->b_row = a_column, p->b_column = a_row;
    p->n = p->m, p->m = 1;
    p->c_row = p->n;
  }
  const kb_gemm_kernels *kernels = p->kernels;
  if (kernels->masked && p->b_column == 1 && p->m <= kernels->rows && p->n <= kernels->columns &&
      p->k <= 768) {
    kernels->tile(p->m, p->n, p->k, p->a, p->a_row, p->a_column, p->b, p->b_row, p->c, p->c_row,
                  p->add, p->bias, NULL);
  } else if (kb_gemm_is_thin(kernels, p->m, p->n, p->k, (kb_matrix){p->b, p->b_row, p->b_column, 0})) {
    begin_with_bias(p);
    kb_gemm_thin(kernels, p->m, p->n, p->k, (kb_matrix){p->a, p->a_row, p->a_column, 0},
                 (kb_matrix){p->b, p->b_row, p->b_column, 0}, p->c, p->c_row, p->add);
  } else {
    if (n > 1) {
      multiply_tiles(p);
      return;
    }
    // Its rows are columns.
    product q = *p;
    q.tail = NULL;
    multiply_tiles(&q);
  }
  if (p->tail != NULL) {
    kb_tail_run_all(p->tail, p->first_row, m, n);
  }
}

void kb_linear_real(kb_gemm_type type, size_t m, size_t n, size_t k, kb_matrix a, kb_matrix b,
                    const void *bias, void *c, const kb_tail *tail) {
  product p = {.kernels = kb_gemm_active(type), .m = m, .n = n, .k = k, .a = a.data, .b = b.data,
               .a_row = a.row_stride, .a_column = a.column_stride, .b_row = b.row_stride,
               .b_column = n == 1 ? 1 : b.column_stride, .c = c, .c_row = n, .bias = bias,
               .tail = tail};
  multiply(&p);
}

void kb_gemm_with(const kb_gemm_kernels *kernels, size_t m, size_t n, size_t k, kb_matrix a,
                  kb_matrix b, void *c, bool add) {
  product p = {.kernels = kernels, .m = m, .n = n, .k = k, .a = a.data, .b = b.data,
               .a_row = a.row_stride, .a_column = a.column_stride, .b_row = b.row_stride,
               .b_column = n == 1 ? 1 : b.column_stride, .c = c, .c_row = n, .add = add};
  multiply(&p);
}

typedef struct {
  product item;
  intptr_t a_batch, b_batch;
} batches;

static void multiply_items(void *context, size_t begin, size_t end) {
  const batches *all = context;
  for (size_t i = begin; i < end; i++) {
    product p = all->item;
    size_t size = p.kernels->size;
    p.a = at(p.a, (intptr_t)i * all->a_batch, size);
    p.b = at(p.b, (intptr_t)i * all->b_batch, size);
    p.c += i * p.m * p.n * size;
    p.first_row = i * p.m;
    multiply(&p);
  }
}

void kb_gemm_real(kb_gemm_type type, size_t batch, size_t m, size_t n, size_t k, kb_matrix a,
                  kb_matrix b, void *c, bool add, const kb_tail *tail) {
  const kb_gemm_kernels *kernels = kb_gemm_active(type);
  if (b.batch_stride == 0 && a.batch_stride == (intptr_t)m * a.row_stride) {
    // One b for rows that follow each other: one product.
    m *= batch;
    batch = 1;
  }
  batches all = {{.kernels = kernels, .m = m, .n = n, .k = k, .a = a.data, .b = b.data,
                  .a_row = a.row_stride, .a_column = a.column_stride, .b_row = b.row_stride,
                  .b_column = n == 1 ? 1 : b.column_stride, .c = c, .c_row = n, .add = add,
                  .tail = tail},
                 a.batch_stride, b.batch_stride};
  if (batch == 1) {
    multiply(&all.item);
    return;
  }
  size_t work = m * n * k;
  // Items are shared out whole while there are enough of them to keep all threads busy to the end,
  // or while they are too small to be cut.
  bool many = batch >= 8 * (size_t)kb_thread_count() && work < (size_t)1 << 26;
  if (many || work < (size_t)1 << 20) {
    kb_parallel_for(batch, kb_gemm_grain(work), multiply_items, &all);
  } else {
    multiply_items(&all, 0, batch);
  }
}
