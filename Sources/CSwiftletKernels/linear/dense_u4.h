#ifndef SWL_DENSE_U4_H
#define SWL_DENSE_U4_H

#include "linear_kernels.h"

/// Eight outputs of a group: their scales and offsets, and behind them the codes, 32 bytes for every eight inputs.
typedef struct {
  uint16_t scales[8], offsets[8]; // f16
} swl_u4_group;

/// One token takes as many tiles of outputs side by side.
enum { SWL_U4_OUTPUTS = 8, SWL_U4_INPUTS = 8, SWL_U4_TOKENS = 4, SWL_U4_TILES = 4 };

/// A token as a kernel reads it.
typedef struct {
  const int8_t *x;         // [inputs]
  const float *group_sums; // [groups] of x, times their scales
  const float *scales;     // [groups] of x
} swl_u4_token;

/// A dense kernel of 4-bit weights; dense_u4.c is the frame.
typedef struct {
  /// Adds up 8 outputs for up to 4 tokens, to sums[tokens][SWL_BLOCK].
  void (*sums)(size_t tokens, const swl_u4_token *x, const void *packed, size_t groups, size_t group_size, float *sums);
  swl_linear_finish *finish;
  /// One token and SWL_U4_TILES times 8 outputs, which lie `tile_size` bytes apart; NULL where `sums` is as fast.
  void (*one_token)(const swl_u4_token *x, const void *packed, size_t tile_size, size_t groups, size_t group_size,
                    float *sums);
} swl_dense_u4;

extern const swl_dense_u4 swl_dense_u4_avx2, swl_dense_u4_neon, swl_dense_u4_neondot;

#endif
