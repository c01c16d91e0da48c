#include "check.h"

// Items of two channels, taken by index: every value of a byte, and planes that are no whole vectors.
void check_bytes(void) {
  enum { ITEMS = 9, CHANNELS = 2, PLANE = 16 * 17 + 5, ITEM = CHANNELS * PLANE };
  uint8_t x[ITEMS * ITEM];
  for (size_t i = 0; i < sizeof x; i++) x[i] = (uint8_t)(i * 7 + i / 256);
  float *table = draw_floats(CHANNELS * 256, -3, 3);
  int64_t index[ITEMS];
  for (int i = 0; i < ITEMS; i++) index[i] = (i * 5 + 2) % ITEMS;
  float *out = malloc(sizeof x * sizeof *out);
  kb_look_up_bytes(ITEMS, index, CHANNELS, PLANE, x, table, out);
  bool same = true;
  for (size_t i = 0; i < sizeof x; i++) {
    const size_t channel = i / PLANE % CHANNELS;
    same &= out[i] == table[channel * 256 + x[(size_t)index[i / ITEM] * ITEM + i % ITEM]];
  }
  require(same, "bytes looked up in a table");
  free(out);
  free(table);
}
