// Chains of fused groups and reductions of rows, a block of rows at a time: what lies between the steps of a
// chain stays in the cache of the processor that computes it.
//
// A chain is put together once and run often. Its values are an element for each place of a matrix (wide) or
// for each of its rows (narrow). Steps run in the order in which they are added.
#ifndef KB_ROWS_H
#define KB_ROWS_H

#include "kb_fused.h"
#include "kb_reduce.h"

typedef struct kb_rows kb_rows;

// Of rows of two elements and more, shorter than KB_ROWS_LONGEST: longer ones are reduced in segments. What is
// no operand of a group lies in memory row by row; the wide operand of kb_rows_add_at may be one element.
#define KB_ROWS_LONGEST 65536
kb_rows *_Nonnull kb_rows_make(size_t rows, size_t columns);
void kb_rows_free(kb_rows *_Nonnull chain);

// Each gives the number of a value of `size` bytes an element. Addresses are passed to kb_rows_run in the
// order in which inputs and outputs are added. Strides of inputs are in elements, as far as they apply.
int kb_rows_input(kb_rows *_Nonnull chain, size_t size, bool wide, intptr_t row_stride,
                  intptr_t column_stride);
int kb_rows_output(kb_rows *_Nonnull chain, size_t size, bool wide);
int kb_rows_scratch(kb_rows *_Nonnull chain, size_t size, bool wide);

// A step: a group of which `values` are the inputs and then the outputs. Outputs of a wide group are wide, and
// narrow inputs repeat for each row; those of another one are narrow. It outlives the chain.
void kb_rows_group(kb_rows *_Nonnull chain, const kb_fused *_Nonnull group, bool wide,
                   const int *_Nonnull values);
// A step: reduces each row of a wide value to an element of a narrow one, with the bits of kb_reduce (the sum,
// the mean, the largest or smallest element).
void kb_rows_reduction(kb_rows *_Nonnull chain, kb_reduction op, kb_dtype dtype, int wide,
                       int narrow);
// A step: the column of each row's largest (smallest) element, an int64, as kb_arg_reduce gives it.
void kb_rows_arg(kb_rows *_Nonnull chain, bool largest, kb_dtype dtype, int wide, int index);
// A step: the element of each row in the column that `index` has for it.
void kb_rows_pick(kb_rows *_Nonnull chain, int wide, int index, int narrow);
// A step: `result` is `wide` with narrow[row] added in the column that `index` has for the row.
void kb_rows_add_at(kb_rows *_Nonnull chain, kb_dtype dtype, int wide, int index, int narrow,
                    int result);

// Whether an output may lie where an input does, by their places in the list of addresses.
bool kb_rows_may_replace(const kb_rows *_Nonnull chain, size_t output, size_t input);

// Ends the list of steps.
void kb_rows_finish(kb_rows *_Nonnull chain);
// False if an index is out of range.
bool kb_rows_run(const kb_rows *_Nonnull chain, void *_Nonnull const *_Nonnull memory);

#endif
