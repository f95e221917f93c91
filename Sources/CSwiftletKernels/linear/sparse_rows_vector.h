// What the kernels with tokens as lanes share, on vectors. Included by the ISA files.

#include "../common/columns_vector.h"
#include "sparse_rows.h"

static void transpose(const float *sums, size_t stride, float *to) {
  for (size_t output = 0; output < SWL_BLOCK; output += LANES)
    for (size_t t = 0; t < LANES; t += 4) {
      floats columns[4];
      load_columns((const char *)(sums + output * stride + t), stride * sizeof(float), columns);
      for (size_t i = 0; i < 4; i++)
        store(to + (t + i) * SWL_BLOCK + output, columns[i]);
    }
}

/// A word in every lane.
SWL_INLINE floats broadcast_word(uint32_t word) { return (floats)((words){} + word); }

/// Four words in every 16 bytes.
SWL_INLINE floats broadcast_four(const uint32_t *four) {
  __m128i v = _mm_loadu_si128((const __m128i *)four);
#if LANES == 16
  floats lanes = (floats)_mm512_broadcast_i32x4(v);
#else
  floats lanes = (floats)_mm256_broadcastsi128_si256(v);
#endif
  __asm__("" : "+v"(lanes)); // or compilers load every word again
  return lanes;
}

/// Word i of broadcast_four in every lane.
#if LANES == 16
#define WORD_OF(four, i) (floats) _mm512_shuffle_epi32((__m512i)(four), (i)*0x55)
#else
#define WORD_OF(four, i) (floats) _mm256_shuffle_epi32((__m256i)(four), (i)*0x55)
#endif

enum { SWL_MOST_VECTORS = 4 }; // of a panel; more would leave fewer rows in the L1 cache

/// Sums of words times rows, where multiply(sums, word, row) multiplies one row.
///
/// Loads are what limits this loop: one for every product. Hence four words and four offsets are loaded at once;
/// spreading the words is left to a shuffle port, which has nothing else to do. Two sets of sums halve the chains of
/// additions.
SWL_INLINE void add_rows(floats multiply(floats, floats, floats), size_t vectors, const swl_steps *s, const char *block,
                         bool first, float *sums) {
  const uint32_t *words = s->words;
  const uint16_t *rows = s->rows;
  for (size_t output = 0; output < s->outputs; output++, sums += vectors * LANES) {
    floats even[SWL_MOST_VECTORS], odd[SWL_MOST_VECTORS];
    for (size_t v = 0; v < vectors; v++) {
      even[v] = first ? splat(0) : load(sums + v * LANES);
      odd[v] = splat(0);
    }
    size_t left = s->steps;
    for (; left >= 4; left -= 4, words += 4, rows += 4) {
      uint64_t offsets;
      memcpy(&offsets, rows, sizeof offsets);
      const float *row0 = (const float *)(block + (uint16_t)offsets);
      const float *row1 = (const float *)(block + (uint16_t)(offsets >> 16));
      const float *row2 = (const float *)(block + (uint16_t)(offsets >> 32));
      const float *row3 = (const float *)(block + (offsets >> 48));
      const floats four = broadcast_four(words);
      for (size_t v = 0; v < vectors; v++)
        even[v] = multiply(even[v], WORD_OF(four, 0), load(row0 + v * LANES));
      for (size_t v = 0; v < vectors; v++)
        odd[v] = multiply(odd[v], WORD_OF(four, 1), load(row1 + v * LANES));
      for (size_t v = 0; v < vectors; v++)
        even[v] = multiply(even[v], WORD_OF(four, 2), load(row2 + v * LANES));
      for (size_t v = 0; v < vectors; v++)
        odd[v] = multiply(odd[v], WORD_OF(four, 3), load(row3 + v * LANES));
    }
    for (; left > 0; left--, words++, rows++)
      for (size_t v = 0; v < vectors; v++)
        even[v] = multiply(even[v], broadcast_word(*words), load((const float *)(block + *rows) + v * LANES));
    for (size_t v = 0; v < vectors; v++)
      store(sums + v * LANES, even[v] + odd[v]);
  }
}

/// add_rows for each count of vectors that a panel may have.
#define SWL_ADD_ROWS(name, multiply)                                                                                   \
  static void name(size_t vectors, const swl_steps *steps, const char *block, bool first, float *sums) {               \
    switch (vectors) {                                                                                                 \
    case 1:                                                                                                            \
      return add_rows(multiply, 1, steps, block, first, sums);                                                         \
    case 2:                                                                                                            \
      return add_rows(multiply, 2, steps, block, first, sums);                                                         \
    case 3:                                                                                                            \
      return add_rows(multiply, 3, steps, block, first, sums);                                                         \
    default:                                                                                                           \
      return add_rows(multiply, SWL_MOST_VECTORS, steps, block, first, sums);                                          \
    }                                                                                                                  \
  }
