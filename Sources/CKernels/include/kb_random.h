// Random numbers: PyTorch's CPU stream, bit for bit (MT19937 and the samplers on top of it).
//
// Every sampler fills `count` contiguous elements in the order in which it draws. For an output
// that is not contiguous that order is the memory order (dimensions sorted by stride, smallest
// innermost): the caller samples into a contiguous array and permutes. A count of 0 draws nothing.
//
// A sampler changes its generator; two threads must not use one generator at a time. All samplers
// are serial, so the bits never depend on the number of threads. Results in float64 and of laws
// computed through logarithms and the like depend on the C library's libm, as PyTorch's do.
#ifndef KB_RANDOM_H
#define KB_RANDOM_H

#include "kb_types.h"

#define KB_GENERATOR_WORDS 624
#define KB_GENERATOR_STATE_BYTES 5056
#define KB_GENERATOR_DEFAULT_SEED 67280421310721u

// Plain data: copying the struct copies the generator.
typedef struct kb_generator {
  uint32_t words[KB_GENERATOR_WORDS];
  uint32_t left; // 1…624; a block is regenerated when it reaches 0
  uint32_t next; // the word to take next
  uint64_t seed; // as given; only its low 32 bits reach the words
  double normal; // the second of a Box-Muller pair, a standard normal
  float float_normal; // part of the saved state; no sampler sets it
  bool has_normal, has_float_normal;
} kb_generator;

// Restarts the stream and forgets cached normals.
void kb_generator_seed(kb_generator *generator, uint64_t seed);
uint32_t kb_generator_next32(kb_generator *generator);
// Two words, the first one is the high half.
uint64_t kb_generator_next64(kb_generator *generator);

// The 5056 bytes of torch.get_rng_state(), little endian on every machine.
void kb_generator_get_state(const kb_generator *generator, uint8_t *state);
// KB_INVALID_VALUE, and an unchanged generator, for another size, an unseeded state or counters out
// of range (a state whose counters would run past the last word included).
kb_status kb_generator_set_state(kb_generator *generator, const uint8_t *state, size_t size);

// Uniform on [from, to). Floating and complex dtypes (complex: both parts of each element).
void kb_random_uniform(kb_generator *generator, kb_dtype dtype, size_t count, double from,
                       double to, void *out);

// Normal. Floating and complex dtypes; each part of a complex element has deviation std / sqrt(2).
// `contiguous` tells whether the tensor to be filled is: from 16 values on (a complex element is
// two) a contiguous one is drawn in blocks of 16, everything else one by one in double.
void kb_random_normal(kb_generator *generator, kb_dtype dtype, size_t count, double mean,
                      double std, bool contiguous, void *out);

// exp of a normal. Floating dtypes.
void kb_random_log_normal(kb_generator *generator, kb_dtype dtype, size_t count, double mean,
                          double std, void *out);
// Density rate · exp(−rate · x). Floating dtypes.
void kb_random_exponential(kb_generator *generator, kb_dtype dtype, size_t count, double rate,
                           void *out);
// Floating dtypes.
void kb_random_cauchy(kb_generator *generator, kb_dtype dtype, size_t count, double median,
                      double sigma, void *out);
// Number of trials up to the first success, 0 < p < 1. Floating and integer dtypes.
void kb_random_geometric(kb_generator *generator, kb_dtype dtype, size_t count, double p,
                         void *out);

// 1 with probability p, else 0, in any real dtype.
void kb_random_bernoulli(kb_generator *generator, kb_dtype dtype, size_t count, double p,
                         void *out);
// One probability for each element, of a floating dtype. KB_INVALID_VALUE, with nothing drawn, when
// one is not in [0, 1].
kb_status kb_random_bernoulli_each(kb_generator *generator, kb_dtype probability_dtype,
                                   const void *probabilities, kb_dtype dtype, size_t count,
                                   void *out);

// Integers in [low, high), low < high, in any real dtype. For a floating dtype both bounds must be
// within its range; they are moved inward to values that it represents. KB_INVALID_VALUE, with
// nothing drawn, when they cross then.
kb_status kb_random_integers(kb_generator *generator, kb_dtype dtype, size_t count, int64_t low,
                             int64_t high, void *out);
// Integers from low to the largest of the dtype, inclusive (2^24 for float32, 2^53 for float64,
// 2^11 for float16, 2^8 for bfloat16).
void kb_random_integers_from(kb_generator *generator, kb_dtype dtype, size_t count, int64_t low,
                             void *out);
// Integers from 0 to that largest value, inclusive: PyTorch's `random_()`.
void kb_random_integers_full(kb_generator *generator, kb_dtype dtype, size_t count, void *out);

// The numbers 0 … count − 1 in random order, in any real dtype.
void kb_random_permutation(kb_generator *generator, kb_dtype dtype, size_t count, void *out);

// One rate for each element; rates and results have `dtype`, a floating one. KB_INVALID_VALUE, with
// nothing drawn, when a rate is negative, infinite or NaN.
kb_status kb_random_poisson(kb_generator *generator, kb_dtype dtype, size_t count,
                            const void *rates, void *out);
// Gamma of scale 1, one shape parameter for each element, at least the smallest normal number; a
// floating dtype (half types compute as float32). KB_INVALID_VALUE, with nothing drawn, when a
// parameter is negative or NaN.
kb_status kb_random_standard_gamma(kb_generator *generator, kb_dtype dtype, size_t count,
                                   const void *alphas, void *out);

// Row by row `samples` category indices, drawn in proportion to weights[rows × categories] of a
// floating dtype. Without replacement `samples` ≤ `categories`. `by_columns`: the tensor of weights lies
// with its rows innermost in memory, in which order PyTorch then draws the waiting times of a draw
// without replacement. KB_INVALID_VALUE, with nothing drawn, when a weight is negative, infinite or NaN
// or a row has no positive weight.
kb_status kb_random_multinomial(kb_generator *generator, kb_dtype dtype, size_t rows,
                                size_t categories, const void *weights, bool by_columns,
                                size_t samples, bool replacement, int64_t *out);

// What dropout multiplies with: 0 with probability p, else 1 / (1 − p) rounded to the dtype, 0 < p
// < 1. Floating dtypes. (PyTorch draws nothing for p = 0 and p = 1.)
void kb_random_dropout_noise(kb_generator *generator, kb_dtype dtype, size_t count, double p,
                             void *out);
// A training RReLU: out = x · slope. The slope is uniform on [lower, upper) where x ≤ 0, which
// alone draws, else 1; `slopes` gets it rounded to the dtype, the product takes it in float or
// double. Floating dtypes. `out` may be `x`.
void kb_random_rrelu(kb_generator *generator, kb_dtype dtype, size_t count, double lower,
                     double upper, const void *x, void *slopes, void *out);

#endif
