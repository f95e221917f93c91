// A block is two steps of two weights an output: a table look-up gathers all four inputs, and one instruction multiplies
// them. A window is eight inputs. A dot_*_neon*.h is included before. Included by the ISA files.

#include "sparse_few_codes.h"
#include "sparse_few_vector.h"

enum { WINDOW = 8, STEPS = 2 };

/// Bytes of the inputs of a block that the first and the second weights of its steps multiply: step 0 of 8 outputs, then
/// step 1.
typedef struct {
  uint8x16_t first, second;
} choice;

typedef choice chooser(const uint8_t *codes, size_t windows);

/// Where the window of each step begins.
SWL_INLINE uint8x16_t window_starts(size_t start_of_second) {
  return vcombine_u8(vdup_n_u8(0), vdup_n_u8((uint8_t)start_of_second));
}

/// 4 bits for each step.
SWL_INLINE uint8x16_t short_codes(const uint8_t *codes) {
  const uint8x8_t both = vld1_u8(codes);
  return vcombine_u8(vand_u8(both, vdup_n_u8(15)), vshr_n_u8(both, 4));
}

/// 2:4: one of the six pairs of four.
SWL_INLINE choice choice_of_four(const uint8_t *codes, size_t windows) {
  (void)windows;
  static const uint8_t firsts[16] = {0, 0, 0, 1, 1, 2}, seconds[16] = {1, 2, 3, 2, 3, 3};
  const uint8x16_t pairs = short_codes(codes), starts = window_starts(4);
  return (choice){vaddq_u8(vqtbl1q_u8(vld1q_u8(firsts), pairs), starts),
                  vaddq_u8(vqtbl1q_u8(vld1q_u8(seconds), pairs), starts)};
}

/// 1:4: a position in each half of the window, 2 bits each.
SWL_INLINE choice choice_of_halves(const uint8_t *codes, size_t windows) {
  (void)windows;
  const uint8x16_t both = short_codes(codes), starts = window_starts(WINDOW);
  return (choice){vaddq_u8(vandq_u8(both, vdupq_n_u8(3)), starts),
                  vaddq_u8(vaddq_u8(vshrq_n_u8(both, 2), vdupq_n_u8(4)), starts)};
}

/// 2:8 and 4:8: two positions of eight, 4 bits each.
SWL_INLINE choice choice_of_eight(const uint8_t *codes, size_t windows) {
  const uint8x16_t both = vld1q_u8(codes), starts = window_starts(windows == 2 ? WINDOW : 0);
  return (choice){vaddq_u8(vandq_u8(both, vdupq_n_u8(15)), starts), vaddq_u8(vshrq_n_u8(both, 4), starts)};
}

/// Four bytes of each output, two of each step: those of outputs 0 to 3, then those of 4 to 7.
typedef struct {
  uint8x16_t part[2];
} fours;

SWL_INLINE fours joined_steps(uint8x16_t step_0, uint8x16_t step_1) {
  const uint16x8_t a = vreinterpretq_u16_u8(step_0), b = vreinterpretq_u16_u8(step_1);
  return (fours){{vreinterpretq_u8_u16(vzip1q_u16(a, b)), vreinterpretq_u8_u16(vzip2q_u16(a, b))}};
}

SWL_INLINE void add_fours(chooser choice_of, size_t windows, size_t code_bits, size_t tokens, const uint8_t *x,
                          size_t x_stride, const uint8_t *w, size_t blocks, int32_t *to) {
  const size_t weights_size = STEPS * SWL_FEW_OUTPUTS * 2, code_size = STEPS * code_bits / 8;
  int32x4_t sums[SWL_FEW_TOKENS][2];
  for (size_t t = 0; t < tokens; t++)
    sums[t][0] = sums[t][1] = vdupq_n_s32(0);
  for (; blocks > 0; blocks--, w += weights_size + SWL_FEW_OUTPUTS * code_size, x += windows * WINDOW) {
    const choice chosen = choice_of(w + weights_size, windows);
    const fours at = joined_steps(vzip1q_u8(chosen.first, chosen.second), vzip2q_u8(chosen.first, chosen.second));
    const fours weights = joined_steps(vld1q_u8(w), vld1q_u8(w + 2 * SWL_FEW_OUTPUTS));
    for (size_t t = 0; t < tokens; t++) {
      const uint8_t *window = x + t * x_stride;
      const uint8x16_t inputs =
          windows == 2 ? vld1q_u8(window) : vcombine_u8(vld1_u8(window), vdup_n_u8(0));
      for (size_t i = 0; i < 2; i++)
        sums[t][i] = add_products(sums[t][i], vreinterpretq_s8_u8(vqtbl1q_u8(inputs, at.part[i])),
                                  vreinterpretq_s8_u8(weights.part[i]));
    }
  }
  for (size_t t = 0; t < tokens; t++)
    for (size_t i = 0; i < 2; i++)
      vst1q_s32(to + t * SWL_BLOCK + 4 * i, sums[t][i]);
}

/// Bytes less TAKEN.
static void convert(const void *x, swl_type x_type, size_t inputs, void *converted) {
  if (TAKEN)
    flip_bytes(x, x_type, inputs, converted);
  else
    memcpy(converted, x, inputs);
}

#define SWL_FEW_KERNEL(name, of_kept, of_group, of_windows, of_code_bits, kind)                                        \
  SWL_FEW_SUMS(name##_sums, add_fours, choice_of_##kind, of_windows, of_code_bits)                                     \
  const swl_sparse_few SWL_ISA_NAME(name) = {.type = SWL_S8,                                                           \
                                             .kept = of_kept,                                                          \
                                             .group = of_group,                                                        \
                                             .together = 2,                                                            \
                                             .steps = STEPS,                                                           \
                                             .window = WINDOW,                                                         \
                                             .windows = of_windows,                                                    \
                                             .code_bits = of_code_bits,                                                \
                                             .code = swl_few_code_of_##kind,                                           \
                                             .x_size = sizeof(uint8_t),                                                \
                                             .convert = convert,                                                       \
                                             .taken = TAKEN,                                                           \
                                             .sums = name##_sums,                                                      \
                                             .finish = swl_linear_finish_neon};

SWL_FEW_KERNEL(swl_few_2_4_s8, 2, 4, 1, 4, four)
SWL_FEW_KERNEL(swl_few_1_4_s8, 1, 4, 2, 4, halves)
SWL_FEW_KERNEL(swl_few_4_8_s8, 4, 8, 1, 8, eight)
SWL_FEW_KERNEL(swl_few_2_8_s8, 2, 8, 2, 8, eight)
