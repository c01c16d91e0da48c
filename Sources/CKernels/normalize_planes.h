// Float planes of one channel: `batch` runs of `inner` elements, `stride` elements apart.
#ifndef KB_NORMALIZE_PLANES_H
#define KB_NORMALIZE_PLANES_H

#include <stddef.h>
#include <stdint.h>

typedef struct kb_planes {
  size_t batch, inner, stride;
  // Results are read by nobody soon: they go to memory past the caches. Then runs begin at 64 bytes.
  int streams;
} kb_planes;

typedef struct kb_planes_kernels {
  // y = (x − mean) · scale + shift
  void (*normalize)(const kb_planes *planes, const float *x, float mean, float scale, float shift,
                    float *y);
  // y = ReLU of the same, to which the shortcut is added before unless it is NULL
  void (*rectify)(const kb_planes *planes, const float *x, float mean, float scale, float shift,
                  const float *shortcut, float *y);
  // sums = {Σ (x − shift), Σ (x − shift)²}
  void (*moments)(const kb_planes *planes, const float *x, float shift, double sums[2]);
  // sums = {Σ dy, Σ dy · (x − mean) · rstd}
  void (*sums)(const kb_planes *planes, const float *dy, const float *x, float mean, float rstd,
               double sums[2]);
  // dx = scale · (dy − mean_share − (x − mean) · rstd · size_share)
  void (*gradient)(const kb_planes *planes, const float *dy, const float *x, float mean, float rstd,
                   float scale, float mean_share, float size_share, float *dx);
  // The same two, dy being 0 where ReLU made (x − mean) · scale + shift zero.
  void (*rectified_sums)(const kb_planes *planes, const float *dy, const float *x, float mean,
                         float rstd, float scale, float shift, double sums[2]);
  void (*rectified_gradient)(const kb_planes *planes, const float *dy, const float *x, float mean,
                             float rstd, float scale, float shift, float mean_share,
                             float size_share, float *dx);
} kb_planes_kernels;

const kb_planes_kernels *kb_planes_active(void);

#endif
