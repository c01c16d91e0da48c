// Values of bytes.
#include "index_internal.h"
#include "kb_threads.h"

typedef struct job {
  const int64_t *index;
  size_t channels, plane;
  const uint8_t *x;
  const float *table;
  float *out;
} job;

static void look_up_items(void *context, size_t begin, size_t end) {
  const job *j = context;
  const size_t item = j->channels * j->plane;
  for (size_t i = begin; i < end; i++) {
    const uint8_t *const x = j->x + (size_t)j->index[i] * item;
    float *const out = j->out + i * item;
    for (size_t c = 0; c < j->channels; c++) {
      const float *const values = j->table + c * 256;
      for (size_t p = c * j->plane; p < (c + 1) * j->plane; p++) out[p] = values[x[p]];
    }
  }
}

void kb_look_up_bytes(size_t count, const int64_t *index, size_t channels, size_t plane,
                      const uint8_t *x, const float *table, float *out) {
  job j = {.index = index, .channels = channels, .plane = plane, .x = x, .table = table, .out = out};
  if (channels * plane == 0) return;
  kb_parallel_for(count, 16384 / (channels * plane) + 1, look_up_items, &j);
}
