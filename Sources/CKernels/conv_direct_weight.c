// The weight gradient of convolutions of many channels: pixels of a block are turned to channels innermost
// in cache, those of x apart by their residues modulo the stride. For each tap dw is then a product of
// dy with pixels that lie one after the other, whatever the stride: no patches are copied.
//
// A line of staged pixels is as wide as the input with the padding of one side, so that behind its end
// lies the padding of the next. dy has zeros there: an infinite x may so make NaN of a tap that does
// not read it, as Winograd's transforms do.
#include <string.h>

#include "conv_direct.h"
#include "conv_lanes.h"
#include "conv_slices.h"
#include "kb_alloc.h"
#include "kb_conv.h"
#include "kb_threads.h"

#pragma STDC FP_CONTRACT OFF

enum {
  LANES = KB_LANES,
  PART = 2 * LANES,   // input channels of a task
  SUMS = 96 << 10,    // floats of a task's sums, which stay in the second cache level
  STAGED = 32 << 10,  // floats of a block of dy
  SKEW = 16,          // floats between taps, whose sums would all begin in one cache set
  WANTED_TASKS = 8,
  LEAST_CHANNELS = 16,
  LEAST_PIXELS = 12,  // of an output plane
  MOST_TAPS = KB_DIRECT_TAPS,
};

bool kb_direct_serves_weight(kb_dtype dtype, const kb_conv_gather *gather, intptr_t channels) {
  const intptr_t taps = kb_conv_count(gather->kernel);
  return dtype == KB_FLOAT32 && channels >= LEAST_CHANNELS && gather->padding[1] >= 0 &&
         gather->padding[2] >= 0 && taps > 1 && taps <= MOST_TAPS &&
         gather->output[1] * gather->output[2] >= LEAST_PIXELS;
}

typedef struct weight_job {
  const kb_conv_weight_job *conv;
  const kb_lane_kernels *lanes;
  const kb_gemm_kernels *gemm;
  intptr_t taps, width, lines;             // of staged pixels: in a line, lines of a residue
  intptr_t row_parts, part_rows;           // output channels of a task
  intptr_t channel_parts, parts;           // parts: of the slices of all images
  intptr_t band_rows, bands;               // rows of dy that are staged together
  intptr_t sum_floats, tap_floats;         // of [taps, part_rows, PART], of one tap with what lies behind
  float *sums;                             // parts > 1: [parts, owners][sum_floats]
} weight_job;

// Which channels a task sums for.
typedef struct weight_part {
  intptr_t group, channel, channels, row, rows;
} weight_part;

typedef struct weight_scratch {
  float *x, *dy;
  int32_t *positions;
} weight_scratch;

static size_t staged_x(const weight_job *job) {
  const intptr_t *stride = job->conv->gather.stride;
  // The last tap of the last line reads beyond it.
  const intptr_t *kernel = job->conv->gather.kernel;
  return (size_t)((stride[1] * stride[2] * job->lines + kernel[1] * kernel[2]) * job->width * PART);
}

static size_t staged_dy(const weight_job *job) {
  return (size_t)(job->band_rows * job->width * job->part_rows);
}

// The pixel of a residue's first line at which a tap of the first output reads, and which residue.
static intptr_t staged_place(const weight_job *job, intptr_t tap) {
  const kb_conv_gather *gather = &job->conv->gather;
  const intptr_t y = tap / gather->kernel[2] % gather->kernel[1] * gather->dilation[1];
  const intptr_t x = tap % gather->kernel[2] * gather->dilation[2];
  const intptr_t residue = y % gather->stride[1] * gather->stride[2] + x % gather->stride[2];
  return (residue * job->lines + y / gather->stride[1]) * job->width + x / gather->stride[2];
}

static void gather_channels(const weight_job *job, const float *planes, intptr_t stride,
                            intptr_t channels, intptr_t count, const int32_t *positions,
                            float *to) {
  for (intptr_t c = 0; c < channels; c += LANES)
    job->lanes->gather(planes + c * stride, stride, smaller(LANES, channels - c), count, positions,
                       to + c);
}

// What output rows first ..< last read of a plane of an image.
static void stage_x(const weight_job *job, const weight_part *part, intptr_t image, intptr_t plane,
                    intptr_t first, intptr_t last, const weight_scratch *to) {
  const kb_conv_weight_job *conv = job->conv;
  const kb_conv_gather *gather = &conv->gather;
  const intptr_t *stride = gather->stride, height = gather->input[1], width = gather->input[2];
  memset(to->x, 0, staged_x(job) * sizeof(float));
  const intptr_t top = first * stride[1] - gather->padding[1];
  const intptr_t reach = (gather->kernel[1] - 1) * gather->dilation[1] + 1;
  const intptr_t begin = larger(top, 0);
  const intptr_t end = smaller(top + (last - 1 - first) * stride[1] + reach, height);
  if (end <= begin) return;
  int32_t *position = to->positions;
  for (intptr_t y = begin - top; y < end - top; y++) {
    for (intptr_t i = 0; i < width; i++) {
      const intptr_t x = i + gather->padding[2];
      const intptr_t residue = y % stride[1] * stride[2] + x % stride[2];
      *position++ = (int32_t)(((residue * job->lines + y / stride[1]) * job->width + x / stride[2]) * PART);
    }
  }
  const intptr_t volume = gather->input[0] * height * width;
  const intptr_t index = (image * conv->groups + part->group) * conv->channels + part->channel;
  const float *from = (const float *)conv->x + index * volume;
  gather_channels(job, from + (plane * height + begin) * width, volume, part->channels,
                  (end - begin) * width, to->positions, to->x);
}

static void stage_dy(const weight_job *job, const weight_part *part, intptr_t image, intptr_t slice,
                     intptr_t first, intptr_t last, const weight_scratch *to) {
  const kb_conv_weight_job *conv = job->conv;
  const intptr_t *output = conv->gather.output, volume = kb_conv_count(output);
  int32_t *position = to->positions;
  for (intptr_t y = 0; y < last - first; y++)
    for (intptr_t x = 0; x < output[2]; x++)
      *position++ = (int32_t)((y * job->width + x) * job->part_rows);
  const intptr_t index = (image * conv->groups + part->group) * conv->rows + part->row;
  gather_channels(job, (const float *)conv->dy + index * volume + (slice * output[1] + first) * output[2],
                  volume, part->rows, (last - first) * output[2], to->positions, to->dy);
}

// Adds the products of the staged outputs of some rows with what they read of a plane through the taps of
// one tap of the depth.
static void sum_taps(const weight_job *job, const weight_part *part, conv_range band, intptr_t tap,
                     const weight_scratch *scratch, float *sums) {
  const kb_conv_gather *gather = &job->conv->gather;
  const intptr_t columns = divided_up(part->channels, LANES) * LANES;
  const intptr_t area = gather->kernel[1] * gather->kernel[2];
  for (intptr_t t = 0; t < area; t++) {
    const conv_range rows = outputs_inside(gather, 1, t / gather->kernel[2], band.first, band.last);
    if (rows.last == rows.first) continue;
    const intptr_t pixels = (rows.last - rows.first - 1) * job->width + gather->output[2];
    const intptr_t from = (rows.first - band.first) * job->width;
    kb_multiply_panel(job->gemm, part->rows, columns, pixels, scratch->dy + from * job->part_rows, 1,
                      job->part_rows, scratch->x + (staged_place(job, t) + from) * PART, PART,
                      sums + (tap * area + t) * job->tap_floats, PART, true);
  }
}

// The sums over slices first ..< last of all images: [tap, output channel, PART].
static void sum_slices(const weight_job *job, const weight_part *part, intptr_t first,
                       intptr_t last, const weight_scratch *scratch, float *sums) {
  const kb_conv_gather *gather = &job->conv->gather;
  const intptr_t *output = gather->output;
  memset(sums, 0, (size_t)(job->taps * job->tap_floats) * sizeof(float));
  for (intptr_t item = first; item < last; item++) {
    const intptr_t image = item / output[0], slice = item % output[0];
    for (intptr_t row = 0; row < output[1]; row += job->band_rows) {
      const conv_range band = {row, smaller(row + job->band_rows, output[1])};
      stage_dy(job, part, image, slice, band.first, band.last, scratch);
      for (intptr_t tap = 0; tap < gather->kernel[0]; tap++) {
        const intptr_t plane = slice * gather->stride[0] + tap_place(gather, 0, tap);
        if (plane < 0 || plane >= gather->input[0]) continue;
        stage_x(job, part, image, plane, band.first, band.last, scratch);
        sum_taps(job, part, band, tap, scratch, sums);
      }
    }
  }
}

// dw[output channel, channel, tap] of a part.
static void write_part(const weight_job *job, const weight_part *part, const float *sums) {
  const kb_conv_weight_job *conv = job->conv;
  const intptr_t taps = job->taps, tap_stride = job->tap_floats;
  float turned[MOST_TAPS * LANES], joined[LANES * MOST_TAPS + LANES];
  for (intptr_t r = 0; r < part->rows; r++) {
    const intptr_t row = (part->group * conv->rows + part->row + r) * conv->channels + part->channel;
    for (intptr_t c = 0; c < part->channels; c += LANES) {
      for (intptr_t t = 0; t < taps; t += LANES)
        job->lanes->transpose(sums + t * tap_stride + r * PART + c, tap_stride, turned + t * LANES);
      // Whole vectors of taps, of which the next ones overwrite what is too much.
      for (intptr_t i = 0; i < LANES; i++)
        for (intptr_t t = 0; t < taps; t += LANES)
          memcpy(joined + i * taps + t, turned + (t + i) * LANES, LANES * sizeof(float));
      memcpy((float *)conv->dw + (row + c) * taps, joined,
             (size_t)(smaller(LANES, part->channels - c) * taps) * sizeof(float));
    }
  }
}

static intptr_t owners_of(const weight_job *job) {
  return job->conv->groups * job->channel_parts * job->row_parts;
}

static weight_part part_of(const weight_job *job, intptr_t owner) {
  const kb_conv_weight_job *conv = job->conv;
  weight_part part = {.group = owner / (job->channel_parts * job->row_parts),
                      .channel = owner / job->row_parts % job->channel_parts * PART,
                      .row = owner % job->row_parts * job->part_rows};
  part.channels = smaller(PART, conv->channels - part.channel);
  part.rows = smaller(job->part_rows, conv->rows - part.row);
  return part;
}

static void run_parts(void *context, size_t begin, size_t end) {
  const weight_job *job = context;
  const intptr_t slices = job->conv->batch * job->conv->gather.output[0], owners = owners_of(job);
  const intptr_t *input = job->conv->gather.input;
  const size_t x = staged_x(job), dy = staged_dy(job);
  const size_t positions = (size_t)larger(input[1] * input[2], job->band_rows * job->width);
  const size_t own = job->sums ? 0 : (size_t)job->sum_floats;
  const size_t bytes = (x + dy + own) * sizeof(float) + positions * sizeof(int32_t);
  float *memory = kb_scratch(bytes), *sums = memory + x + dy;
  const weight_scratch scratch = {memory, memory + x, (int32_t *)(sums + own)};
  memset(scratch.dy, 0, dy * sizeof(float));
  for (intptr_t task = (intptr_t)begin; task < (intptr_t)end; task++) {
    const weight_part part = part_of(job, task % owners);
    const intptr_t index = task / owners;
    if (job->sums) sums = job->sums + task * job->sum_floats;
    sum_slices(job, &part, index * slices / job->parts, (index + 1) * slices / job->parts, &scratch,
               sums);
    if (!job->sums) write_part(job, &part, sums);
  }
  kb_scratch_free(memory, bytes);
}

static void join_parts(void *context, size_t begin, size_t end) {
  const weight_job *job = context;
  const intptr_t owners = owners_of(job);
  for (intptr_t owner = (intptr_t)begin; owner < (intptr_t)end; owner++) {
    const weight_part own = part_of(job, owner);
    float *sums = job->sums + owner * job->sum_floats;
    for (intptr_t part = 1; part < job->parts; part++)
      kb_conv_add(KB_FLOAT32, (size_t)(job->taps * job->tap_floats),
                  sums + part * owners * job->sum_floats, sums);
    write_part(job, &own, sums);
  }
}

void kb_direct_run_weight(const kb_conv_weight_job *conv) {
  const kb_conv_gather *gather = &conv->gather;
  const intptr_t *stride = gather->stride, *output = gather->output;
  weight_job job = {.conv = conv, .lanes = kb_lanes_active(), .gemm = kb_gemm_active(KB_GEMM_F32)};
  job.taps = kb_conv_count(gather->kernel);
  // What is read beyond the padded input must lie in the padding on the left of the next line.
  const intptr_t inside = gather->padding[2] + gather->input[2];
  const intptr_t reach = (output[2] - 1) * stride[2] + (gather->kernel[2] - 1) * gather->dilation[2];
  job.width = larger(divided_up(inside, stride[2]), (reach - gather->padding[2]) / stride[2] + 1);
  job.width = larger(job.width, output[2]);
  job.channel_parts = divided_up(conv->channels, PART);
  const intptr_t most_rows = larger(SUMS / (job.taps * PART) / LANES * LANES, LANES);
  job.row_parts = divided_up(conv->rows, most_rows);
  job.part_rows = divided_up(divided_up(conv->rows, job.row_parts), LANES) * LANES;
  job.row_parts = divided_up(conv->rows, job.part_rows);
  job.band_rows = smaller(larger(STAGED / (job.width * job.part_rows), 1), output[1]);
  job.bands = divided_up(output[1], job.band_rows);
  job.band_rows = divided_up(output[1], job.bands);
  job.lines = job.band_rows + (gather->kernel[1] - 1) * gather->dilation[1] / stride[1];
  job.tap_floats = job.part_rows * PART + SKEW;
  job.sum_floats = divided_up(job.taps, LANES) * LANES * job.tap_floats;
  const intptr_t owners = owners_of(&job);
  job.parts = smaller(divided_up(WANTED_TASKS, owners), conv->batch * output[0]);
  const size_t bytes =
      job.parts > 1 ? (size_t)(job.parts * owners * job.sum_floats) * sizeof(float) : 0;
  if (job.parts > 1) job.sums = kb_scratch(bytes);
  kb_parallel_for((size_t)(owners * job.parts), 1, run_parts, &job);
  if (job.parts == 1) return;
  kb_parallel_for((size_t)owners, 1, join_parts, &job);
  kb_scratch_free(job.sums, bytes);
}
