// The loop nest of every kernel that writes a contiguous array from strided ones: collapses
// dimensions, cuts the work into tasks, and hands to a body runs of elements that are contiguous or
// all the same.
#ifndef KB_ELEMENTWISE_NEST_H
#define KB_ELEMENTWISE_NEST_H

#include "include/kb_program.h"

// Dimensions of size 1 are dropped and adjacent ones merged, so that 32 of size 2 or more remain at
// most (2^32 elements).
#define KB_NEST_RANK 40

typedef struct kb_nest_input {
  const char *base;
  size_t size;                     // bytes of an element
  intptr_t strides[KB_NEST_RANK]; // bytes, innermost first
} kb_nest_input;

// Computes n outputs. in[i] is n elements, or one when bit i of the nest's `uniform` is set.
// `scratch` is 64-byte aligned.
typedef kb_status (*kb_nest_body)(const void *context, size_t n, const void *const *in, void *out,
                                  char *scratch);

typedef struct kb_nest {
  size_t rank, count, inputs, out_size;
  size_t dims[KB_NEST_RANK]; // innermost first
  char *out;
  unsigned uniform;  // inputs of which a run is a single element
  unsigned gathered; // inputs that are copied to scratch first
  unsigned periodic; // of those, the ones that repeat with the innermost dimension
  bool flat;         // runs cross rows: the innermost dimension is short
  size_t stage; // bytes of the blocks of results made in cache and streamed from there, or 0
  bool fence;   // the body streams by itself
  // Set by kb_nest_run.
  size_t block, chunk, tile_rows, grain, row_groups, chunks, pitch;
  size_t scratch, stage_offset, body_offset;
  kb_nest_body body;
  const void *context;
  _Atomic int status;
  kb_nest_input in[KB_MAX_INPUTS];
} kb_nest;

// `strides` may be NULL, as may each of its entries: contiguous.
void kb_nest_init(kb_nest *nest, size_t rank, const intptr_t *dims, size_t inputs,
                  const void *const *bases, const size_t *sizes, const intptr_t *const *strides,
                  void *out, size_t out_size);

// Whether results should go around the caches, as what is read and written exceeds them. Every
// run's output is then 64-byte aligned.
bool kb_nest_streams(const kb_nest *nest);

// Runs have at most `block` elements (a multiple of 64, or SIZE_MAX). `cost` is that of an element
// in units of an add. `scratch` bytes are lent to each call of the body.
kb_status kb_nest_run(kb_nest *nest, size_t block, size_t cost, size_t scratch, kb_nest_body body,
                      const void *context);

#endif
