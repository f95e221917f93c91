#include "../common/avx2.h"
#if SWL_X86
#include "sparse_s8.h"

/// Adds the products of u8 and s8 in fours. vpmaddubsw saturates where two products add up, so even and odd bytes are
/// multiplied apart: one product of 255 * 127 fits in int16.
SWL_INLINE __m256i dot(__m256i sums, __m256i x, __m256i weight) {
  const __m256i even = _mm256_set1_epi16(0x00ff), ones = _mm256_set1_epi16(1);
  __m256i a = _mm256_maddubs_epi16(x, _mm256_and_si256(weight, even));
  __m256i b = _mm256_maddubs_epi16(x, _mm256_andnot_si256(even, weight));
  return _mm256_add_epi32(sums, _mm256_add_epi32(_mm256_madd_epi16(a, ones), _mm256_madd_epi16(b, ones)));
}

SWL_INLINE __m256i broadcast(const void *p) { return _mm256_broadcastsi128_si256(_mm_loadu_si128(p)); }

/// Two tokens: a lane each.
static void add_tokens(const uint8_t *x, size_t window_stride, const uint8_t *blocks, size_t windows,
                       const swl_window *w, int32_t *to) {
  __m256i acc[4] = {};
  for (size_t i = 0; i < windows; i++, x += window_stride) {
    const __m256i a = _mm256_loadu_si256((const __m256i *)x);
    for (size_t block = blocks[i]; block > 0; block--, w += 4)
      for (int r = 0; r < 4; r++)
        acc[r] = dot(acc[r], _mm256_shuffle_epi8(a, broadcast(w[r].index)), broadcast(w[r].weight));
  }
  for (int r = 0; r < 4; r++) {
    _mm_storeu_si128((__m128i *)(to + 4 * r), _mm256_castsi256_si128(acc[r]));
    _mm_storeu_si128((__m128i *)(to + SWL_BLOCK + 4 * r), _mm256_extracti128_si256(acc[r], 1));
  }
}

static void sums(size_t vectors, const uint8_t *x, const uint8_t *blocks, size_t windows, const swl_window *w,
                 int32_t *to) {
  for (size_t tokens = 0; tokens < vectors * SWL_WINDOW_TOKENS; tokens += 2)
    add_tokens(x + tokens * SWL_WINDOW, vectors * SWL_WINDOW_TOKENS * SWL_WINDOW, blocks, windows, w,
               to + tokens * SWL_BLOCK);
}

const swl_sparse_s8 swl_sparse_s8_avx2 = {5, 0, sums, swl_linear_finish_avx2};
#pragma clang attribute pop
#endif
