// ReLU and max pooling of float over 2 × 2 windows in one step, which notes where each output came from:
// 0 … 3 in scan order, KB_POOL_NONE where ReLU made it zero.
#ifndef KB_POOL_RECTIFIED_H
#define KB_POOL_RECTIFIED_H

#include <stdint.h>

enum { KB_POOL_NONE = 4 };

typedef struct kb_rectified_kernels {
  // `rows` · `columns` outputs of twice as many rows and columns; rows of elements are `pitch` apart,
  // those of outputs follow one another.
  void (*pool)(intptr_t rows, intptr_t columns, const float *from, intptr_t pitch, float *y,
               uint8_t *which);
  // The transpose. What lies between the rows is undefined afterwards.
  void (*spread)(intptr_t rows, intptr_t columns, const float *dy, const uint8_t *which, float *to,
                 intptr_t pitch);
  // The same for a row of sixteen planes side by side: element i of it is [16 · i + plane]. y may begin
  // where `upper` does.
  void (*pool_lanes)(intptr_t columns, const float *upper, const float *lower, float *y,
                     int32_t *which);
  void (*spread_lanes)(intptr_t columns, const float *dy, const int32_t *which, float *upper,
                       float *lower);
  // The sum of the dy that came from somewhere.
  float (*sum)(intptr_t count, const float *dy, const uint8_t *which);
} kb_rectified_kernels;

const kb_rectified_kernels *kb_rectified_active(void);

#endif
