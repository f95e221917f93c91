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

SWL_INLINE floats broadcast_word(uint32_t word) { return (floats)((words){} + word); }

/// Sums of words times rows, where multiply(sums, word, row) multiplies one row. Even and odd steps are added apart,
/// which halves the chains of additions that wait for each other.
SWL_INLINE void add_rows(floats multiply(floats, floats, floats), size_t vectors, const swl_steps *s, const char *block,
                         bool first, float *sums) {
  const uint32_t *words = s->words;
  const uint16_t *rows = s->rows;
  for (size_t output = 0; output < s->outputs; output++, sums += vectors * LANES) {
    floats even[4], odd[4];
    for (size_t v = 0; v < vectors; v++) {
      even[v] = first ? splat(0) : load(sums + v * LANES);
      odd[v] = splat(0);
    }
    for (size_t left = s->steps / 2; left > 0; left--, words += 2, rows += 2) {
      floats word = broadcast_word(words[0]), next_word = broadcast_word(words[1]);
      uint32_t both; // one load for both rows: loads are what limits this loop
      memcpy(&both, rows, sizeof both);
      const float *row = (const float *)(block + (uint16_t)both), *next_row = (const float *)(block + (both >> 16));
      for (size_t v = 0; v < vectors; v++)
        even[v] = multiply(even[v], word, load(row + v * LANES));
      for (size_t v = 0; v < vectors; v++)
        odd[v] = multiply(odd[v], next_word, load(next_row + v * LANES));
    }
    if (s->steps % 2) {
      for (size_t v = 0; v < vectors; v++)
        even[v] = multiply(even[v], broadcast_word(words[0]), load((const float *)(block + rows[0]) + v * LANES));
      words++, rows++;
    }
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
      return add_rows(multiply, 4, steps, block, first, sums);                                                         \
    }                                                                                                                  \
  }
