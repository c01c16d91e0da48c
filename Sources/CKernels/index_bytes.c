// What bytes stand for by a table, such as the pixels of images.
#include "index_internal.h"
#include "isa.h"
#include "kb_threads.h"
#include "stream.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

typedef void look_up(size_t count, const uint8_t *x, const float *table, float *out);

static void look_up_each(size_t count, const uint8_t *x, const float *table, float *out) {
  for (size_t i = 0; i < count; i++) out[i] = table[x[i]];
}

#if defined(__x86_64__)
// The table in sixteen registers: a permutation takes the low five bits, and three levels of blends the others.
__attribute__((target("avx512f"))) static void look_up_permuted(size_t count, const uint8_t *x,
                                                               const float *table, float *out) {
  __m512 parts[16];
  for (int i = 0; i < 16; i++) parts[i] = _mm512_loadu_ps(table + 16 * i);
  size_t i = 0;
  for (; i + 16 <= count; i += 16) {
    const __m512i byte = _mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)(x + i)));
    __m512 found[8];
    for (int k = 0; k < 8; k++) {
      found[k] = _mm512_permutex2var_ps(parts[2 * k], byte, parts[2 * k + 1]);
    }
    for (int bit = 5, left = 4; bit < 8; bit++, left /= 2) {
      const __mmask16 set = _mm512_test_epi32_mask(byte, _mm512_set1_epi32(1 << bit));
      for (int k = 0; k < left; k++) {
        found[k] = _mm512_mask_blend_ps(set, found[2 * k], found[2 * k + 1]);
      }
    }
    _mm512_storeu_ps(out + i, found[0]);
  }
  look_up_each(count - i, x + i, table, out + i);
}
#endif

static look_up *active_look_up(void) {
#if defined(__x86_64__)
  if (kb_isa_level() == KB_ISA_AVX512) return look_up_permuted;
#endif
  return look_up_each;
}

typedef struct job {
  look_up *look_up;
  const int64_t *index;
  size_t count, channels, plane;
  const uint8_t *x;
  const float *table;
  float *out;
} job;

// How many items ahead one is asked for, as far as the processor's own fetching does not take over.
enum { AHEAD = 3 };

static void look_up_items(void *context, size_t begin, size_t end) {
  const job *j = context;
  const size_t item = j->channels * j->plane;
  const size_t fetched = item < KB_FETCHED_BYTES ? item : KB_FETCHED_BYTES;
  for (size_t i = begin; i < end; i++) {
    if (i + AHEAD < j->count) kb_fetch_row(j->x + (size_t)j->index[i + AHEAD] * item, fetched);
    const uint8_t *const x = j->x + (size_t)j->index[i] * item;
    float *const out = j->out + i * item;
    for (size_t c = 0; c < j->channels; c++) {
      j->look_up(j->plane, x + c * j->plane, j->table + c * 256, out + c * j->plane);
    }
  }
}

void kb_look_up_bytes(size_t count, const int64_t *index, size_t channels, size_t plane,
                      const uint8_t *x, const float *table, float *out) {
  job j = {.look_up = active_look_up(), .index = index, .count = count, .channels = channels,
           .plane = plane, .x = x, .table = table, .out = out};
  if (channels * plane == 0) return;
  kb_parallel_for(count, 16384 / (channels * plane) + 1, look_up_items, &j);
}
