// N:M sparse int8: a table look-up gathers a token's inputs for four kept weights of four outputs. A dot_*_neon*.h is
// included before. Included by the ISA files.

#include "sparse_s8.h"

/// Four tokens, a register each.
static void add_tokens(const uint8_t *x, size_t window_stride, const uint8_t *blocks, size_t windows,
                       const swl_window *w, int32_t *to) {
  int32x4_t sums[SWL_WINDOW_TOKENS][4] = {};
  for (size_t i = 0; i < windows; i++, x += window_stride) {
    int8x16_t inputs[SWL_WINDOW_TOKENS];
    for (size_t t = 0; t < SWL_WINDOW_TOKENS; t++)
      inputs[t] = vreinterpretq_s8_u8(veorq_u8(vld1q_u8(x + t * SWL_WINDOW), vdupq_n_u8(TAKEN)));
    for (size_t block = blocks[i]; block > 0; block--, w += 4)
#pragma clang loop unroll(full)
      for (size_t r = 0; r < 4; r++) {
        const uint8x16_t index = vld1q_u8(w[r].index[0]);
        const int8x16_t weight = vld1q_s8(w[r].weight[0]);
        for (size_t t = 0; t < SWL_WINDOW_TOKENS; t++)
          sums[t][r] = add_products(sums[t][r], vqtbl1q_s8(inputs[t], index), weight);
      }
  }
  for (size_t t = 0; t < SWL_WINDOW_TOKENS; t++)
    for (size_t r = 0; r < 4; r++)
      vst1q_s32(to + t * SWL_BLOCK + 4 * r, sums[t][r]);
}

static void sums(size_t vectors, const uint8_t *x, const uint8_t *blocks, size_t windows, const swl_window *w,
                 int32_t *to) {
  for (size_t v = 0; v < vectors; v++)
    add_tokens(x + v * SWL_WINDOW_TOKENS * SWL_WINDOW, vectors * SWL_WINDOW_TOKENS * SWL_WINDOW, blocks, windows, w,
               to + v * SWL_WINDOW_TOKENS * SWL_BLOCK);
}

const swl_sparse_s8 SWL_ISA_NAME(swl_sparse_s8) = {5, TAKEN, sums, swl_linear_finish_neon};
