#ifndef SWL_SPARSE_S8_H
#define SWL_SPARSE_S8_H

#include "linear_kernels.h"

/// Four kept weights of each of four outputs in a window of 16 inputs: 16 bits a kept weight, unused ones are zero.
typedef struct {
  uint8_t index[4][4]; // position in the window
  int8_t weight[4][4];
} swl_window;
_Static_assert(sizeof(swl_window) == 32, "a window is loaded as two vectors of 16 bytes");

enum { SWL_WINDOW = 16, SWL_WINDOW_OUTPUTS = 16, SWL_WINDOW_TOKENS = 4 };

/// A sparse int8 kernel; sparse_s8.c is the frame.
typedef struct {
  size_t vectors; // of 4 tokens in a register tile, at most 5
  int32_t taken;  // that `sums` takes away from every byte of x
  /// Adds up `vectors` vectors of 4 tokens and 16 outputs, to sums[vectors * 4][SWL_BLOCK].
  /// x is [windows][vectors][4 tokens][16 inputs]; window i has blocks[i] times 4 entries of w.
  void (*sums)(size_t vectors, const uint8_t *x, const uint8_t *blocks, size_t windows, const swl_window *w,
               int32_t *to);
  swl_linear_finish *finish;
} swl_sparse_s8;

extern const swl_sparse_s8 swl_sparse_s8_avx2, swl_sparse_s8_avx512vnni;
extern const swl_sparse_s8 swl_sparse_s8_neon, swl_sparse_s8_neondot, swl_sparse_s8_neoni8mm;

#endif
