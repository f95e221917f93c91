// f32, and bf16 widened to it: a permutation of the window gathers the input of each output. A block is four steps. The
// including file defines chosen_of_four(window, codes), whose codes' lowest two bits choose, and chosen_of_eight, whose
// lowest three do.

#include "sparse_few_vector.h"

enum { STEPS = 4 };

static uint8_t position(size_t first, size_t second) {
  (void)second;
  return (uint8_t)first;
}

SWL_INLINE floats weights_f32(const uint8_t *w) { return load((const float *)w); }

SWL_INLINE floats weights_bf16(const uint8_t *w) {
  halves h;
  memcpy(&h, w, sizeof h);
  return from_bf16(h);
}

/// Sums have two parts, the steps of even and of odd number, so that enough additions are under way; for any number of
/// tokens the same, as a token's sum must not depend on its neighbours.
SWL_INLINE void add_singles(floats chosen(const float *, words), floats weights_at(const uint8_t *), size_t size,
                            size_t window, size_t windows, size_t code_bits, size_t tiles, size_t tile_size,
                            size_t tokens, const char *x, size_t x_stride, const uint8_t *w, size_t blocks,
                            float *to) {
  const size_t weights_size = STEPS * SWL_FEW_OUTPUTS * size, code_size = STEPS * code_bits / 8;
  const size_t block_size = weights_size + SWL_FEW_OUTPUTS * code_size;
  floats sums[SWL_FEW_TILES][SWL_FEW_TOKENS][2];
  for (size_t tile = 0; tile < tiles; tile++)
    for (size_t t = 0; t < tokens; t++)
      sums[tile][t][0] = sums[tile][t][1] = splat(0);
  for (; blocks > 0; blocks--, w += block_size, x += windows * window * sizeof(float)) {
    ask_for(w, tiles, tile_size, block_size);
#pragma clang loop unroll(full)
    for (size_t step = 0; step < STEPS; step++)
#pragma clang loop unroll(full)
      for (size_t tile = 0; tile < tiles; tile++) {
        const uint8_t *block = w + tile * tile_size;
        const size_t bit = step * code_bits;
        const words codes = codes_at(block + weights_size + bit / 8 * SWL_FEW_OUTPUTS) >> (uint32_t)(bit % 8);
        const floats weights = weights_at(block + step * SWL_FEW_OUTPUTS * size);
        const char *inputs = x + step * windows / STEPS * window * sizeof(float);
        for (size_t t = 0; t < tokens; t++)
          sums[tile][t][step % 2] = multiply_add(chosen((const float *)(inputs + t * x_stride), codes), weights,
                                                 sums[tile][t][step % 2]);
      }
  }
  for (size_t tile = 0; tile < tiles; tile++)
    for (size_t t = 0; t < tokens; t++)
      store(to + t * SWL_BLOCK + tile * SWL_FEW_OUTPUTS, sums[tile][t][0] + sums[tile][t][1]);
}

static void copy_floats(const void *x, swl_type x_type, size_t inputs, void *converted) {
  (void)x_type;
  memcpy(converted, x, inputs * sizeof(float));
}

#define SWL_FEW_KERNEL(name, of_type, values, element, converts, of_kept, of_group, of_windows, of_code_bits, kind)    \
  SWL_FEW_SUMS(name##_sums, add_singles, chosen_of_##kind, weights_##values, sizeof(element), of_group, of_windows,    \
               of_code_bits, 1, 0)                                                                                     \
  SWL_FEW_ONE_TOKEN(name##_one_token, add_singles, chosen_of_##kind, weights_##values, sizeof(element), of_group,      \
                    of_windows, of_code_bits)                                                                          \
  const swl_sparse_few SWL_ISA_NAME(name) = {.type = of_type,                                                                        \
                               .kept = of_kept,                                                                        \
                               .group = of_group,                                                                      \
                               .together = 1,                                                                          \
                               .steps = STEPS,                                                                         \
                               .window = of_group,                                                                     \
                               .windows = of_windows,                                                                  \
                               .code_bits = of_code_bits,                                                              \
                               .code = position,                                                                       \
                               .x_size = sizeof(float),                                                                \
                               .convert = converts,                                                                    \
                               .sums = name##_sums,                                                                    \
                               .one_token = name##_one_token,                                                          \
                               .finish = SWL_ISA_NAME(swl_linear_finish)};

SWL_FEW_KERNEL(swl_few_2_4_f32, SWL_F32, f32, float, copy_floats, 2, 4, 2, 2, four)
SWL_FEW_KERNEL(swl_few_1_4_f32, SWL_F32, f32, float, copy_floats, 1, 4, 4, 2, four)
SWL_FEW_KERNEL(swl_few_4_8_f32, SWL_F32, f32, float, copy_floats, 4, 8, 1, 4, eight)
SWL_FEW_KERNEL(swl_few_2_8_f32, SWL_F32, f32, float, copy_floats, 2, 8, 2, 4, eight)
SWL_FEW_KERNEL(swl_few_2_4_bf16, SWL_BF16, bf16, uint16_t, round_to_bf16, 2, 4, 2, 2, four)
SWL_FEW_KERNEL(swl_few_1_4_bf16, SWL_BF16, bf16, uint16_t, round_to_bf16, 1, 4, 4, 2, four)
SWL_FEW_KERNEL(swl_few_4_8_bf16, SWL_BF16, bf16, uint16_t, round_to_bf16, 4, 8, 1, 4, eight)
SWL_FEW_KERNEL(swl_few_2_8_bf16, SWL_BF16, bf16, uint16_t, round_to_bf16, 2, 8, 2, 4, eight)
