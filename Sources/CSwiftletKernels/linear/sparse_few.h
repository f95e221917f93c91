#ifndef SWL_SPARSE_FEW_H
#define SWL_SPARSE_FEW_H

#include "linear_kernels.h"

/// Outputs of a vector, the most tokens of a register tile, and how many times 8 outputs one token takes side by side.
enum { SWL_FEW_OUTPUTS = 8, SWL_FEW_TOKENS = 6, SWL_FEW_TILES = 4 };

/// Adds up `blocks` blocks of 8 outputs for up to 6 tokens, to sums[tokens][SWL_BLOCK].
typedef void swl_few_sums(size_t tokens, const void *x, size_t x_stride, const uint8_t *packed, size_t blocks,
                          void *sums);

/// The same for one token and SWL_FEW_TILES times 8 outputs, which lie `tile_size` bytes apart.
typedef void swl_few_one_token(const void *x, const uint8_t *packed, size_t tile_size, size_t blocks, void *sums);

/// A sparse kernel for few tokens; sparse_few.c is the frame. A step takes the weights of which one instruction
/// multiplies one output's: `together` kept ones. It chooses their inputs from a window.
typedef struct {
  swl_type type;      // of the plain weights
  size_t kept, group; // the pattern it computes
  size_t together;    // 2 or 1
  size_t steps;       // of a block
  size_t window;      // inputs of a window
  size_t windows;     // of a block: each serves as many of its steps, in order
  size_t code_bits;   // of a step
  /// What names the positions of a step's weights in its window; `second` only where two are together.
  uint8_t (*code)(size_t first, size_t second);
  size_t x_size; // bytes of an element of x that `sums` reads
  void (*convert)(const void *x, swl_type x_type, size_t inputs, void *converted); // one token
  int32_t taken; // that `convert` takes away from every byte
  swl_few_sums *sums;
  swl_few_one_token *one_token; // NULL where `sums` is as fast
  swl_linear_finish *finish;
} swl_sparse_few;

extern const swl_sparse_few swl_few_2_4_s8_avx2, swl_few_1_4_s8_avx2, swl_few_4_8_s8_avx2, swl_few_2_8_s8_avx2;
extern const swl_sparse_few swl_few_2_4_f32_avx2, swl_few_1_4_f32_avx2, swl_few_4_8_f32_avx2, swl_few_2_8_f32_avx2;
extern const swl_sparse_few swl_few_2_4_bf16_avx2, swl_few_1_4_bf16_avx2, swl_few_4_8_bf16_avx2, swl_few_2_8_bf16_avx2;
extern const swl_sparse_few swl_few_2_4_s8_neon, swl_few_1_4_s8_neon, swl_few_4_8_s8_neon, swl_few_2_8_s8_neon;
extern const swl_sparse_few swl_few_2_4_s8_neondot, swl_few_1_4_s8_neondot, swl_few_4_8_s8_neondot,
    swl_few_2_8_s8_neondot;
extern const swl_sparse_few swl_few_2_4_s8_neoni8mm, swl_few_1_4_s8_neoni8mm, swl_few_4_8_s8_neoni8mm,
    swl_few_2_8_s8_neoni8mm;
extern const swl_sparse_few swl_few_2_4_f32_neon, swl_few_1_4_f32_neon, swl_few_4_8_f32_neon, swl_few_2_8_f32_neon;
extern const swl_sparse_few swl_few_2_4_bf16_neon, swl_few_1_4_bf16_neon, swl_few_4_8_bf16_neon, swl_few_2_8_bf16_neon;

#endif
