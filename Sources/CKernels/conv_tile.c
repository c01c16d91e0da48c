// Implicit matrix product: y[rows × pixels] = w[rows × channels · taps] · patches, tile by tile, so
// that the patches of a tile stay in the second-level cache. Tiles run over the pixels of all
// images alike: small maps share a tile and every tile but the last is a whole number of vector
// panels.
#include "conv_tile.h"

#include <string.h>

#include "conv_depthwise.h"
#include "conv_direct.h"
#include "conv_images.h"
#include "conv_lanewise.h"
#include "conv_shallow.h"
#include "conv_winograd.h"
#include "gemm.h"
#include "kb_alloc.h"
#include "kb_threads.h"

#pragma STDC FP_CONTRACT OFF

// Rows of patches gathered at a time: 640 rows of 128 floats are 330 KB.
enum { PATCH_ROWS = 640 };

// Of 1 × 1 convolutions: pixels of a task, how many an image needs to fill the vectors, and tiles of a panel
// that repay its packing.
enum { IN_PLACE_PIXELS = 128, LEAST_IN_PLACE = 64, LEAST_PACKED = 6 };

// Taps of all channels of a volume that repay turning its pixels to channels innermost.
enum { LEAST_DEEP = 160 };

typedef struct tile_job {
  const kb_conv_tiling *tiling;
  intptr_t pixels, tile, tiles, chunk; // pixels of all images; channels gathered at a time
} tile_job;

// The position in the target plane of each pixel of a tile, within its image.
static void target_offsets(const kb_conv_tiling *tiling, intptr_t first, intptr_t count,
                           intptr_t *offsets) {
  const intptr_t *output = tiling->gather.output, *target = tiling->target;
  const intptr_t *start = tiling->start, *step = tiling->step;
  for (intptr_t i = 0; i < count; i++) {
    intptr_t pixel = first + i;
    intptr_t x = pixel % output[2], y = pixel / output[2] % output[1];
    intptr_t z = pixel / (output[1] * output[2]);
    offsets[i] = ((start[0] + z * step[0]) * target[1] + start[1] + y * step[1]) * target[2] +
                 start[2] + x * step[2];
  }
}

#define SCATTER(type)                                                                              \
  do {                                                                                             \
    for (intptr_t i = 0; i < count; i++) ((type *)to)[offsets[i]] = ((const type *)from)[i];       \
  } while (0)

typedef struct conv_wide {
  uint64_t low, high;
} conv_wide;

static void scatter(size_t size, intptr_t count, const intptr_t *offsets, const char *from,
                    char *to) {
  switch (size) {
  case 1: SCATTER(uint8_t); break;
  case 2: SCATTER(uint16_t); break;
  case 4: SCATTER(uint32_t); break;
  case 8: SCATTER(uint64_t); break;
  default: SCATTER(conv_wide); break;
  }
}

// Rows of the result are `pitch` elements apart.
static void write_tile(const kb_conv_tiling *tiling, intptr_t group, intptr_t begin, intptr_t end,
                       char *result, intptr_t pitch) {
  const size_t size = tiling->gather.size;
  const intptr_t width = end - begin, pixels = kb_conv_count(tiling->gather.output);
  const intptr_t plane = kb_conv_count(tiling->target);
  if (tiling->bias) {
    for (intptr_t row = 0; row < tiling->rows; row++)
      kb_conv_add_element(tiling->dtype, (size_t)width,
                          (const char *)tiling->bias + (size_t)(group * tiling->rows + row) * size,
                          result + (size_t)(row * pitch) * size);
  }
  bool dense = tiling->step[0] == 1 && tiling->step[1] == 1 && tiling->step[2] == 1;
  intptr_t offsets[KB_CONV_MAX_TILE];
  for (intptr_t pixel = begin; pixel < end;) {
    intptr_t image = pixel / pixels, first = pixel % pixels;
    intptr_t count = pixels - first < end - pixel ? pixels - first : end - pixel;
    char *to = (char *)tiling->y +
               (size_t)((image * tiling->groups + group) * tiling->rows * plane) * size;
    if (!dense) target_offsets(tiling, first, count, offsets);
    for (intptr_t row = 0; row < tiling->rows; row++, to += (size_t)plane * size) {
      const char *from = result + (size_t)(row * pitch + pixel - begin) * size;
      if (dense)
        memcpy(to + (size_t)first * size, from, (size_t)count * size);
      else
        scatter(size, count, offsets, from, to);
    }
    pixel += count;
  }
}

static void run_tile(const tile_job *job, intptr_t group, intptr_t begin, intptr_t end) {
  const kb_conv_tiling *tiling = job->tiling;
  const size_t size = tiling->gather.size;
  const intptr_t taps = kb_conv_count(tiling->gather.kernel), depth = tiling->channels * taps;
  const intptr_t width = end - begin;
  const size_t pitch = ((size_t)width * size + 63) / 64 * 64 + KB_CONV_SLACK;
  const size_t patch_bytes = (size_t)(job->chunk * taps) * pitch;
  const size_t result_bytes = (size_t)(tiling->rows * width) * size;
  char *scratch = kb_scratch(patch_bytes + result_bytes);
  char *patches = scratch, *result = scratch + patch_bytes;
  const size_t channel_bytes = (size_t)kb_conv_count(tiling->gather.input) * size;
  const size_t image_bytes = channel_bytes * (size_t)(tiling->channels * tiling->groups);
  intptr_t channel = 0;
  do {
    intptr_t count = tiling->channels - channel;
    if (count > job->chunk) count = job->chunk;
    const char *x =
        (const char *)tiling->x + (size_t)(group * tiling->channels + channel) * channel_bytes;
    kb_conv_gather_tile(&tiling->gather, x, image_bytes, count, begin, end, patches, pitch);
    const char *w =
        (const char *)tiling->w + (size_t)(group * tiling->rows * depth + channel * taps) * size;
    kb_gemm(tiling->dtype, 1, (size_t)tiling->rows, (size_t)width, (size_t)(count * taps),
            (kb_matrix){w, depth, 1, 0}, (kb_matrix){patches, (intptr_t)(pitch / size), 1, 0},
            result, channel > 0, NULL);
    channel += count;
  } while (channel < tiling->channels);
  write_tile(tiling, group, begin, end, result, width);
  kb_scratch_free(scratch, patch_bytes + result_bytes);
}

static void run_tiles(void *context, size_t begin, size_t end) {
  const tile_job *job = context;
  for (size_t task = begin; task < end; task++) {
    intptr_t group = (intptr_t)task / job->tiles, first = (intptr_t)task % job->tiles * job->tile;
    intptr_t last = first + job->tile < job->pixels ? first + job->tile : job->pixels;
    run_tile(job, group, first, last);
  }
}

// A 1 × 1 convolution multiplies the images as they lie: a task takes some pixels of all channels, so
// that its outputs stay in the second-level cache.
static void multiply_in_place(const kb_conv_tiling *tiling, intptr_t item, intptr_t first,
                              intptr_t count) {
  const kb_gemm_kernels *kernels = kb_gemm_active(KB_GEMM_F32);
  const intptr_t pixels = kb_conv_count(tiling->gather.output), rows = tiling->rows;
  const intptr_t channels = tiling->channels, height = (intptr_t)kernels->rows;
  const intptr_t width = (intptr_t)kernels->columns, tiles = (rows + height - 1) / height;
  const intptr_t group = item % tiling->groups;
  const float *x = (const float *)tiling->x + item * channels * pixels + first;
  const float *w = (const float *)tiling->w + group * rows * channels;
  float *y = (float *)tiling->y + item * rows * pixels + first;
  if (tiling->bias) {
    const float *bias = (const float *)tiling->bias + group * rows;
    for (intptr_t r = 0; r < rows; r++)
      for (intptr_t i = 0; i < count; i++) y[r * pixels + i] = bias[r];
  }
  if (rows == 1) {
    kernels->row((size_t)count, (size_t)channels, w, 1, x, pixels, y, tiling->bias != NULL);
    return;
  }
  // Channels are pages apart: a panel of pixels that several tiles read is packed, and while they are
  // multiplied the next panel is fetched, which the processor would not foresee.
  const bool packs = tiles >= LEAST_PACKED;
  const size_t packed_bytes = packs ? (size_t)(channels * width) * sizeof(float) : 0;
  float *packed = kb_scratch(packed_bytes);
  for (intptr_t column = 0; column < count; column += width) {
    const intptr_t columns = count - column < width ? count - column : width;
    const intptr_t next = pixels - first - column - width;
    const float *b = packs ? packed : x + column;
    if (packs) kernels->pack((size_t)channels, (size_t)columns, x + column, pixels, 1, packed);
    for (intptr_t tile = 0, r = 0; tile < tiles; tile++) {
      for (intptr_t c = tile * channels / tiles; c < (tile + 1) * channels / tiles; c++)
        for (intptr_t i = 0; i < width && i < next; i += 16)
          __builtin_prefetch(x + c * pixels + column + width + i);
      const intptr_t some = rows / tiles + (tile < rows % tiles);
      kernels->tile((size_t)some, (size_t)columns, (size_t)channels, w + r * channels, channels, 1, b,
                    packs ? width : pixels, y + r * pixels + column, (size_t)pixels,
                    tiling->bias != NULL, NULL, NULL);
      r += some;
    }
  }
  kb_scratch_free(packed, packed_bytes);
}

static void run_in_place(void *context, size_t begin, size_t end) {
  const kb_conv_tiling *tiling = context;
  const intptr_t pixels = kb_conv_count(tiling->gather.output);
  const intptr_t chunks = (pixels + IN_PLACE_PIXELS - 1) / IN_PLACE_PIXELS;
  for (intptr_t task = (intptr_t)begin; task < (intptr_t)end; task++) {
    const intptr_t first = task % chunks * IN_PLACE_PIXELS;
    multiply_in_place(tiling, task / chunks, first,
                      pixels - first < IN_PLACE_PIXELS ? pixels - first : IN_PLACE_PIXELS);
  }
}

// Without masked loads, the last panel of pixels would read beyond the image.
static bool takes_in_place(const kb_conv_tiling *tiling) {
  const intptr_t pixels = kb_conv_count(tiling->gather.output);
  const kb_gemm_kernels *kernels = kb_gemm_active(KB_GEMM_F32);
  return tiling->dtype == KB_FLOAT32 && kb_conv_reads_in_place(&tiling->gather) &&
         tiling->channels > 0 && pixels >= LEAST_IN_PLACE &&
         (kernels->masked || pixels % (intptr_t)kernels->columns == 0);
}

// How a convolution is computed.
typedef enum engine {
  LANEWISE, DEPTHWISE, IN_PLACE, WINOGRAD, IMAGES, SHALLOW, DIRECT, PATCHES
} engine;

static engine choose_engine(const kb_conv_tiling *tiling) {
  const kb_dtype dtype = tiling->dtype;
  const kb_conv_gather *gather = &tiling->gather;
  const intptr_t channels = tiling->channels, rows = tiling->rows;
  if (kb_lanewise_serves(dtype, gather, tiling->groups, channels, rows)) return LANEWISE;
  if (kb_depthwise_serves(dtype, gather, channels, rows)) return DEPTHWISE;
  const bool dense = tiling->step[0] == 1 && tiling->step[1] == 1 && tiling->step[2] == 1;
  if (!dense) return PATCHES;
  if (takes_in_place(tiling)) return IN_PLACE;
  if (kb_winograd_serves(dtype, gather, tiling->batch, channels, rows)) return WINOGRAD;
  if (kb_images_serves(dtype, gather, tiling->batch, channels, rows)) return IMAGES;
  // Of few short rows, turning the weights would take longer than the patches.
  const bool few = gather->output[2] < 8 && tiling->batch * kb_conv_count(gather->output) < 128;
  const bool direct = !few && kb_direct_serves(dtype, gather, channels, rows);
  const intptr_t depth = channels * kb_conv_count(gather->kernel);
  if (direct && gather->kernel[0] > 1 && depth >= LEAST_DEEP) return DIRECT;
  if (kb_shallow_serves(dtype, gather, channels, rows)) return SHALLOW;
  return direct ? DIRECT : PATCHES;
}

bool kb_conv_pools_tiles(const kb_conv_tiling *tiling) {
  const engine chosen = choose_engine(tiling);
  return chosen == WINOGRAD || chosen == SHALLOW;
}

void kb_conv_finish(const kb_conv_tiling *tiling, const kb_tail *given) {
  if (tiling->tail && !given)
    kb_tail_run_all(tiling->tail, 0, (size_t)(tiling->batch * tiling->groups * tiling->rows),
                    (size_t)kb_conv_count(tiling->target));
}

static void run_engine(const kb_conv_tiling *tiling, engine chosen) {
  const intptr_t pixels = tiling->batch * kb_conv_count(tiling->gather.output);
  const intptr_t taps = kb_conv_count(tiling->gather.kernel), depth = tiling->channels * taps;
  if (pixels == 0 || tiling->rows == 0) return;
  switch (chosen) {
  case LANEWISE: kb_lanewise_run(tiling, 1); return;
  case DEPTHWISE: kb_depthwise_run(tiling); return;
  case IN_PLACE: {
    const intptr_t chunks =
        (kb_conv_count(tiling->gather.output) + IN_PLACE_PIXELS - 1) / IN_PLACE_PIXELS;
    const intptr_t work = tiling->rows * depth * IN_PLACE_PIXELS;
    kb_parallel_for((size_t)(tiling->batch * tiling->groups * chunks),
                    (size_t)(65536 / (work + 1) + 1), run_in_place, (void *)tiling);
    return;
  }
  case WINOGRAD: kb_winograd_run(tiling, false); return;
  case IMAGES: kb_images_run(tiling); return;
  case SHALLOW: kb_shallow_run(tiling); return;
  case DIRECT: {
    intptr_t order[KB_DIRECT_TAPS];
    for (intptr_t t = 0; t < taps; t++) order[t] = t;
    const kb_direct_part part = {*tiling, order};
    kb_direct_run(&part, 1, tiling->w, taps, false);
    return;
  }
  case PATCHES: break;
  }
  // Wide tiles read the weights less often; shallow ones fit more pixels; few pixels make small
  // tiles so that all threads have some.
  intptr_t tile = depth <= 320 ? KB_CONV_MAX_TILE : 128;
  while (tile > 32 && (pixels + tile - 1) / tile * tiling->groups < 8) tile /= 2;
  intptr_t chunks = (depth + PATCH_ROWS - 1) / PATCH_ROWS;
  if (chunks < 1) chunks = 1;
  if (chunks > tiling->channels) chunks = tiling->channels > 0 ? tiling->channels : 1;
  tile_job job = {tiling, pixels, tile, (pixels + tile - 1) / tile,
                  (tiling->channels + chunks - 1) / chunks};
  kb_parallel_for((size_t)(job.tiles * tiling->groups), 1, run_tiles, &job);
}

// The same, of the pixels that a 1 × 1 convolution with a stride reads. False if it is none.
static bool run_on_pixels(const kb_conv_tiling *tiling) {
  const intptr_t planes = tiling->batch * tiling->groups * tiling->channels;
  float *pixels = kb_conv_read_pixels(&tiling->gather, tiling->x, planes);
  if (!pixels) return false;
  kb_conv_tiling dense = *tiling;
  dense.x = pixels;
  dense.gather = kb_conv_of_pixels(&tiling->gather);
  kb_conv_run_tiles(&dense);
  kb_scratch_free(pixels, (size_t)(planes * kb_conv_count(tiling->gather.output)) * sizeof(float));
  return true;
}

void kb_conv_run_tiles(const kb_conv_tiling *tiling) {
  if (run_on_pixels(tiling)) return;
  const engine chosen = choose_engine(tiling);
  run_engine(tiling, chosen);
  // These do so themselves.
  if (chosen != WINOGRAD && chosen != SHALLOW && chosen != DIRECT) kb_conv_finish(tiling, NULL);
}
