// Parts of the output planes whose inputs are staged in the first cache levels.
#ifndef KB_CONV_PART_H
#define KB_CONV_PART_H

#include "conv_sizes.h"
#include "conv_stage.h"

// Outputs of a part, at most; of many channels fewer, so that what they read is some 65536 elements.
enum { KB_CONV_PART = 4096, KB_CONV_PART_COLUMNS = 1024, KB_CONV_STAGED = 65536 };

// How the outputs of a channel are cut into parts: some slices, or some rows and columns of one slice.
typedef struct plane_cut {
  const kb_conv_gather *gather;
  intptr_t slices, rows, columns, row_parts, column_parts, parts; // parts of a channel
  size_t staged_bytes;
} plane_cut;

// Outputs of one part.
typedef struct plane_part {
  intptr_t z, y, x, slices, rows, columns;
} plane_part;

static inline kb_conv_box part_box(const kb_conv_gather *gather, const plane_part *part) {
  const intptr_t low[3] = {part->z, part->y, part->x};
  const intptr_t count[3] = {part->slices, part->rows, part->columns};
  kb_conv_box box;
  for (int d = 0; d < 3; d++) {
    box.start[d] = low[d] * gather->stride[d] - gather->padding[d];
    box.extent[d] =
        (count[d] - 1) * gather->stride[d] + (gather->kernel[d] - 1) * gather->dilation[d] + 1;
  }
  return box;
}

// `channels` are staged together. Parts have up to `slices` slices and a multiple of `multiple` rows, but for
// the last one's.
static inline plane_cut cut_plane(const kb_conv_gather *gather, intptr_t channels, intptr_t slices,
                                  intptr_t multiple) {
  const intptr_t *output = gather->output;
  plane_cut cut = {.gather = gather, .columns = smaller(output[2], KB_CONV_PART_COLUMNS)};
  const intptr_t part = smaller(KB_CONV_PART, divided_up(KB_CONV_STAGED, channels));
  cut.rows = divided_up(part, cut.columns);
  cut.rows = smaller(output[1], divided_up(cut.rows, multiple) * multiple);
  cut.row_parts = divided_up(output[1], cut.rows);
  cut.column_parts = divided_up(output[2], cut.columns);
  const intptr_t whole = cut.row_parts * cut.column_parts == 1 ? part / (cut.rows * cut.columns) : 1;
  cut.slices = smaller(smaller(slices, larger(whole, 1)), output[0]);
  cut.parts = divided_up(output[0], cut.slices) * cut.row_parts * cut.column_parts;
  const plane_part largest = {0, 0, 0, cut.slices, cut.rows, cut.columns};
  kb_conv_box box = part_box(gather, &largest);
  const size_t row_bytes = kb_conv_box_runs(gather, &box);
  cut.staged_bytes = (size_t)(channels * box.extent[0] * box.extent[1]) * row_bytes + 2 * KB_CONV_SLACK;
  return cut;
}

static inline plane_part part_at(const plane_cut *cut, intptr_t index) {
  const intptr_t *output = cut->gather->output;
  plane_part part = {.x = index % cut->column_parts * cut->columns,
                     .y = index / cut->column_parts % cut->row_parts * cut->rows,
                     .z = index / (cut->column_parts * cut->row_parts) * cut->slices};
  part.slices = smaller(cut->slices, output[0] - part.z);
  part.rows = smaller(cut->rows, output[1] - part.y);
  part.columns = smaller(cut->columns, output[2] - part.x);
  return part;
}

// Stages what a part reads of some channels, and fills in where the taps of each channel are. Returns
// the bytes between rows of outputs; `slice_bytes` gets those between slices unless it is NULL.
static inline size_t stage_part(const kb_conv_gather *gather, const plane_part *part,
                                intptr_t channels, const float *x, char *staged, size_t *offsets,
                                size_t *slice_bytes) {
  kb_conv_box box = part_box(gather, part);
  const size_t row_bytes = kb_conv_box_runs(gather, &box);
  const size_t channel_bytes = (size_t)(box.extent[0] * box.extent[1]) * row_bytes;
  const intptr_t *kernel = gather->kernel, *dilation = gather->dilation, stride = gather->stride[2];
  const intptr_t taps = kb_conv_count(kernel), plane = kb_conv_count(gather->input);
  for (intptr_t c = 0; c < channels; c++, offsets += taps) {
    kb_conv_stage_channel(gather, &box, (const char *)(x + c * plane),
                          staged + (size_t)c * channel_bytes, row_bytes);
    for (intptr_t tap = 0; tap < taps; tap++) {
      const intptr_t shift = tap % kernel[2] * dilation[2];
      const intptr_t row = tap / (kernel[1] * kernel[2]) * dilation[0] * box.extent[1] +
                           tap / kernel[2] % kernel[1] * dilation[1];
      offsets[tap] = (size_t)c * channel_bytes + (size_t)row * row_bytes +
                     (size_t)(shift % stride * box.run + shift / stride) * sizeof(float);
    }
  }
  if (slice_bytes) *slice_bytes = (size_t)(gather->stride[0] * box.extent[1]) * row_bytes;
  return (size_t)gather->stride[1] * row_bytes;
}

#endif
