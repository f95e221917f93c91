// Dense layers of 4-bit weights: codes are signed bytes as they are. A dot_s8s8_*.h is included before. Included by the
// ISA files.

#include "dense_u4.h"

enum { HALVES = 2 }; // of eight outputs: a register each

SWL_INLINE int8x16_t four_at(const int8_t *x) {
  uint32_t four;
  memcpy(&four, x, sizeof four);
  return broadcast_four(four);
}

SWL_INLINE float32x4_t halves_at(const uint16_t *p) { return vcvt_f32_f16((float16x4_t)vld1_u16(p)); }

SWL_INLINE void add_tokens(size_t tokens, const swl_u4_token *x, const char *packed, size_t groups, size_t group_size,
                           float *to) {
  float32x4_t sums[SWL_U4_TOKENS][HALVES];
  for (size_t t = 0; t < tokens; t++)
    sums[t][0] = sums[t][1] = vdupq_n_f32(0);
  for (size_t g = 0, at = 0; g < groups; g++) {
    const swl_u4_group *group = (const swl_u4_group *)packed;
    const uint8_t *codes = (const uint8_t *)(group + 1);
    packed = (const char *)(codes + SWL_U4_OUTPUTS * group_size / 2);
    int32x4_t of_group[SWL_U4_TOKENS][HALVES];
    for (size_t t = 0; t < tokens; t++)
      of_group[t][0] = of_group[t][1] = vdupq_n_s32(0);
    for (size_t end = at + group_size; at < end; at += SWL_U4_INPUTS)
#pragma clang loop unroll(full)
      for (size_t half = 0; half < HALVES; half++, codes += 16) {
        const uint8x16_t both = vld1q_u8(codes);
        const int8x16_t low = vreinterpretq_s8_u8(vandq_u8(both, vdupq_n_u8(15)));
        const int8x16_t high = vreinterpretq_s8_u8(vshrq_n_u8(both, 4));
        for (size_t t = 0; t < tokens; t++) {
          of_group[t][half] = add_products(of_group[t][half], four_at(x[t].x + at), low);
          of_group[t][half] = add_products(of_group[t][half], four_at(x[t].x + at + 4), high);
        }
      }
#pragma clang loop unroll(full)
    for (size_t half = 0; half < HALVES; half++) {
      const float32x4_t scales = halves_at(group->scales + 4 * half), offsets = halves_at(group->offsets + 4 * half);
      for (size_t t = 0; t < tokens; t++) {
        const float32x4_t both = vmulq_n_f32(scales, x[t].scales[g]);
        sums[t][half] = vfmaq_f32(sums[t][half], both, vcvtq_f32_s32(of_group[t][half]));
        sums[t][half] = vfmaq_n_f32(sums[t][half], offsets, x[t].group_sums[g]);
      }
    }
  }
  for (size_t t = 0; t < tokens; t++)
    for (size_t half = 0; half < HALVES; half++)
      vst1q_f32(to + t * SWL_BLOCK + 4 * half, sums[t][half]);
}

static void sums(size_t tokens, const swl_u4_token *x, const void *packed, size_t groups, size_t group_size,
                 float *to) {
  switch (tokens) {
  case 1:
    return add_tokens(1, x, packed, groups, group_size, to);
  case 2:
    return add_tokens(2, x, packed, groups, group_size, to);
  case 3:
    return add_tokens(3, x, packed, groups, group_size, to);
  default:
    return add_tokens(SWL_U4_TOKENS, x, packed, groups, group_size, to);
  }
}

const swl_dense_u4 SWL_ISA_NAME(swl_dense_u4) = {.sums = sums, .finish = swl_linear_finish_neon};
