#include "check.h"

// Padding, cropping and their gradient against the position that each output shows, written out.
typedef struct {
  int mode;
  size_t rank;
  intptr_t dims[4], before[4], after[4];
} padding;

// The input position along a dimension, or −1.
static intptr_t shown(const padding *p, size_t d, intptr_t o) {
  const intptr_t n = p->dims[d], i = o - p->before[d];
  const intptr_t low = p->before[d] < 0 ? -p->before[d] : 0;
  const intptr_t kept = n - low - (p->after[d] < 0 ? -p->after[d] : 0);
  if (p->mode == KB_PAD_CIRCULAR)
    return kept <= 0 ? -1 : low + ((i - low) % kept + kept) % kept;
  if (i >= 0 && i < n) return i;
  if (p->mode == KB_PAD_CONSTANT) return -1;
  if (p->mode == KB_PAD_REPLICATE) return i < 0 ? 0 : n - 1;
  return i < 0 ? -i : 2 * (n - 1) - i;
}

static size_t counted(const padding *p, bool padded) {
  size_t count = 1;
  for (size_t d = 0; d < p->rank; d++)
    count *= (size_t)(p->dims[d] + (padded ? p->before[d] + p->after[d] : 0));
  return count;
}

// The number of the input that an output shows, or −1.
static intptr_t source(const padding *p, size_t number) {
  intptr_t at = 0, step = 1;
  for (size_t d = p->rank; d-- > 0;) {
    const size_t length = (size_t)(p->dims[d] + p->before[d] + p->after[d]);
    const intptr_t from = shown(p, d, (intptr_t)(number % length));
    if (from < 0) return -1;
    at += from * step, step *= p->dims[d], number /= length;
  }
  return at;
}

static void check_pad(const padding *p, size_t size, const char *name) {
  const size_t inputs = counted(p, false), outputs = counted(p, true);
  uint8_t *x = malloc(inputs * size + 1), *out = malloc(outputs * size + 64), value[16];
  for (size_t i = 0; i < inputs * size; i++) x[i] = (uint8_t)draw(0, 256);
  for (size_t i = 0; i < 16; i++) value[i] = (uint8_t)(200 + i);
  const uint8_t zero[16] = {0};
  memset(out, 0xab, outputs * size + 64);
  kb_pad(p->mode, size, p->rank, p->dims, p->before, p->after, x, value, out);
  bool good = true;
  for (size_t i = 0; i < outputs; i++) {
    const intptr_t from = source(p, i);
    const uint8_t *outside = p->mode == KB_PAD_CONSTANT ? value : zero;
    good &= memcmp(out + i * size, from < 0 ? outside : x + (size_t)from * size, size) == 0;
  }
  for (size_t i = 0; i < 64; i++) good &= out[outputs * size + i] == 0xab;
  require(good, name);
  free(x), free(out);
}

// To the bit, as the copies of each element are added in order, to 0.
#define CHECK_GRADIENT(T, dtype, parts)                                                            \
  do {                                                                                             \
    const size_t inputs = counted(p, false) * parts, outputs = counted(p, true) * parts;           \
    T *dy = malloc(outputs * sizeof(T) + 1), *dx = malloc((inputs + 1) * sizeof(T));               \
    T *expected = malloc(inputs * sizeof(T) + 1);                                                  \
    for (size_t i = 0; i < outputs; i++) dy[i] = i % 7 == 0 ? (T)-0.0 : (T)draw(-1, 1);            \
    for (size_t i = 0; i < inputs; i++) expected[i] = 0;                                           \
    for (size_t i = 0; i < outputs; i++) {                                                         \
      const intptr_t to = source(p, i / parts);                                                    \
      if (to >= 0) expected[(size_t)to * parts + i % parts] += dy[i];                              \
    }                                                                                              \
    dx[inputs] = 77;                                                                               \
    kb_pad_gradient(p->mode, dtype, p->rank, p->dims, p->before, p->after, dy, dx);                \
    require(memcmp(dx, expected, inputs * sizeof(T)) == 0 && dx[inputs] == 77, name);              \
    free(dy), free(dx), free(expected);                                                            \
  } while (0)

static void check_gradient(const padding *p, const char *name) {
  CHECK_GRADIENT(float, KB_FLOAT32, 1);
  CHECK_GRADIENT(double, KB_FLOAT64, 1);
  CHECK_GRADIENT(float, KB_COMPLEX64, 2);
  CHECK_GRADIENT(double, KB_COMPLEX128, 2);
}

static bool is_valid(const padding *p) {
  for (size_t d = 0; d < p->rank; d++) {
    const intptr_t n = p->dims[d], before = p->before[d], after = p->after[d];
    if (n + before + after < 0) return false;
    if (p->mode == KB_PAD_REFLECT && (before >= n || after >= n)) return false;
    if (p->mode == KB_PAD_REPLICATE && n == 0) return false;
    // What is cropped on one side is not shown again by the other.
    if (p->mode != KB_PAD_CONSTANT && p->mode != KB_PAD_CIRCULAR && (before < -n || after < -n))
      return false;
    if (p->mode == KB_PAD_REFLECT && n + before + after > 0 && (before <= -n || after <= -n))
      return false;
  }
  return true;
}

void check_padding(void) {
  static const struct {
    size_t rank;
    intptr_t dims[4];
  } shapes[] = {{0, {0}},          {1, {5}},        {1, {300}},          {2, {6, 7}},        {2, {3, 4200}},
                {3, {4, 3, 33}},   {3, {3, 40, 2}}, {4, {2, 3, 9, 12}},  {4, {5, 4, 28, 28}}, {4, {2, 6, 3, 3}},
                {4, {3, 5, 2, 17}}, {2, {1100, 10}}, {3, {2, 0, 5}}};
  static const intptr_t amounts[][8] = {
      // before and after, of the last dimension first
      {1, 1}, {2, 2, 2, 2}, {0, 3}, {3, 0, 1, 2}, {0, 0, 1, 1}, {0, 0, 0, 0, 1, 2}, {-1, 1, 1, -1},
      {-2, -1, 2, 0}, {4, 4, 0, 0, 1, 0, 0, 2}, {0, 0}, {-5, 3}, {20, 31}, {1, 0, -2, 1, 0, 0, 1, 1}};
  static const size_t sizes[] = {1, 2, 4, 8, 16};
  for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++)
    for (size_t a = 0; a < sizeof amounts / sizeof *amounts; a++)
      for (int mode = KB_PAD_CONSTANT; mode <= KB_PAD_CIRCULAR; mode++) {
        padding p = {.mode = mode, .rank = shapes[s].rank};
        for (size_t d = 0; d < p.rank; d++) {
          const size_t from = 2 * (p.rank - 1 - d);
          p.dims[d] = shapes[s].dims[d];
          p.before[d] = amounts[a][from], p.after[d] = amounts[a][from + 1];
        }
        if (!is_valid(&p)) continue;
        char name[80];
        snprintf(name, sizeof name, "padding of shape %d by amounts %d, mode %d", (int)s, (int)a, mode);
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) check_pad(&p, sizes[i], name);
        check_gradient(&p, name);
      }
}
