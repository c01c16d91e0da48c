#include "check.h"

// Copies between strided arrays against a loop over the elements: what concatenation, slices and their
// gradients are made of.
typedef struct {
  intptr_t dims[3], src[3], dst[3];
  size_t space; // elements that the destination has, holes included
} copying;

static void check_copy(const copying *c, size_t size, const char *name) {
  const size_t count = (size_t)(c->dims[0] * c->dims[1] * c->dims[2]);
  uint8_t *x = malloc(count * size), *out = malloc(c->space * size), *expected = malloc(c->space * size);
  for (size_t i = 0; i < count * size; i++) x[i] = (uint8_t)draw(0, 256);
  memset(out, 0xab, c->space * size), memset(expected, 0xab, c->space * size);
  for (intptr_t i = 0; i < c->dims[0]; i++)
    for (intptr_t j = 0; j < c->dims[1]; j++)
      for (intptr_t k = 0; k < c->dims[2]; k++)
        memcpy(expected + (size_t)(i * c->dst[0] + j * c->dst[1] + k * c->dst[2]) * size,
               x + (size_t)(i * c->src[0] + j * c->src[1] + k * c->src[2]) * size, size);
  kb_copy(size, 3, c->dims, x, c->src, out, c->dst);
  require(memcmp(out, expected, c->space * size) == 0, name);
  free(x), free(out), free(expected);
}

void check_copies(void) {
  static const size_t sizes[] = {1, 2, 4, 8, 16};
  static const intptr_t rows[] = {1, 2, 3, 5, 7, 8, 9, 16, 31, 33, 64, 129, 700};
  static const intptr_t outer[][2] = {{1, 1}, {1, 40}, {7, 3}, {130, 9}};
  for (size_t o = 0; o < sizeof outer / sizeof *outer; o++)
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++)
      for (intptr_t hole = 0; hole < 6; hole += 5)
        for (int kind = 0; kind < 3; kind++) {
          const intptr_t a = outer[o][0], b = outer[o][1], n = rows[r], line = n + hole;
          copying c = {.dims = {a, b, n}, .src = {b * n, n, 1}, .dst = {b * line, line, 1}};
          // Planes with room between them, planes whose lines lie crosswise, a source of one row.
          if (kind == 0) c.dst[0] += 3;
          if (kind == 1) c.dst[0] = line, c.dst[1] = a * line;
          if (kind == 2) c.src[0] = c.src[1] = 0;
          c.space = (size_t)(a * (b * line + 3) + 8);
          char name[80];
          snprintf(name, sizeof name, "copy of %d x %d rows of %d, hole %d, kind %d", (int)a, (int)b,
                   (int)n, (int)hole, kind);
          for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) check_copy(&c, sizes[i], name);
        }
}
