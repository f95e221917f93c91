#include "../common/avx2.h"
#if SWL_X86
#include "linear_kernels.h"

static uint16_t weight_bits(const void *values, size_t at) { return (uint16_t)((const int8_t *)values)[at]; }

#include "sparse_pairs_vector.h"

// 2:4, 1:4, 4:8 and 2:8 sparse int8 without VNNI: vpmaddwd multiplies pairs of 16 bits and adds them up in 32, exactly,
// in the time of vpmaddubsw, which saturates.

SWL_INLINE __m256i product(uint32_t word, const char *row) {
  return _mm256_madd_epi16(_mm256_set1_epi32((int32_t)word), _mm256_load_si256((const __m256i *)row));
}

/// One output at a time: each of its words is broadcast by a load, and its row lies in the L1 cache. Two outputs at a
/// time are slower, as twice as many places are read at once.
SWL_INLINE void add_integers(size_t vectors, const swl_steps *s, const char *block, bool first, float *to) {
  const uint32_t *words = s->words;
  const uint8_t *rows = s->rows;
  for (size_t output = 0; output < s->outputs; output++, to += vectors * LANES, words += s->steps, rows += s->steps) {
    __m256i sums[SWL_MOST_VECTORS];
    for (size_t v = 0; v < vectors; v++)
      sums[v] = first ? _mm256_setzero_si256() : _mm256_load_si256((const __m256i *)to + v);
    size_t i = 0;
    for (; i + 8 <= s->steps; i += 8) {
      const uint64_t numbers = eight_numbers(rows + i);
#pragma clang loop unroll(full)
      for (size_t j = 0; j < 8; j++)
        for (size_t v = 0; v < vectors; v++)
          sums[v] = _mm256_add_epi32(sums[v], product(words[i + j], (const char *)(ROW_OF(numbers, j) + v * LANES)));
    }
    for (; i < s->steps; i++)
      for (size_t v = 0; v < vectors; v++)
        sums[v] = _mm256_add_epi32(sums[v], product(words[i], block + rows[i] * ROW + v * sizeof(floats)));
    for (size_t v = 0; v < vectors; v++)
      _mm256_store_si256((__m256i *)to + v, sums[v]);
  }
}

static void add(size_t vectors, const swl_steps *steps, const char *block, bool first, float *sums) {
  switch (vectors) {
  case 1:
    return add_integers(1, steps, block, first, sums);
  case 2:
    return add_integers(2, steps, block, first, sums);
  case 3:
    return add_integers(3, steps, block, first, sums);
  default:
    return add_integers(SWL_MOST_VECTORS, steps, block, first, sums);
  }
}

SWL_PAIRS_KERNEL(swl_sparse_2_4_s8_avx2, pairs_2_4, SWL_S8, SWL_F32, widen_bytes, add, swl_linear_finish_avx2)
SWL_PAIRS_KERNEL(swl_sparse_1_4_s8_avx2, pairs_1_4, SWL_S8, SWL_F32, widen_bytes, add, swl_linear_finish_avx2)
SWL_PAIRS_KERNEL(swl_sparse_4_8_s8_avx2, pairs_4_8, SWL_S8, SWL_F32, widen_bytes, add, swl_linear_finish_avx2)
SWL_PAIRS_KERNEL(swl_sparse_2_8_s8_avx2, pairs_2_8, SWL_S8, SWL_F32, widen_bytes, add, swl_linear_finish_avx2)
#pragma clang attribute pop
#endif
