#include "copy.h"

#include <string.h>

#include "elementwise_nest.h"
#include "elementwise.h"
#include "include/kb_threads.h"
#include "short_rows.h"

typedef struct {
  uint64_t low, high;
} word128;

#define FOR_SIZE(size, CASE)                                                                       \
  switch (size) {                                                                                  \
    CASE(1, uint8_t)                                                                               \
    CASE(2, uint16_t)                                                                              \
    CASE(4, uint32_t)                                                                              \
    CASE(8, uint64_t)                                                                              \
    CASE(16, word128)                                                                              \
  }

void kb_copy_row(size_t size, size_t count, const char *src, intptr_t src_stride, char *dst,
                 intptr_t dst_stride) {
  if (src_stride == (intptr_t)size && dst_stride == (intptr_t)size) {
    memcpy(dst, src, count * size);
    return;
  }
#define CASE(bytes, T)                                                                             \
  case bytes:                                                                                      \
    if (src_stride == 0 && dst_stride == bytes) {                                                  \
      const T x = *(const T *)src;                                                                 \
      for (size_t i = 0; i < count; i++) ((T *)dst)[i] = x;                                        \
    } else if (src_stride == -bytes && dst_stride == bytes) {                                      \
      /* Written backwards: the processor fetches ahead what is read forwards. */                  \
      const T *const first = (const T *)src - (count - 1);                                         \
      T *const end = (T *)dst + count;                                                             \
      for (size_t i = 0; i < count; i++) end[-1 - (intptr_t)i] = first[i];                         \
    } else if (dst_stride == bytes) {                                                              \
      for (size_t i = 0; i < count; i++)                                                           \
        ((T *)dst)[i] = *(const T *)(src + (intptr_t)i * src_stride);                              \
    } else {                                                                                       \
      for (size_t i = 0; i < count; i++)                                                           \
        *(T *)(dst + (intptr_t)i * dst_stride) = *(const T *)(src + (intptr_t)i * src_stride);     \
    }                                                                                              \
    break;
  FOR_SIZE(size, CASE)
#undef CASE
}

// 4 x 4 floats a step: 4 loads, 8 shuffles and 4 stores where single elements take 16 of each.
static void transpose_words(size_t rows, size_t columns, const char *src, intptr_t column_stride,
                            char *dst, intptr_t row_stride) {
  typedef uint32_t quad __attribute__((vector_size(16), aligned(4), may_alias));
  size_t c = 0;
  for (; c + 4 <= columns; c += 4) {
    const char *s = src + (intptr_t)c * column_stride;
    char *d = dst + c * 4;
    size_t r = 0;
    for (; r + 4 <= rows; r += 4, s += 16) {
      const quad x0 = *(const quad *)s, x1 = *(const quad *)(s + column_stride);
      const quad x2 = *(const quad *)(s + 2 * column_stride);
      const quad x3 = *(const quad *)(s + 3 * column_stride);
      const quad a = __builtin_shufflevector(x0, x1, 0, 4, 1, 5);
      const quad b = __builtin_shufflevector(x0, x1, 2, 6, 3, 7);
      const quad e = __builtin_shufflevector(x2, x3, 0, 4, 1, 5);
      const quad f = __builtin_shufflevector(x2, x3, 2, 6, 3, 7);
      *(quad *)(d + (intptr_t)r * row_stride) = __builtin_shufflevector(a, e, 0, 1, 4, 5);
      *(quad *)(d + (intptr_t)(r + 1) * row_stride) = __builtin_shufflevector(a, e, 2, 3, 6, 7);
      *(quad *)(d + (intptr_t)(r + 2) * row_stride) = __builtin_shufflevector(b, f, 0, 1, 4, 5);
      *(quad *)(d + (intptr_t)(r + 3) * row_stride) = __builtin_shufflevector(b, f, 2, 3, 6, 7);
    }
    for (; r < rows; r++, s += 4)
      for (size_t k = 0; k < 4; k++)
        *(uint32_t *)(d + (intptr_t)r * row_stride + k * 4) =
            *(const uint32_t *)(s + (intptr_t)k * column_stride);
  }
  for (; c < columns; c++)
    for (size_t r = 0; r < rows; r++)
      *(uint32_t *)(dst + c * 4 + (intptr_t)r * row_stride) =
          *(const uint32_t *)(src + (intptr_t)c * column_stride + r * 4);
}

void kb_copy_plane(size_t size, size_t rows, size_t columns, const char *src, intptr_t row_stride,
                   intptr_t column_stride, char *dst, intptr_t dst_row_stride) {
  if (rows > 1 && row_stride == (intptr_t)size && size == 4) {
    transpose_words(rows, columns, src, column_stride, dst, dst_row_stride);
    return;
  }
  // Along the source's lines when rows are what it has contiguous.
  if (rows > 1 && row_stride == (intptr_t)size) {
    for (size_t c = 0; c < columns; c++)
      kb_copy_row(size, rows, src + (intptr_t)c * column_stride, row_stride, dst + c * size,
                  dst_row_stride);
    return;
  }
  for (size_t r = 0; r < rows; r++)
    kb_copy_row(size, columns, src + (intptr_t)r * row_stride, column_stride,
                dst + (intptr_t)r * dst_row_stride, (intptr_t)size);
}

// Each of count elements `times` times.
static void repeat_each(size_t size, size_t count, size_t times, const char *src,
                        intptr_t src_stride, char *dst) {
#define CASE(bytes, T)                                                                             \
  case bytes:                                                                                      \
    for (size_t i = 0; i < count; i++) {                                                           \
      const T x = *(const T *)(src + (intptr_t)i * src_stride);                                    \
      for (size_t k = 0; k < times; k++, dst += bytes) *(T *)dst = x;                              \
    }                                                                                              \
    break;
  FOR_SIZE(size, CASE)
#undef CASE
}

void kb_gather(size_t size, size_t rank, const size_t *dims, const intptr_t *strides,
               const char *src, size_t start, size_t count, char *dst) {
  size_t index[KB_NEST_RANK], rest = start;
  for (size_t d = 0; d < rank; d++) {
    index[d] = rest % dims[d];
    rest /= dims[d];
    src += (intptr_t)index[d] * strides[d];
  }
  while (count) {
    if (strides[0] == 0 && rank > 1 && index[0] == 0 && count >= dims[0]) {
      const size_t left = dims[1] - index[1], most = count / dims[0], m = left < most ? left : most;
      repeat_each(size, m, dims[0], src, strides[1], dst);
      dst += m * dims[0] * size;
      count -= m * dims[0];
      src += (intptr_t)(m - 1) * strides[1];
      index[1] += m - 1;
    } else {
      const size_t n = dims[0] - index[0] < count ? dims[0] - index[0] : count;
      kb_copy_row(size, n, src, strides[0], dst, (intptr_t)size);
      dst += n * size;
      count -= n;
      src -= (intptr_t)index[0] * strides[0];
      index[0] = 0;
    }
    for (size_t d = 1; d < rank; d++) {
      src += strides[d];
      if (++index[d] < dims[d]) break;
      src -= (intptr_t)dims[d] * strides[d];
      index[d] = 0;
    }
  }
}

// --- kb_copy

static kb_status copy_body(const void *context, size_t n, const void *const *in, void *out,
                           char *scratch) {
  (void)scratch;
  const kb_nest *const nest = context;
  const size_t size = nest->out_size;
  kb_copy_row(size, n, in[0], nest->uniform ? 0 : (intptr_t)size, out, (intptr_t)size);
  return KB_OK;
}

typedef struct {
  size_t size, rank, chunk, chunks;
  size_t dims[KB_NEST_RANK]; // innermost first
  intptr_t src_strides[KB_NEST_RANK], dst_strides[KB_NEST_RANK];
  const char *src;
  char *dst;
} scatter;

// Rows of n elements along dimension 0, which lie along dimension 1.
static void copy_rows(const scatter *s, size_t rows, size_t n, const char *src, char *dst) {
  const intptr_t from = s->src_strides[0], to = s->dst_strides[0], size = (intptr_t)s->size;
  const intptr_t src_step = s->src_strides[1], dst_step = s->dst_strides[1];
  if (from == size && to == size) {
    const size_t bytes = n * s->size;
    for (size_t r = 0; r < rows; r++, src += src_step, dst += dst_step)
      kb_copy_bytes(dst, src, bytes);
    return;
  }
  for (size_t r = 0; r < rows; r++, src += src_step, dst += dst_step)
    kb_copy_row(s->size, n, src, from, dst, to);
}

static void run_scatter(void *context, size_t begin, size_t end) {
  const scatter *const s = context;
  for (size_t unit = begin, rows; unit < end; unit += rows) {
    size_t outer = unit / s->chunks;
    const size_t start = unit % s->chunks * s->chunk;
    const size_t n = s->dims[0] - start < s->chunk ? s->dims[0] - start : s->chunk;
    const char *src = s->src + (intptr_t)start * s->src_strides[0];
    char *dst = s->dst + (intptr_t)start * s->dst_strides[0];
    // Whole rows come as many at once as the next dimension has left.
    rows = 1;
    if (s->chunks == 1 && s->rank > 1) {
      const size_t left = s->dims[1] - outer % s->dims[1];
      rows = left < end - unit ? left : end - unit;
    }
    for (size_t d = 1; d < s->rank; d++) {
      src += (intptr_t)(outer % s->dims[d]) * s->src_strides[d];
      dst += (intptr_t)(outer % s->dims[d]) * s->dst_strides[d];
      outer /= s->dims[d];
    }
    copy_rows(s, rows, n, src, dst);
  }
}

// Drops dimensions of size 1, orders the others by the destination's strides, merges what can be.
// Returns the number of elements.
static size_t scatter_init(scatter *s, size_t size, size_t rank, const intptr_t *dims,
                           const void *src, const intptr_t *src_strides, void *dst,
                           const intptr_t *dst_strides) {
  s->size = size;
  s->src = src;
  s->dst = dst;
  s->rank = 0;
  size_t count = 1;
  for (size_t d = rank; d-- > 0;) {
    const size_t n = (size_t)dims[d];
    const intptr_t from = (src_strides ? src_strides[d] : (intptr_t)count) * (intptr_t)size;
    const intptr_t to = (dst_strides ? dst_strides[d] : (intptr_t)count) * (intptr_t)size;
    count *= n;
    if (count == 0) return 0;
    if (n == 1) continue;
    const intptr_t key = to < 0 ? -to : to;
    size_t at = s->rank++;
    for (; at > 0; at--) {
      const intptr_t other = s->dst_strides[at - 1];
      if ((other < 0 ? -other : other) <= key) break;
      s->dims[at] = s->dims[at - 1];
      s->src_strides[at] = s->src_strides[at - 1];
      s->dst_strides[at] = s->dst_strides[at - 1];
    }
    s->dims[at] = n;
    s->src_strides[at] = from;
    s->dst_strides[at] = to;
  }
  size_t kept = 0;
  for (size_t d = 0; d < s->rank; d++) {
    const intptr_t n = kept ? (intptr_t)s->dims[kept - 1] : 0;
    if (kept && s->src_strides[d] == s->src_strides[kept - 1] * n
        && s->dst_strides[d] == s->dst_strides[kept - 1] * n) {
      s->dims[kept - 1] *= s->dims[d];
      continue;
    }
    s->dims[kept] = s->dims[d];
    s->src_strides[kept] = s->src_strides[d];
    s->dst_strides[kept] = s->dst_strides[d];
    kept++;
  }
  s->rank = kept;
  if (kept == 0) {
    s->rank = 1;
    s->dims[0] = 1;
    s->src_strides[0] = s->dst_strides[0] = (intptr_t)size;
  }
  if (s->rank == 1) s->src_strides[1] = s->dst_strides[1] = 0; // a row has no next one
  return count;
}

static void scatter_run(scatter *s, size_t count) {
  size_t grain = 65536 / s->size;
  if (grain < count / 64) grain = count / 64;
  s->chunk = s->dims[0] < grain ? s->dims[0] : grain;
  s->chunks = (s->dims[0] + s->chunk - 1) / s->chunk;
  const size_t units = s->chunks * (count / s->dims[0]);
  kb_parallel_for(units, grain > s->chunk ? grain / s->chunk : 1, run_scatter, s);
}

void kb_copy(size_t size, size_t rank, const intptr_t *dims, const void *src,
             const intptr_t *src_strides, void *dst, const intptr_t *dst_strides) {
  scatter s;
  const size_t count = scatter_init(&s, size, rank, dims, src, src_strides, dst, dst_strides);
  if (count == 0) return;
  // In the destination's order it may be contiguous: then the loop nest of the elementwise kernels
  // serves, with its tiles for transposed sources.
  intptr_t expected = (intptr_t)size;
  bool contiguous = true;
  for (size_t d = 0; d < s.rank; d++) {
    contiguous &= s.dst_strides[d] == expected;
    expected *= (intptr_t)s.dims[d];
  }
  // Rows that are read backwards need no tiles either.
  if (!contiguous || (s.src_strides[0] == -(intptr_t)size && s.dims[0] >= 16)) {
    scatter_run(&s, count);
    return;
  }
  if (s.rank == 1 && s.src_strides[0] == (intptr_t)size && count * size <= 65536) {
    memcpy(dst, src, count * size);
    return;
  }
  intptr_t ordered[KB_NEST_RANK], strides[KB_NEST_RANK];
  for (size_t d = 0; d < s.rank; d++) {
    ordered[s.rank - 1 - d] = (intptr_t)s.dims[d];
    strides[s.rank - 1 - d] = s.src_strides[d] / (intptr_t)size;
  }
  kb_nest nest;
  const intptr_t *const all[1] = {strides};
  kb_nest_init(&nest, s.rank, ordered, 1, &src, &size, all, dst, size);
  kb_nest_run(&nest, SIZE_MAX, 1, 0, copy_body, &nest);
}

void kb_fill(size_t size, size_t rank, const intptr_t *dims, const void *value, void *dst,
             const intptr_t *dst_strides) {
  // Where the destination has no gaps its shape does not matter, and may have any number of dimensions.
  size_t total = 1;
  for (size_t d = 0; d < rank; d++) total *= (size_t)dims[d];
  const intptr_t length = (intptr_t)total;
  if (!dst_strides) rank = 1, dims = &length;
  static const intptr_t zeros[64] = {0};
  scatter s;
  const size_t count = scatter_init(&s, size, rank, dims, value, zeros, dst, dst_strides);
  if (count) scatter_run(&s, count);
}
