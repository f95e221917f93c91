#ifndef SWL_SPARSE_ROWS_H
#define SWL_SPARSE_ROWS_H

#include "linear_kernels.h"

/// A word of weights, and the row of its expanded unit that it multiplies.
typedef struct {
  uint32_t word;
  size_t row;
} swl_step;

/// Inputs that are expanded together, the rows they become, and the steps an output takes over them.
typedef struct {
  size_t inputs, rows, steps;
} swl_unit;

/// The packed steps of neighbouring outputs over one block of the expanded panel.
typedef struct {
  size_t outputs, steps;
  const uint32_t *words; // [outputs][steps]
  const uint8_t *rows;   // [outputs][steps], numbers in the block
} swl_steps;

/// A sparse kernel whose lanes are tokens; sparse_rows.c is the frame.
typedef struct {
  swl_type type;      // of the plain weights
  size_t kept, group; // the pattern it computes, or 0 for all
  size_t row_size;    // bytes of an expanded row, for `vectors` vectors of tokens
  size_t lanes;       // tokens of a vector of sums
  size_t vectors;     // most of them in a panel
  swl_unit (*unit)(const swl_linear_shape *shape);
  /// Step i of an output: its row lies in unit i / unit.steps.
  swl_step (*step)(const swl_linear_weights *weights, size_t output, size_t i);
  size_t convert_size;  // bytes of an element of x that `expand` reads
  swl_type direct_type; // the x_type that needs no conversion
  void (*convert)(const void *x, swl_type x_type, size_t inputs, void *converted); // one token; or NULL: never needed
  /// Expands the inputs of `tokens` tokens to rows, zeros for the rest of `vectors` vectors.
  void (*expand)(const void *x, size_t x_stride_in_bytes, size_t inputs, size_t tokens, size_t vectors, char *rows);
  /// Adds `steps` steps of each of `outputs` outputs to sums[outputs][vectors][lanes]; starts from zero if
  /// `first`. Sums of s8 are int32.
  void (*add)(size_t vectors, const swl_steps *steps, const char *block, bool first, float *sums);
  /// Turns sums[SWL_BLOCK][stride] of `lanes` tokens into [lanes][SWL_BLOCK].
  void (*transpose)(const float *sums, size_t stride, float *to);
  swl_linear_finish *finish;
} swl_sparse_rows;

extern const swl_sparse_rows swl_sparse_f32_avx2, swl_sparse_f32_avx512;
extern const swl_sparse_rows swl_sparse_bf16_avx2, swl_sparse_bf16_avx512;
extern const swl_sparse_rows swl_sparse_2_4_bf16_avx512bf16, swl_sparse_1_4_bf16_avx512bf16;
extern const swl_sparse_rows swl_sparse_2_4_s8_avx2, swl_sparse_1_4_s8_avx2, swl_sparse_4_8_s8_avx2,
    swl_sparse_2_8_s8_avx2;
extern const swl_sparse_rows swl_sparse_f32_neon, swl_sparse_bf16_neon;
extern const swl_sparse_rows swl_sparse_2_4_bf16_neonbf16, swl_sparse_1_4_bf16_neonbf16;

#endif
