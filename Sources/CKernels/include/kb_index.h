// Reading and writing by index tensors (int64). Sources and index tensors have any strides (NULL:
// contiguous; 0 repeats), results are contiguous. Kernels that only move data take an element size
// in bytes (1, 2, 4, 8 or 16); those that compute take a dtype. An index outside of its dimension
// gives KB_INDEX_OUT_OF_RANGE and its value in `bad` (may be NULL); the destination is then half
// written at worst. When several elements meet at one place they are taken in row-major order, by
// one thread.
#ifndef KB_INDEX_H
#define KB_INDEX_H

#include "kb_types.h"

typedef enum kb_scatter_reduction {
  KB_SCATTER_ASSIGN, // the last one stays
  KB_SCATTER_ADD,    // bool: or
  KB_SCATTER_PROD,   // bool: and
  KB_SCATTER_MEAN,   // integers divide rounding down
  KB_SCATTER_MAX,    // real; NaN wins
  KB_SCATTER_MIN,
} kb_scatter_reduction;

// out[i, j, k] = x[i, index[i, j, k], k] (dim = 1). `dims` is the shape of index and out, `length`
// that of x along dim; the other dimensions of x are at least as long (as long when `x_strides` is
// NULL). Rank 0 is one element of length 1.
kb_status kb_gather_along(size_t size, size_t rank, const intptr_t *dims, size_t dim, size_t length,
                          const void *x, const intptr_t *x_strides, const int64_t *index,
                          const intptr_t *index_strides, void *out, int64_t *bad);

// y = x, and y[i, index[i, j, k], k] op= source[i, j, k] for all of `index_dims`. `y` of shape `dims` is
// contiguous and nowhere in x; where `x` is NULL it holds the initial values. Without `include_self` those that are met by an index do
// not take part (no meaning for assign). A scalar source has strides of 0.
kb_status kb_scatter(kb_scatter_reduction op, bool include_self, kb_dtype dtype, size_t rank,
                     const intptr_t *dims, size_t dim, const void *x, const intptr_t *x_strides,
                     void *y, const intptr_t *index_dims, const int64_t *index,
                     const intptr_t *index_strides, const void *source,
                     const intptr_t *source_strides, int64_t *bad);

// out[i, j, k] = x[i, index[j], k] (dim = 1); `dims` is the shape of x, out has `count` in place of
// dims[dim]. Embedding lookup is dim 0 of a matrix.
kb_status kb_index_select(size_t size, size_t rank, const intptr_t *dims, size_t dim, const void *x,
                          const intptr_t *x_strides, const int64_t *index, size_t count,
                          intptr_t index_stride, void *out, int64_t *bad);

// y = x, and y[i, index[j], k] op= source[i, j, k]; `dims` is the shape of the contiguous y, source has
// `count` in place of dims[dim]. index_copy (assign), index_add, index_reduce, index_fill (strides
// of 0).
kb_status kb_index_update(kb_scatter_reduction op, bool include_self, kb_dtype dtype, size_t rank,
                          const intptr_t *dims, size_t dim, const void *x,
                          const intptr_t *x_strides, void *y, const int64_t *index, size_t count,
                          intptr_t index_stride, const void *source,
                          const intptr_t *source_strides, int64_t *bad);

// out[i, c, p] = table[c, x[index[i], c, p]], table being [channels, 256]; all contiguous, and the indices
// within x.
void kb_look_up_bytes(size_t count, const int64_t *index, size_t channels, size_t plane,
                      const uint8_t *x, const float *table, float *out);

// Index tensors broadcast to one shape, standing in some of the dimensions of an array.
typedef struct kb_index_list {
  size_t rank;                     // of the broadcast shape
  const intptr_t *dims;
  const int64_t *const *indices;   // one per dimension of the array; NULL where it is taken whole
  const intptr_t *const *strides;  // of each index tensor in the broadcast shape; NULL: contiguous
  size_t position;                 // how many whole dimensions come before the broadcast shape
} kb_index_list;

// Advanced indexing: out has the first `position` whole dimensions, the broadcast shape, the other
// whole dimensions. Indices from -n to n - 1. `dims` is the shape of x.
kb_status kb_index(size_t size, size_t rank, const intptr_t *dims, const void *x,
                   const intptr_t *x_strides, const kb_index_list *list, void *out, int64_t *bad);

// y[list] = values, or += when `accumulate`, one after the other and rounded each time; `dims` is the shape of the contiguous y. `values` has
// the shape that kb_index gives, with any strides (as many as that shape has dimensions; NULL:
// contiguous).
kb_status kb_index_put(bool accumulate, kb_dtype dtype, size_t rank, const intptr_t *dims, void *y,
                       const kb_index_list *list, const void *values, const intptr_t *value_strides,
                       int64_t *bad);

// The elements where mask is true, in row-major order: the first `limit` of them. Returns how many there
// are.
size_t kb_masked_select(size_t size, size_t rank, const intptr_t *dims, const void *x,
                        const intptr_t *x_strides, const bool *mask, const intptr_t *mask_strides,
                        size_t limit, void *out);

// out = x with the places where mask is true filled from the contiguous `source`, one after the
// other; where x is NULL out holds the initial values. KB_INDEX_OUT_OF_RANGE when the source has fewer
// than `mask` asks for.
kb_status kb_masked_scatter(size_t size, size_t rank, const intptr_t *dims, const void *x,
                            const intptr_t *x_strides, const bool *mask,
                            const intptr_t *mask_strides, const void *source, size_t source_count,
                            void *out);

// A copy with zeros below (`upper`) or above the given diagonal of the last two dimensions: keeps
// column − row ≥ diagonal (upper) or ≤ diagonal (lower). Rank at least 2.
void kb_triangle(bool upper, intptr_t diagonal, size_t size, size_t rank, const intptr_t *dims,
                 const void *x, const intptr_t *strides, void *out);

#endif
