// The register tile of dense layers on instructions that multiply matrices: 8 bytes of two tokens with 8 bytes of two
// outputs give four sums. The including file defines X_SIZE, the bytes of an element, `products`, a register of sums
// [2 tokens][2 outputs], and multiplied(sums, x, w). Included by the ISA files.

#include "convert_vector.h"
#include "dense.h"

enum { WIDTH = WIDE * LANES, BYTES = 8 }; // outputs of a block; bytes of a step of an output or token

/// Up to BYTES bytes of two tokens, zeros behind.
SWL_INLINE uint8x16_t two_tokens(const char *const *tokens, size_t at, size_t size) {
  uint8_t both[2 * BYTES] = {0};
  memcpy(both, tokens[0] + at, size);
  memcpy(both + BYTES, tokens[1] + at, size);
  return vld1q_u8(both);
}

/// A last token without a neighbour is multiplied twice.
SWL_INLINE void tile(size_t pairs, size_t vectors, size_t tokens, const char *x, size_t x_stride, const uint8_t *w,
                     size_t size, int32_t *to) {
  const size_t registers = vectors * LANES / 2;
  const char *at[6];
  products sums[3][WIDTH / 2];
  for (size_t t = 0; t < 2 * pairs; t++)
    at[t] = x + swl_min(t, tokens - 1) * x_stride;
  for (size_t p = 0; p < pairs; p++)
    for (size_t r = 0; r < registers; r++)
      sums[p][r] = (products){};

  size_t i = 0;
  for (; i + BYTES <= size; i += BYTES, w += registers * 16) {
    uint8x16_t inputs[3];
    for (size_t p = 0; p < pairs; p++)
      inputs[p] = two_tokens(at + 2 * p, i, BYTES);
#pragma clang loop unroll(full)
    for (size_t r = 0; r < registers; r++) {
      const uint8x16_t weights = vld1q_u8(w + r * 16);
      for (size_t p = 0; p < pairs; p++)
        sums[p][r] = multiplied(sums[p][r], inputs[p], weights);
    }
  }
  if (i < size) // the packed weights are zero beyond the inputs
    for (size_t p = 0; p < pairs; p++)
      for (size_t r = 0; r < registers; r++)
        sums[p][r] = multiplied(sums[p][r], two_tokens(at + 2 * p, i, size - i), vld1q_u8(w + r * 16));

  for (size_t p = 0; p < pairs; p++)
    for (size_t r = 0; r < registers; r += 2) {
      const int64x2_t a = (int64x2_t)sums[p][r], b = (int64x2_t)sums[p][r + 1];
      int32_t *row = to + 2 * p * SWL_BLOCK + 2 * r;
      vst1q_s32(row, vreinterpretq_s32_s64(vzip1q_s64(a, b)));
      if (2 * p + 1 < tokens)
        vst1q_s32(row + SWL_BLOCK, vreinterpretq_s32_s64(vzip2q_s64(a, b)));
    }
}

static void sums(size_t tokens, size_t vectors, const void *x, size_t x_stride, const void *weights, size_t inputs,
                 void *to) {
  const size_t pairs = swl_divide_up(tokens, 2), size = inputs * X_SIZE;
  switch (pairs * 4 + vectors) {
  case 1 * 4 + 1:
    return tile(1, 1, tokens, x, x_stride, weights, size, to);
  case 2 * 4 + 1:
    return tile(2, 1, tokens, x, x_stride, weights, size, to);
  case 3 * 4 + 1:
    return tile(3, 1, tokens, x, x_stride, weights, size, to);
  case 1 * 4 + 2:
    return tile(1, 2, tokens, x, x_stride, weights, size, to);
  case 2 * 4 + 2:
    return tile(2, 2, tokens, x, x_stride, weights, size, to);
  default:
    return tile(3, 2, tokens, x, x_stride, weights, size, to);
  }
}
