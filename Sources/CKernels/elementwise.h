// What the files of the elementwise engine share: kernels of one opcode and one dtype.
#ifndef KB_ELEMENTWISE_INTERNAL_H
#define KB_ELEMENTWISE_INTERNAL_H

#include "include/kb_elementwise.h"
#include "isa.h"
#include "stream.h"

// out[i] = f(a[i], b[i], c[i]) for i < n. Bit k of `uniform`: operand k is one element for all i
// (never all of them). `out` may be one of the arrays. Predicates write one byte, 0 or 1, per
// element.
//
// KB_STREAM in `uniform`, for opcodes of kb_opcode_streams and a 64-byte aligned output only:
// results go around the caches, and kb_stream_fence() must follow.
typedef kb_status (*kb_kernel)(size_t n, const void *a, const void *b, const void *c, void *out,
                               unsigned uniform);

// Conversions of arrays; both halves have 2 bytes.
typedef struct kb_half_kernels {
  void (*from_float16)(size_t n, const uint16_t *x, float *out);
  void (*to_float16)(size_t n, const float *x, uint16_t *out);
  void (*from_bfloat16)(size_t n, const uint16_t *x, float *out);
  void (*to_bfloat16)(size_t n, const float *x, uint16_t *out);
} kb_half_kernels;

// One set per instruction set. Entries of the half types and of opcodes that a dtype has not are
// NULL.
typedef struct kb_kernel_set {
  kb_kernel kernels[KB_DTYPE_COUNT][KB_OPCODE_COUNT];
  // The transcendental opcodes (and pow) for one number, same bits as the kernels.
  float (*float32_unary)(kb_opcode opcode, float x);
  float (*float32_pow)(float x, float y);
  double (*float64_unary)(kb_opcode opcode, double x);
  double (*float64_pow)(double x, double y);
  kb_half_kernels half;
  // Writes around the caches; `out` is 64-byte aligned. kb_stream_fence() after the last one.
  // 0 and 1 from bytes.
  void (*float32_from_flags)(size_t n, const uint8_t *x, float *out);
  void (*float64_from_flags)(size_t n, const uint8_t *x, double *out);
  void (*stream)(void *out, const void *x, size_t bytes);
  const struct kb_register_set *float32_registers, *float64_registers;
} kb_kernel_set;

extern const kb_kernel_set kb_kernels_baseline;
#if defined(__x86_64__)
extern const kb_kernel_set kb_kernels_avx2, kb_kernels_avx512;
#endif

// The set of kb_isa_level(), chosen when the library is loaded.
extern const kb_kernel_set *kb_active_kernels;

extern const kb_kernel kb_kernels_bool[KB_OPCODE_COUNT];
extern const kb_kernel kb_kernels_complex64[KB_OPCODE_COUNT];
extern const kb_kernel kb_kernels_complex128[KB_OPCODE_COUNT];

// NULL for the half types.
kb_kernel kb_find_kernel(kb_opcode opcode, kb_dtype dtype);

// y = opcode(x) of doubles; y may be x.
static inline void kb_map_doubles(kb_opcode opcode, size_t n, const double *x, double *y) {
  (void)kb_find_kernel(opcode, KB_FLOAT64)(n, x, x, x, y, 0);
}

static inline bool kb_is_half(kb_dtype dtype) {
  return dtype == KB_FLOAT16 || dtype == KB_BFLOAT16;
}

#define KB_STREAM 8u
bool kb_opcode_streams(kb_opcode opcode, kb_dtype dtype);

// Whether streaming is worth it at this cost: expensive opcodes hide ordinary stores, and the longer ones that
// stream by themselves also hide theirs.
static inline bool kb_cost_streams(unsigned cost, bool by_itself) {
  return cost <= (by_itself ? 4 : 2);
}

// What an element costs, in units of an add of the same dtype: sets how finely work is cut.
unsigned kb_opcode_cost(kb_opcode opcode, kb_dtype dtype);

#endif
