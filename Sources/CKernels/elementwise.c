// The public elementwise functions: scalars, single opcodes over contiguous arrays, programs.
#include "elementwise.h"

#include <math.h>
#include <string.h>

#include "elementwise_nest.h"
#include "half.h"
#include "isa.h"
#include "stream.h"

#pragma STDC FP_CONTRACT OFF

const kb_kernel_set *kb_active_kernels = &kb_kernels_baseline;

__attribute__((constructor)) static void choose_kernels(void) {
#if defined(__x86_64__)
  const kb_isa isa = kb_isa_level();
  kb_active_kernels = isa == KB_ISA_AVX512 ? &kb_kernels_avx512
                      : isa == KB_ISA_AVX2 ? &kb_kernels_avx2
                                           : &kb_kernels_baseline;
#endif
}

kb_kernel kb_find_kernel(kb_opcode opcode, kb_dtype dtype) {
  switch (dtype) {
  case KB_BOOL: return kb_kernels_bool[opcode];
  case KB_COMPLEX64: return kb_kernels_complex64[opcode];
  case KB_COMPLEX128: return kb_kernels_complex128[opcode];
  default: return kb_active_kernels->kernels[dtype][opcode];
  }
}

// Rough ratios measured for float32: an add takes 0.06 ns in cache, exp 0.12, what is computed in double 0.4
// to 0.9; for float64: an add 0.1, exp 0.3, most others 0.5 to 1, pow and erfc 1.9. A call of libm 4.
unsigned kb_opcode_cost(kb_opcode opcode, kb_dtype dtype) {
  const bool single = dtype == KB_FLOAT32 || kb_is_half(dtype);
  const bool vectors = single || dtype == KB_FLOAT64;
  switch (opcode) {
  case KB_OP_exp: case KB_OP_log: case KB_OP_sin: case KB_OP_cos: case KB_OP_tanh:
  case KB_OP_sigmoid: case KB_OP_silu: case KB_OP_gelu: case KB_OP_gelu_tanh: case KB_OP_erf:
  case KB_OP_xlogy:
    return single ? 4 : vectors ? 8 : 32;
  case KB_OP_gelu_slope: case KB_OP_gelu_tanh_slope: case KB_OP_erfc:
    return single ? 8 : vectors ? 16 : 64;
  case KB_OP_pow: case KB_OP_exp2: case KB_OP_expm1: case KB_OP_log2: case KB_OP_log10:
  case KB_OP_log1p: case KB_OP_tan: case KB_OP_asin: case KB_OP_acos: case KB_OP_atan: case KB_OP_sinh:
  case KB_OP_cosh: case KB_OP_asinh: case KB_OP_acosh: case KB_OP_atanh:
  case KB_OP_floor_div: case KB_OP_remainder: case KB_OP_fmod: case KB_OP_atan2: case KB_OP_hypot:
    return vectors ? 8 : 32;
  case KB_OP_trunc_div:
    return vectors ? 2 : 32;
  case KB_OP_sqrt: case KB_OP_rsqrt: case KB_OP_reciprocal: case KB_OP_div:
    return 2;
  default:
    return dtype >= KB_COMPLEX64 ? 4 : 1;
  }
}

void kb_stream_row(void *out, const void *x, size_t bytes) {
  const size_t before = -(uintptr_t)out % 64, head = before < bytes ? before : bytes;
  const size_t whole = (bytes - head) / 64 * 64, rest = bytes - head - whole;
  memcpy(out, x, head);
  kb_active_kernels->stream((char *)out + head, (const char *)x + head, whole);
  memcpy((char *)out + head + whole, (const char *)x + head + whole, rest);
}

// The opcodes that can write past the caches. Staging a block in cache and streaming it from
// there takes 2.3 ms for 10 M floats, their own loop 1.8, ordinary stores 2.8.
bool kb_opcode_streams(kb_opcode opcode, kb_dtype dtype) {
  switch (opcode) {
  case KB_OP_neg: case KB_OP_abs: case KB_OP_sign: case KB_OP_square: case KB_OP_relu:
  case KB_OP_sqrt: case KB_OP_rsqrt: case KB_OP_reciprocal: case KB_OP_exp: case KB_OP_log:
  case KB_OP_sin: case KB_OP_cos: case KB_OP_tanh: case KB_OP_sigmoid: case KB_OP_silu:
  case KB_OP_gelu: case KB_OP_gelu_tanh: case KB_OP_erf: case KB_OP_erfc: case KB_OP_floor:
  case KB_OP_ceil: case KB_OP_trunc: case KB_OP_round:
  case KB_OP_add: case KB_OP_sub: case KB_OP_mul: case KB_OP_div: case KB_OP_relu_slope:
  case KB_OP_maximum: case KB_OP_minimum: case KB_OP_gelu_slope: case KB_OP_gelu_tanh_slope:
    return dtype == KB_FLOAT32 || dtype == KB_FLOAT64;
  default:
    return false;
  }
}

// --- Scalars

static inline float float_of(uint64_t x) { return kb_float_from_bits((uint32_t)x); }
static inline uint64_t word_of(float x) { return kb_float_bits(x); }
static inline double double_of(uint64_t x) {
  double y;
  memcpy(&y, &x, 8);
  return y;
}
static inline uint64_t word_of_double(double x) {
  uint64_t y;
  memcpy(&y, &x, 8);
  return y;
}

static __attribute__((noinline)) uint64_t scalar_by_kernel(kb_opcode opcode, kb_dtype dtype,
                                                           uint64_t x, uint64_t y,
                                                           kb_status *status) {
  uint64_t out = 0;
  kb_status result;
  if (kb_is_half(dtype)) {
    const bool ieee = dtype == KB_FLOAT16;
    float (*const from)(uint16_t) = ieee ? kb_float16_to_float : kb_bfloat16_to_float;
    uint16_t (*const to)(float) = ieee ? kb_float_to_float16 : kb_float_to_bfloat16;
    const uint64_t r = scalar_by_kernel(opcode, KB_FLOAT32, word_of(from((uint16_t)x)),
                                        word_of(from((uint16_t)y)), status);
    return kb_opcode_is_predicate(opcode) ? r : to(float_of(r));
  }
  result = kb_find_kernel(opcode, dtype)(1, &x, &y, NULL, &out, 0);
  if (result != KB_OK && status) *status = result;
  return out;
}

uint64_t kb_unary_scalar(kb_opcode opcode, kb_dtype dtype, uint64_t x) {
  if (dtype == KB_FLOAT32) {
    const float a = float_of(x);
    switch (opcode) {
    case KB_OP_copy: return x;
    case KB_OP_neg: return word_of(-a);
    case KB_OP_abs: return word_of(fabsf(a));
    case KB_OP_square: return word_of(a * a);
    case KB_OP_sqrt: return word_of(sqrtf(a));
    case KB_OP_rsqrt: return word_of(1 / sqrtf(a));
    case KB_OP_reciprocal: return word_of(1 / a);
    case KB_OP_relu: return word_of(a <= 0 ? 0 : a);
    default:
      if (!kb_opcode_is_predicate(opcode))
        return word_of(kb_active_kernels->float32_unary(opcode, a));
    }
  } else if (dtype == KB_FLOAT64) {
    const double a = double_of(x);
    switch (opcode) {
    case KB_OP_copy: return x;
    case KB_OP_neg: return word_of_double(-a);
    case KB_OP_abs: return word_of_double(fabs(a));
    case KB_OP_square: return word_of_double(a * a);
    case KB_OP_sqrt: return word_of_double(sqrt(a));
    case KB_OP_rsqrt: return word_of_double(1 / sqrt(a));
    case KB_OP_reciprocal: return word_of_double(1 / a);
    case KB_OP_relu: return word_of_double(a <= 0 ? 0 : a);
    default:
      if (!kb_opcode_is_predicate(opcode))
        return word_of_double(kb_active_kernels->float64_unary(opcode, a));
    }
  }
  return scalar_by_kernel(opcode, dtype, x, 0, NULL);
}

uint64_t kb_binary_scalar(kb_opcode opcode, kb_dtype dtype, uint64_t x, uint64_t y,
                          kb_status *status) {
  if (dtype == KB_FLOAT32) {
    const float a = float_of(x), b = float_of(y);
    switch (opcode) {
    case KB_OP_add: return word_of(a + b);
    case KB_OP_sub: return word_of(a - b);
    case KB_OP_mul: return word_of(a * b);
    case KB_OP_div: return word_of(a / b);
    case KB_OP_pow:
      if (b == 2) return word_of(a * a);
      if (b == 3) return word_of(a * a * a);
      return word_of(kb_active_kernels->float32_pow(a, b));
    case KB_OP_eq: return a == b;
    case KB_OP_ne: return a != b;
    case KB_OP_lt: return a < b;
    case KB_OP_le: return a <= b;
    case KB_OP_gt: return a > b;
    case KB_OP_ge: return a >= b;
    default: break;
    }
  } else if (dtype == KB_FLOAT64) {
    const double a = double_of(x), b = double_of(y);
    switch (opcode) {
    case KB_OP_add: return word_of_double(a + b);
    case KB_OP_sub: return word_of_double(a - b);
    case KB_OP_mul: return word_of_double(a * b);
    case KB_OP_div: return word_of_double(a / b);
    case KB_OP_pow:
      if (b == 2) return word_of_double(a * a);
      if (b == 3) return word_of_double(a * a * a);
      return word_of_double(kb_active_kernels->float64_pow(a, b));
    case KB_OP_eq: return a == b;
    case KB_OP_ne: return a != b;
    case KB_OP_lt: return a < b;
    case KB_OP_le: return a <= b;
    case KB_OP_gt: return a > b;
    case KB_OP_ge: return a >= b;
    default: break;
    }
  }
  return scalar_by_kernel(opcode, dtype, x, y, status);
}

// --- One opcode over contiguous arrays

typedef struct {
  kb_kernel kernel;
  unsigned uniform, arity;
} single;

static kb_status single_body(const void *context, size_t n, const void *const *in, void *out,
                             char *scratch) {
  (void)scratch;
  const single *const s = context;
  return s->kernel(n, in[0], s->arity > 1 ? in[1] : in[0], NULL, out, s->uniform);
}

// Below this many bytes of work one call of the kernel is all there is.
#define SERIAL_BYTES 65536

static __attribute__((noinline)) kb_status run_single(kb_opcode opcode, kb_dtype dtype,
                                                      size_t count, const void *const *arrays,
                                                      unsigned arity, unsigned uniform,
                                                      void *out) {
  const size_t size = kb_dtype_size(dtype);
  const intptr_t dims[1] = {(intptr_t)count};
  static const intptr_t repeat[1] = {0};
  const intptr_t *strides[2] = {uniform & 1 ? repeat : NULL, uniform & 2 ? repeat : NULL};
  const unsigned all = (1u << arity) - 1;
  if (kb_is_half(dtype) || uniform == all) {
    kb_program program = {.inputs = (uint16_t)arity, .count = 1};
    program.code[0] = (kb_instruction){(uint8_t)opcode, 0, 1, 0};
    return kb_elementwise(&program, dtype, 1, dims, arrays, strides, out);
  }
  kb_nest nest;
  const size_t sizes[2] = {size, size};
  const size_t out_size = kb_opcode_is_predicate(opcode) ? 1 : size;
  kb_nest_init(&nest, 1, dims, arity, arrays, sizes, strides, out, out_size);
  single s = {kb_find_kernel(opcode, dtype), uniform, arity};
  const unsigned cost = kb_opcode_cost(opcode, dtype);
  const bool by_itself = kb_opcode_streams(opcode, dtype);
  if (opcode != KB_OP_copy && kb_cost_streams(cost, by_itself) && kb_nest_streams(&nest)) {
    nest.fence = by_itself;
    if (nest.fence) s.uniform |= KB_STREAM;
    else nest.stage = 512;
  }
  return kb_nest_run(&nest, SIZE_MAX, cost, 0, single_body, &s);
}

kb_status kb_unary(kb_opcode opcode, kb_dtype dtype, size_t count, const void *x, void *out) {
  if (count * kb_dtype_size(dtype) * kb_opcode_cost(opcode, dtype) <= SERIAL_BYTES
      && !kb_is_half(dtype))
    return kb_find_kernel(opcode, dtype)(count, x, x, x, out, 0);
  const void *const arrays[1] = {x};
  return run_single(opcode, dtype, count, arrays, 1, 0, out);
}

kb_status kb_binary(kb_opcode opcode, kb_dtype dtype, size_t count, const void *x, bool x_uniform,
                    const void *y, bool y_uniform, void *out) {
  const unsigned uniform = (unsigned)x_uniform | (unsigned)y_uniform << 1;
  if (count * kb_dtype_size(dtype) * kb_opcode_cost(opcode, dtype) <= SERIAL_BYTES
      && !kb_is_half(dtype) && uniform != 3)
    return kb_find_kernel(opcode, dtype)(count, x, y, x, out, uniform);
  const void *const arrays[2] = {x, y};
  return run_single(opcode, dtype, count, arrays, 2, uniform, out);
}

void kb_scalar_run(size_t count, const kb_scalar_op *operations) {
  for (const kb_scalar_op *o = operations; o < operations + count; o++)
    *o->z = o->y ? kb_binary_scalar(o->opcode, o->dtype, *o->x, *o->y, NULL)
                 : kb_unary_scalar(o->opcode, o->dtype, *o->x);
}
