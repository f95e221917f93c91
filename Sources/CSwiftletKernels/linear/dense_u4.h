#ifndef SWL_DENSE_U4_H
#define SWL_DENSE_U4_H

#include "linear_kernels.h"

/// Eight outputs of a group: their scales and offsets, and behind them the codes, 32 bytes for every eight inputs.
typedef struct {
  uint16_t scales[8], offsets[8]; // f16
} swl_u4_group;

enum { SWL_U4_OUTPUTS = 8, SWL_U4_INPUTS = 8, SWL_U4_TOKENS = 4 };

/// A token as a kernel reads it.
typedef struct {
  const int8_t *x;         // [inputs]
  const float *group_sums; // [groups] of x
} swl_u4_token;

/// A dense kernel of 4-bit weights; dense_u4.c is the frame.
typedef struct {
  /// Adds up 8 outputs for up to 4 tokens, to sums[tokens][SWL_BLOCK].
  void (*sums)(size_t tokens, const swl_u4_token *x, const void *packed, size_t groups, size_t group_size, float *sums);
  swl_linear_finish *finish;
} swl_dense_u4;

extern const swl_dense_u4 swl_dense_u4_avx2, swl_dense_u4_neon, swl_dense_u4_neondot;

#endif
