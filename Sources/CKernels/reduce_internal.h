// What the reduction files share: the plan of a reduction, lines converted to a compute type, and
// the folds over them that exist per instruction set.
#ifndef KB_REDUCE_INTERNAL_H
#define KB_REDUCE_INTERNAL_H

#include "include/kb_reduce.h"
#include "isa.h"

#define KB_MAX_RANK 64

// The types in which reductions are computed.
typedef enum {
  KB_COMPUTE_FLOAT,
  KB_COMPUTE_DOUBLE,
  KB_COMPUTE_INT64,
  KB_COMPUTE_COMPLEX, // two doubles
  KB_COMPUTE_COUNT,
} kb_compute;

static inline size_t kb_compute_size(kb_compute type) {
  static const uint8_t sizes[KB_COMPUTE_COUNT] = {4, 8, 8, 16};
  return sizes[type];
}

// The compute type of a result or array of this dtype.
kb_compute kb_compute_of(kb_dtype dtype);
// Whether elements of `dtype` are elements of the compute type.
bool kb_is_native(kb_dtype dtype, kb_compute type);

typedef enum { KB_LOAD_VALUE, KB_LOAD_NONZERO, KB_LOAD_ABS } kb_load_map;

// dst[i] = map(x[i * stride]) in the compute type. Floats outside of int64 become its minimum; the
// imaginary part is dropped by KB_LOAD_VALUE into a real type.
typedef void (*kb_loader)(size_t n, const void *x, intptr_t stride, void *dst);
kb_loader kb_find_loader(kb_dtype dtype, kb_compute type, kb_load_map map);

// y[i] = x[i], rounded; float, double and int64 to any real dtype, complex to complex.
typedef void (*kb_storer)(size_t n, const void *x, void *y);
kb_storer kb_find_storer(kb_compute type, kb_dtype dtype);

// Dimensions merged where strides allow. Reduced ones are sorted by stride, largest first, unless
// their order matters. Each list has at least one entry (length 1, stride 0).
typedef struct kb_reduce_plan {
  size_t kept_rank, reduced_rank;
  intptr_t kept_dims[KB_MAX_RANK + 1], kept_strides[KB_MAX_RANK + 1];
  intptr_t reduced_dims[KB_MAX_RANK + 1], reduced_strides[KB_MAX_RANK + 1];
  size_t outputs, length; // products
  size_t inner;           // the last kept dimension
  bool columns;           // better to walk along the last kept dimension than along the reduced one
} kb_reduce_plan;

void kb_plan_reduction(kb_reduce_plan *plan, size_t rank, const intptr_t *dims, const bool *reduced,
                       const intptr_t *strides, bool ordered);

// Pieces of a reduction, by shape alone: tiles of outputs (of neighbouring columns, or of whole
// rows) times segments of the reduced elements, segments innermost. Segments exist only where the
// outputs alone would not give 16 tasks.
typedef struct kb_reduce_cut {
  size_t tile, tiles, segment, segments;
  size_t grain; // pieces per task
} kb_reduce_cut;

// Columns come in tiles of `column_tile`; segments are multiples of `row_unit` or `column_unit`.
kb_reduce_cut kb_cut_reduction(const kb_reduce_plan *plan, size_t column_tile, size_t row_unit,
                               size_t column_unit);

// A piece: `count` outputs from number `output` on, reduced elements begin ..< end of each.
typedef struct kb_reduce_piece {
  size_t output, count, segment, begin, end;
} kb_reduce_piece;
kb_reduce_piece kb_reduction_piece(const kb_reduce_plan *plan, const kb_reduce_cut *cut,
                                   size_t number);

// The offset in elements of the element with this row-major number.
intptr_t kb_plan_offset(size_t rank, const intptr_t *dims, const intptr_t *strides, size_t number);

// An array that is computed where it is read: `read` writes the n elements from number `first` on, in
// row-major order. Each element is asked for once.
typedef struct kb_reduce_source {
  void (*read)(const struct kb_reduce_source *source, size_t first, size_t n, void *to);
} kb_reduce_source;

// Reads the reduced elements of one output in order.
typedef struct kb_row_reader {
  const kb_reduce_plan *plan;
  const kb_reduce_source *source; // in place of x, unless NULL
  size_t first;                   // the output's first element in it
  const char *x;       // the output's first element
  size_t element_size; // of x
  bool native;
  kb_loader load;
  kb_compute type;
} kb_row_reader;

#define KB_REDUCE_BLOCK 4096

kb_row_reader kb_make_reader(const kb_reduce_plan *plan, const void *x, kb_dtype in,
                             kb_compute type, kb_load_map map);
// The same for a certain output.
kb_row_reader kb_reader_at(const kb_row_reader *reader, size_t output);

// Up to `limit` ≤ KB_REDUCE_BLOCK elements from number `start` on: a pointer into x where they lie
// so, else copied to `buffer`. Sets how many.
const void *kb_read_block(const kb_row_reader *reader, size_t start, size_t limit, void *buffer,
                          size_t *count);

// Reads up to 8 reduced elements (numbers from `start` on) of `n` neighbouring outputs each:
// pointers into x, or into `buffer` of 8 · n elements.
void kb_read_columns(const kb_row_reader *reader, size_t start, size_t rows, size_t n, void *buffer,
                     const void *lines[8]);
// How many elements lie from each of these lines to the next where they all are in x at one distance, else 0.
intptr_t kb_lines_distance(const kb_row_reader *reader);

typedef enum {
  KB_FOLD_SUM,
  KB_FOLD_PROD,
  KB_FOLD_MAX,
  KB_FOLD_MIN,
  KB_FOLD_SUM_SQUARES,
  KB_FOLD_SUM_ABS,
  KB_FOLD_MAX_ABS,
  KB_FOLD_MIN_ABS,
  KB_FOLD_COUNT,
} kb_fold;

// Folds of one compute type T.
typedef struct kb_fold_kernels {
  // *result = fold of x[0 ..< n]; the identity when n is 0.
  void (*row[KB_FOLD_COUNT])(size_t n, const void *x, void *result);
  // The same of many rows, `apart` elements from each other.
  void (*rows[KB_FOLD_COUNT])(size_t rows, size_t n, const void *x, intptr_t apart, void *result);
  // y[j] = fold of y[j] and the lines' elements j for j < n, eight lines at a time. Line r is x[r] for r < 8,
  // and each later one `step` elements behind line r - 8.
  void (*columns[KB_FOLD_COUNT])(size_t rows, const void *const *x, intptr_t step, size_t n, void *y);
  // The first largest and the first smallest of value[j] and the lines' elements j for j < n, as their numbers
  // in index[j], integers of T's size; the lines are numbered from `first`. Lines as for `columns`; value and
  // index have room for whole vectors.
  void (*arg_columns[2])(size_t rows, const void *const *x, intptr_t step, size_t n, size_t first,
                         void *value, void *index);
  // Where the first element is that equals *wanted, or is NaN if that is; there is one.
  size_t (*find)(size_t n, const void *x, const void *wanted);
  // sums[0] = Σ x − shift, sums[1] = Σ (x − shift)²; shift points to one T. Floating T only.
  void (*moments_row)(size_t n, const void *x, const void *shift, double sums[2]);
  // The same by column, added to `first` and `second`; one shift per column.
  void (*moments_columns)(size_t rows, const void *const *x, size_t n, const void *shift,
                          void *first, void *second);
  // Σ (x − shift) y and Σ y.
  void (*dot_row)(size_t n, const void *x, const void *shift, const void *y, double sums[2]);

  // Of normalisation; X stands for (x - mean) * rstd. `weight` and `bias` may be NULL.
  // y = X * weight[i] + bias[i]
  void (*normalize_row)(size_t n, const void *x, double mean, double rstd, const void *weight,
                        const void *bias, void *y);
  // y = (x - mean) * scale + shift
  void (*scale_row)(size_t n, const void *x, double mean, double scale, double shift, void *y);
  // The same with a mean, scale and shift per element.
  void (*channel_row)(size_t n, const void *x, const void *mean, const void *scale,
                      const void *shift, void *y);
  // sums[0] = Σ dy * weight[i], sums[1] = Σ dy * weight[i] * X
  void (*normalize_sums)(size_t n, const void *dy, const void *x, double mean, double rstd,
                         const void *weight, double sums[2]);
  // dx = scale * (dy * weight[i] - a - X * b); without weight `factor` takes its place
  void (*normalize_dx)(size_t n, const void *dy, const void *x, double mean, double rstd,
                       const void *weight, double factor, double scale, double a, double b,
                       void *dx);
  // dweight[i] += dy * X, dbias[i] += dy
  void (*normalize_collect)(size_t n, const void *dy, const void *x, double mean, double rstd,
                            void *dweight, void *dbias);
  // As normalize_dx and normalize_collect, with all parameters per element and no weight.
  void (*channel_dx)(size_t n, const void *dy, const void *x, const void *mean, const void *rstd,
                     const void *scale, const void *a, const void *b, void *dx);
  void (*channel_collect)(size_t n, const void *dy, const void *x, const void *mean,
                          const void *rstd, void *dweight, void *dbias);
} kb_fold_kernels;

typedef struct kb_reduce_set {
  kb_fold_kernels folds[3]; // float, double, int64
  // y[i] = exp(x[i] - shift) (y may be NULL); returns the sum. n ≤ KB_REDUCE_BLOCK.
  double (*exp_row)(size_t n, const float *x, float shift, float *y);
  // sum[j] += exp(x[j] - shift[j]), also stored in y unless NULL.
  void (*exp_columns)(size_t n, const float *x, const float *shift, float *y, float *sum);
  // sum[j] += Σ dy[j] * y[j] over up to 8 lines, in double; y may be NULL.
  void (*dot_columns)(size_t rows, const void *const *dy, const void *const *y, size_t n, double *sum);
  // dx[j] = y[j] * (dy[j] - sum[j])
  void (*softmax_back_columns)(size_t n, const float *dy, const float *y, const float *sum, float *dx);
  // dx[j] = dy[j] - exp(y[j]) * sum[j]
  void (*log_softmax_back_columns)(size_t n, const float *dy, const float *y, const float *sum,
                                   float *dx);
  // y = softmax(x), unless NULL; the largest of x and Σ exp(x - largest).
  void (*softmax_row)(size_t n, const float *x, float *y, double *largest, double *sum);
  // dx[i] = y[i] * (dy[i] - Σ dy y)
  void (*softmax_back_row)(size_t n, const float *dy, const float *y, float *dx);
  // How many bytes are not zero.
  size_t (*count_bytes)(size_t n, const uint8_t *x);
  // dx[i] = dy[i] - exp(y[i]) * Σ dy
  void (*log_softmax_back_row)(size_t n, const float *dy, const float *y, float *dx);
} kb_reduce_set;

extern const kb_reduce_set kb_reduce_baseline;
#if defined(__x86_64__)
extern const kb_reduce_set kb_reduce_avx2, kb_reduce_avx512;
#endif
const kb_reduce_set *kb_active_reduce(void);

// kb_variance with results of another dtype of the same kind.
void kb_variance_into(kb_dtype dtype, kb_dtype out, size_t rank, const intptr_t *dims,
                      const bool *reduced, const void *x, const intptr_t *strides,
                      double correction, bool deviation, void *variance, void *mean);

// The sum or mean of a source of this floating dtype and shape: the bits of kb_reduce for an array of its
// elements. For what kb_reduces_runs allows.
void kb_reduce_from(const kb_reduce_source *source, bool mean, kb_dtype dtype, size_t rank,
                    const intptr_t *dims, const bool *reduced, void *result);
// The sum, mean, largest or smallest element of each row of a float or double matrix, on this thread. The bits
// are those of kb_reduce for rows that it does not cut into segments: shorter than KB_ROWS_LONGEST.
void kb_reduce_rows(kb_reduction op, kb_dtype dtype, size_t rows, size_t columns, const void *x,
                    void *result);
// Whether such a reduction reads runs that are worth a call each.
bool kb_reduces_runs(size_t rank, const intptr_t *dims, const bool *reduced);

// The logsumexp case of kb_reduce.
void kb_reduce_logsumexp(kb_dtype in, kb_dtype out, size_t rank, const intptr_t *dims,
                         const bool *reduced, const void *x, const intptr_t *strides, void *result);

#endif
