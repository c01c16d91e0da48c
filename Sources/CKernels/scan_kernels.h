// Running reductions of neighbouring lines, for each instruction set: of four lines at once, whose steps do not wait
// for each other, or of one element each of many columns. Elements are doubles or int64, all of eight bytes.
#ifndef KB_SCAN_KERNELS_H
#define KB_SCAN_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { KB_SCAN_LINES = 4 };

// Lines from their last element when `backwards`; `y` may be `x`.
typedef struct kb_scan_lines {
  size_t n;
  bool backwards;
  const void *x[KB_SCAN_LINES];
  void *y[KB_SCAN_LINES];
  int64_t *positions[KB_SCAN_LINES]; // of extremes
} kb_scan_lines;

typedef struct kb_scan_kernels {
  void (*lines)(const kb_scan_lines *lines, void *states);
  // y[i] = states[i] = states[i] op x[i]
  void (*columns)(size_t n, const void *x, void *states, void *y);
} kb_scan_kernels;

// The running extreme and the position of the element that is it, the first being `position`. They begin with an
// element itself, at any position.
typedef struct kb_extreme_kernels {
  void (*lines)(const kb_scan_lines *lines, int64_t position, void *states, int64_t *where);
  void (*columns)(size_t n, const void *x, int64_t position, void *states, int64_t *where, void *y,
                  int64_t *positions);
} kb_extreme_kernels;

typedef struct kb_scan_set {
  kb_scan_kernels sum, prod;
  kb_extreme_kernels max, min;
} kb_scan_set;

const kb_scan_set *kb_scan_doubles(void), *kb_scan_integers(void);

#endif
