#include "../common/avx2.h"
#if SWL_X86
#include "dense_u4.h"

/// Adds the products of 8 outputs' codes and inputs, four each, in 16 bits.
SWL_INLINE __m256i multiplied(__m256i sums, __m256i codes, const int8_t *x) {
  int32_t four;
  memcpy(&four, x, sizeof four);
  return _mm256_add_epi16(sums, _mm256_maddubs_epi16(codes, _mm256_set1_epi32(four)));
}

SWL_INLINE __m256 halves_at(const uint16_t *p) { return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)p)); }

SWL_INLINE void add_tokens(size_t tokens, const swl_u4_token *x, const char *packed, size_t groups, size_t group_size,
                           float *to) {
  const __m256i lower = _mm256_set1_epi8(15), ones = _mm256_set1_epi16(1);
  const int8_t *inputs[SWL_U4_TOKENS];
  __m256 sums[SWL_U4_TOKENS];
  for (size_t t = 0; t < tokens; t++) {
    inputs[t] = x[t].x;
    sums[t] = _mm256_setzero_ps();
  }
  for (size_t g = 0, at = 0; g < groups; g++) {
    const swl_u4_group *group = (const swl_u4_group *)packed;
    const __m256i *codes = (const __m256i *)(group + 1);
    packed = (const char *)(codes + group_size / SWL_U4_INPUTS);
    __m256i of_group[SWL_U4_TOKENS];
    for (size_t t = 0; t < tokens; t++)
      of_group[t] = _mm256_setzero_si256();
    for (size_t end = at + group_size; at < end;) {
      __m256i of_32[SWL_U4_TOKENS];
      for (size_t t = 0; t < tokens; t++)
        of_32[t] = _mm256_setzero_si256();
#pragma clang loop unroll(full)
      for (size_t i = 0; i < 32; i += SWL_U4_INPUTS, at += SWL_U4_INPUTS) {
        const __m256i both = _mm256_loadu_si256(codes++);
        const __m256i low = _mm256_and_si256(both, lower), high = _mm256_and_si256(_mm256_srli_epi16(both, 4), lower);
        for (size_t t = 0; t < tokens; t++)
          of_32[t] = multiplied(multiplied(of_32[t], low, inputs[t] + at), high, inputs[t] + at + 4);
      }
      for (size_t t = 0; t < tokens; t++)
        of_group[t] = _mm256_add_epi32(of_group[t], _mm256_madd_epi16(of_32[t], ones));
    }
    const __m256 scales = halves_at(group->scales), offsets = halves_at(group->offsets);
    for (size_t t = 0; t < tokens; t++) {
      sums[t] = _mm256_fmadd_ps(scales, _mm256_cvtepi32_ps(of_group[t]), sums[t]);
      sums[t] = _mm256_fmadd_ps(offsets, _mm256_set1_ps(x[t].group_sums[g]), sums[t]);
    }
  }
  for (size_t t = 0; t < tokens; t++)
    _mm256_storeu_ps(to + t * SWL_BLOCK, sums[t]);
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

const swl_dense_u4 swl_dense_u4_avx2 = {sums, swl_linear_finish_avx2};
#pragma clang attribute pop
#endif
