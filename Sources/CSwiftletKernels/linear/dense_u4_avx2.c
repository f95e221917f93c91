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

/// 32 inputs of a group: their products, four inputs a lane.
SWL_INLINE void add_32(size_t tokens, size_t tiles, const int8_t *const *x, size_t at, const char *codes,
                       size_t tile_size, __m256i sums[SWL_U4_TILES][SWL_U4_TOKENS]) {
  const __m256i lower = _mm256_set1_epi8(15), ones = _mm256_set1_epi16(1);
  __m256i of_32[SWL_U4_TILES][SWL_U4_TOKENS];
  for (size_t tile = 0; tile < tiles; tile++)
    for (size_t t = 0; t < tokens; t++)
      of_32[tile][t] = _mm256_setzero_si256();
#pragma clang loop unroll(full)
  for (size_t i = 0; i < 32; i += SWL_U4_INPUTS)
    for (size_t tile = 0; tile < tiles; tile++) {
      if (tiles > 1) // a little for each step, as many at once are more than can be under way; 40 bytes reach every line
        __builtin_prefetch(codes + tile * tile_size + SWL_AHEAD + i * 5);
      const __m256i both = _mm256_loadu_si256((const __m256i *)(codes + tile * tile_size) + i / SWL_U4_INPUTS);
      const __m256i low = _mm256_and_si256(both, lower), high = _mm256_and_si256(_mm256_srli_epi16(both, 4), lower);
      for (size_t t = 0; t < tokens; t++)
        of_32[tile][t] = multiplied(multiplied(of_32[tile][t], low, x[t] + at + i), high, x[t] + at + i + 4);
    }
  for (size_t tile = 0; tile < tiles; tile++)
    for (size_t t = 0; t < tokens; t++)
      sums[tile][t] = _mm256_add_epi32(sums[tile][t], _mm256_madd_epi16(of_32[tile][t], ones));
}

SWL_INLINE void add_tokens(size_t tokens, size_t tiles, const swl_u4_token *x, const char *packed, size_t tile_size,
                           size_t groups, size_t group_size, float *to) {
  const size_t codes_size = SWL_U4_OUTPUTS * group_size / 2;
  const int8_t *inputs[SWL_U4_TOKENS];
  __m256 sums[SWL_U4_TILES][SWL_U4_TOKENS];
  for (size_t t = 0; t < tokens; t++)
    inputs[t] = x[t].x;
  for (size_t tile = 0; tile < tiles; tile++)
    for (size_t t = 0; t < tokens; t++)
      sums[tile][t] = _mm256_setzero_ps();
  for (size_t g = 0, at = 0; g < groups; g++, packed += sizeof(swl_u4_group) + codes_size) {
    __m256i of_group[SWL_U4_TILES][SWL_U4_TOKENS];
    for (size_t tile = 0; tile < tiles; tile++)
      for (size_t t = 0; t < tokens; t++)
        of_group[tile][t] = _mm256_setzero_si256();
    const char *codes = packed + sizeof(swl_u4_group);
    for (const size_t end = at + group_size; at < end; at += 32, codes += SWL_U4_OUTPUTS * 32 / 2) {
      add_32(tokens, tiles, inputs, at, codes, tile_size, of_group);
    }
    for (size_t tile = 0; tile < tiles; tile++) {
      const swl_u4_group *group = (const swl_u4_group *)(packed + tile * tile_size);
      const __m256 scales = halves_at(group->scales), offsets = halves_at(group->offsets);
      for (size_t t = 0; t < tokens; t++) {
        const __m256 both = _mm256_mul_ps(scales, _mm256_set1_ps(x[t].scales[g]));
        sums[tile][t] = _mm256_fmadd_ps(both, _mm256_cvtepi32_ps(of_group[tile][t]), sums[tile][t]);
        sums[tile][t] = _mm256_fmadd_ps(offsets, _mm256_set1_ps(x[t].group_sums[g]), sums[tile][t]);
      }
    }
  }
  for (size_t tile = 0; tile < tiles; tile++)
    for (size_t t = 0; t < tokens; t++)
      _mm256_storeu_ps(to + t * SWL_BLOCK + tile * SWL_U4_OUTPUTS, sums[tile][t]);
}

static void sums(size_t tokens, const swl_u4_token *x, const void *packed, size_t groups, size_t group_size,
                 float *to) {
  switch (tokens) {
  case 1:
    return add_tokens(1, 1, x, packed, 0, groups, group_size, to);
  case 2:
    return add_tokens(2, 1, x, packed, 0, groups, group_size, to);
  case 3:
    return add_tokens(3, 1, x, packed, 0, groups, group_size, to);
  default:
    return add_tokens(SWL_U4_TOKENS, 1, x, packed, 0, groups, group_size, to);
  }
}

static void one_token(const swl_u4_token *x, const void *packed, size_t tile_size, size_t groups, size_t group_size,
                      float *to) {
  if (group_size == 32) // compiled by itself, as its products stay in registers
    return add_tokens(1, SWL_U4_TILES, x, packed, tile_size, groups, 32, to);
  add_tokens(1, SWL_U4_TILES, x, packed, tile_size, groups, group_size, to);
}

const swl_dense_u4 swl_dense_u4_avx2 = {sums, swl_linear_finish_avx2, one_token};
#pragma clang attribute pop
#endif
