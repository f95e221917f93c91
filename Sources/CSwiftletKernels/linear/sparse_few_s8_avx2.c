#include "../common/avx2.h"
#if SWL_X86
#include "sparse_few_codes.h"
#include "sparse_few_vector.h"

// Two kept inputs of an output are shuffled into 32 bits, and vpmaddwd multiplies both. A window is eight inputs of 16
// bits, and a block two steps.

enum { WINDOW = 8, STEPS = 2 };

/// What shuffles a window to the two inputs of each output, from their codes. `upper`: its upper four are meant.
typedef __m256i controls(__m256i codes, bool upper);

/// The byte numbers of two positions in 16 bits each, the second counted from `base` / 0x20000.
SWL_INLINE __m256i bytes_of(__m256i positions, int32_t base) {
  return _mm256_add_epi16(_mm256_mullo_epi16(positions, _mm256_set1_epi16(0x0202)), _mm256_set1_epi32(base));
}

/// 2:4: one of the six pairs of four. A permutation of eight words looks its bytes up.
SWL_INLINE __m256i controls_of_four(__m256i codes, bool upper) {
  const __m256i pairs = _mm256_setr_epi32(0x03020100, 0x05040100, 0x07060100, 0x05040302, 0x07060302, 0x07060504, 0, 0);
  const __m256i offset = _mm256_set1_epi32(upper ? 0x08080808 : 0);
  return _mm256_permutevar8x32_epi32(_mm256_add_epi32(pairs, offset), codes);
}

/// 1:4: a position in each half of the window, 2 bits each.
SWL_INLINE __m256i controls_of_halves(__m256i codes, bool upper) {
  (void)upper;
  const __m256i spread = _mm256_or_si256(codes, _mm256_slli_epi32(codes, 14));
  return bytes_of(_mm256_and_si256(spread, _mm256_set1_epi32(0x00030003)), 0x09080100);
}

/// 2:8 and 4:8: two positions of eight, 4 bits each.
SWL_INLINE __m256i controls_of_eight(__m256i codes, bool upper) {
  (void)upper;
  const __m256i spread = _mm256_or_si256(codes, _mm256_slli_epi32(codes, 12));
  return bytes_of(_mm256_and_si256(spread, _mm256_set1_epi32(0x00070007)), 0x01000100);
}

SWL_INLINE void add_pairs(controls controls_of, size_t windows, size_t code_bits, size_t tiles, size_t tile_size,
                          size_t tokens, const char *x, size_t x_stride, const uint8_t *w, size_t blocks,
                          int32_t *to) {
  const size_t weights_size = STEPS * SWL_FEW_OUTPUTS * 2, code_size = STEPS * code_bits / 8;
  const size_t block_size = weights_size + SWL_FEW_OUTPUTS * code_size;
  __m256i sums[SWL_FEW_TILES][SWL_FEW_TOKENS];
  for (size_t tile = 0; tile < tiles; tile++)
    for (size_t t = 0; t < tokens; t++)
      sums[tile][t] = _mm256_setzero_si256();
  for (; blocks > 0; blocks--, w += block_size, x += windows * WINDOW * 2) {
    ask_for(w, tiles, tile_size, block_size);
    for (size_t tile = 0; tile < tiles; tile++)
      for (size_t step = 0; step < STEPS; step++) {
        const uint8_t *block = w + tile * tile_size;
        __m256i codes = (__m256i)codes_at(block + weights_size + step * code_bits / 8 * SWL_FEW_OUTPUTS);
        if (code_bits == 4 && step == 1)
          codes = _mm256_srli_epi32(codes, 4);
        const __m256i control = controls_of(codes, windows == 1 && step == 1);
        const __m256i weights =
            _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)(block + step * 2 * SWL_FEW_OUTPUTS)));
        const char *window = x + step * windows / STEPS * WINDOW * 2;
        for (size_t t = 0; t < tokens; t++) {
          const __m256i inputs = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(window + t * x_stride)));
          sums[tile][t] = _mm256_add_epi32(sums[tile][t],
                                           _mm256_madd_epi16(_mm256_shuffle_epi8(inputs, control), weights));
        }
      }
  }
  for (size_t tile = 0; tile < tiles; tile++)
    for (size_t t = 0; t < tokens; t++)
      _mm256_storeu_si256((__m256i *)(to + t * SWL_BLOCK + tile * SWL_FEW_OUTPUTS), sums[tile][t]);
}

#define SWL_FEW_KERNEL(name, of_kept, of_group, of_windows, of_code_bits, kind)                                        \
  SWL_FEW_SUMS(name##_sums, add_pairs, controls_of_##kind, of_windows, of_code_bits, 1, 0)                             \
  SWL_FEW_ONE_TOKEN(name##_one_token, add_pairs, controls_of_##kind, of_windows, of_code_bits)                         \
  const swl_sparse_few name = {.type = SWL_S8,                                                                         \
                               .kept = of_kept,                                                                        \
                               .group = of_group,                                                                      \
                               .together = 2,                                                                          \
                               .steps = STEPS,                                                                         \
                               .window = WINDOW,                                                                       \
                               .windows = of_windows,                                                                  \
                               .code_bits = of_code_bits,                                                              \
                               .code = swl_few_code_of_##kind,                                                         \
                               .x_size = sizeof(int16_t),                                                              \
                               .convert = widen_bytes,                                                                 \
                               .sums = name##_sums,                                                                    \
                               .one_token = name##_one_token,                                                          \
                               .finish = swl_linear_finish_avx2};

SWL_FEW_KERNEL(swl_few_2_4_s8_avx2, 2, 4, 1, 4, four)
SWL_FEW_KERNEL(swl_few_1_4_s8_avx2, 1, 4, 2, 4, halves)
SWL_FEW_KERNEL(swl_few_4_8_s8_avx2, 4, 8, 1, 8, eight)
SWL_FEW_KERNEL(swl_few_2_8_s8_avx2, 2, 8, 2, 8, eight)
#pragma clang attribute pop
#endif
