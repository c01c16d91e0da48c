// Staging of channels.
#include "conv_stage.h"

#include <stdbool.h>
#include <string.h>

static inline intptr_t clamp(intptr_t x, intptr_t high) { return x < 0 ? 0 : x > high ? high : x; }

// Elements low ..< high of a residue's run lie inside of the row.
#define STAGE_RESIDUES(type)                                                                       \
  do {                                                                                             \
    for (intptr_t residue = 0; residue < residues; residue++) {                                    \
      const intptr_t offset = start + residue;                                                     \
      const intptr_t low = offset < 0 ? clamp((-offset + stride - 1) / stride, box->run) : 0;      \
      const intptr_t inside = offset < width ? (width - offset + stride - 1) / stride : 0;         \
      const intptr_t high = inside > low ? clamp(inside, box->run) : low;                          \
      const type *from = (const type *)row + offset;                                               \
      type *to = (type *)target + residue * box->run;                                              \
      for (intptr_t j = 0; j < low; j++) to[j] = (type){0};                                        \
      if (stride == 2)                                                                             \
        for (intptr_t j = low; j < high; j++) to[j] = from[2 * j];                                 \
      else                                                                                         \
        for (intptr_t j = low; j < high; j++) to[j] = from[stride * j];                            \
      for (intptr_t j = high; j < box->run; j++) to[j] = (type){0};                                \
    }                                                                                              \
  } while (0)

typedef struct conv_wide {
  uint64_t low, high;
} conv_wide;

// memcpy of a row of pixels, which is short: no call.
static inline void copy_bytes(char *to, const char *from, size_t count) {
  if (count >= 64) {
    for (size_t i = 0; i + 64 < count; i += 64) memcpy(to + i, from + i, 64);
    memcpy(to + count - 64, from + count - 64, 64);
  } else if (count >= 16) {
    for (size_t i = 0; i + 16 < count; i += 16) memcpy(to + i, from + i, 16);
    memcpy(to + count - 16, from + count - 16, 16);
  } else {
    for (size_t i = 0; i < count; i++) to[i] = from[i];
  }
}

// Zeros, which may overrun by KB_CONV_SLACK: rows are written in order.
static inline void zero_bytes(char *to, size_t count) {
  if (count == 0) return;
  if (count <= 16)
    memset(to, 0, 16);
  else
    memset(to, 0, count);
}

typedef uint32_t four __attribute__((vector_size(16), aligned(4), may_alias));

// to[i] = from[2 · i], other[i] = from[2 · i + 1].
static inline void split_pairs(const uint32_t *from, intptr_t count, uint32_t *to,
                               uint32_t *other) {
  intptr_t i = 0;
  for (; i + 4 <= count; i += 4) {
    const four a = *(const four *)(from + 2 * i), b = *(const four *)(from + 2 * i + 4);
    *(four *)(to + i) = __builtin_shufflevector(a, b, 0, 2, 4, 6);
    *(four *)(other + i) = __builtin_shufflevector(a, b, 1, 3, 5, 7);
  }
  for (; i < count; i++) to[i] = from[2 * i], other[i] = from[2 * i + 1];
}

// The usual stride of 2, with elements of four bytes: both residues in one pass.
static void stage_pairs(const kb_conv_box *box, intptr_t width, const uint32_t *row,
                        uint32_t *target) {
  const intptr_t start = box->start[2], run = box->run;
  // Pairs first ..< last lie inside of the row.
  const intptr_t first = start < 0 ? clamp((1 - start) / 2, run) : 0;
  intptr_t last = width - start > 0 ? clamp((width - start) / 2, run) : 0;
  if (last < first) last = first;
  for (intptr_t j = 0; j < 2 * first; j++) {
    const intptr_t x = start + j;
    target[j % 2 * run + j / 2] = x >= 0 && x < width ? row[x] : 0;
  }
  split_pairs(row + start + 2 * first, last - first, target + first, target + run + first);
  for (intptr_t j = 2 * last; j < 2 * run; j++) {
    const intptr_t x = start + j;
    target[j % 2 * run + j / 2] = x >= 0 && x < width ? row[x] : 0;
  }
}

// One padded row, split by residue; `row` NULL is all padding.
static void stage_row(const kb_conv_gather *gather, const kb_conv_box *box, const char *row,
                      char *target) {
  const intptr_t stride = gather->stride[2], start = box->start[2], width = gather->input[2];
  const intptr_t residues = gather->kernel[2] == 1 ? 1 : stride;
  const size_t size = gather->size;
  if (!row) {
    memset(target, 0, (size_t)(box->run * residues) * size);
    return;
  }
  if (stride == 1) {
    intptr_t left = start < 0 ? -start : 0;
    if (left > box->run) left = box->run;
    intptr_t stop = width - start < box->run ? width - start : box->run;
    if (stop < left) stop = left;
    zero_bytes(target, (size_t)left * size);
    if (stop > left)
      copy_bytes(target + (size_t)left * size, row + (start + left) * (intptr_t)size,
                 (size_t)(stop - left) * size);
    zero_bytes(target + (size_t)stop * size, (size_t)(box->run - stop) * size);
    return;
  }
  if (stride == 2 && residues == 2 && size == 4) {
    stage_pairs(box, width, (const uint32_t *)row, (uint32_t *)target);
    return;
  }
  switch (size) {
  case 1: STAGE_RESIDUES(uint8_t); break;
  case 2: STAGE_RESIDUES(uint16_t); break;
  case 4: STAGE_RESIDUES(uint32_t); break;
  case 8: STAGE_RESIDUES(uint64_t); break;
  default: STAGE_RESIDUES(conv_wide); break;
  }
}

size_t kb_conv_box_runs(const kb_conv_gather *gather, kb_conv_box *box) {
  const intptr_t stride = gather->stride[2];
  box->run = (box->extent[2] + stride - 1) / stride;
  return (size_t)(box->run * (gather->kernel[2] == 1 ? 1 : stride)) * gather->size;
}

void kb_conv_stage_channel(const kb_conv_gather *gather, const kb_conv_box *box,
                           const char *channel, char *staged, size_t row_bytes) {
  const intptr_t height = gather->input[1], width = gather->input[2];
  for (intptr_t z = 0; z < box->extent[0]; z++) {
    if (gather->kernel[0] == 1 && z % gather->stride[0]) continue;
    intptr_t from_z = box->start[0] + z;
    for (intptr_t y = 0; y < box->extent[1]; y++) {
      if (gather->kernel[1] == 1 && y % gather->stride[1]) continue;
      intptr_t from_y = box->start[1] + y;
      bool inside = from_z >= 0 && from_z < gather->input[0] && from_y >= 0 && from_y < height;
      const char *row =
          inside ? channel + (from_z * height + from_y) * width * (intptr_t)gather->size : NULL;
      stage_row(gather, box, row, staged + (size_t)(z * box->extent[1] + y) * row_bytes);
    }
  }
}

