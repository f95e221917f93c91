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

// Of a panel; more would leave fewer rows in the L1 cache. A row is as long for smaller panels.
enum { SWL_MOST_VECTORS = 4, ROW = SWL_MOST_VECTORS * sizeof(floats) };

/// Word i of a vector in every lane.
#if LANES == 16
#define WORD_OF(v, i) __builtin_shufflevector(v, v, i, i, i, i, i, i, i, i, i, i, i, i, i, i, i, i)
#else
#define WORD_OF(v, i) __builtin_shufflevector(v, v, i, i, i, i, i, i, i, i)
#endif

/// The row that number i of eight names.
#define ROW_OF(numbers, i) ((const float *)(block + ((numbers) >> (8 * (i)) & 0xff) * ROW))

/// Adds word i times the row of number j.
#define ADD_ONE(words, i, numbers, j)                                                                                  \
  for (size_t v = 0; v < vectors; v++)                                                                                 \
  part[(i) % parts][v] = multiply(part[(i) % parts][v], WORD_OF(words, i), load(ROW_OF(numbers, j) + v * LANES))

#define ADD_EIGHT(words, i, numbers)                                                                                   \
  ADD_ONE(words, i, numbers, 0);                                                                                       \
  ADD_ONE(words, i + 1, numbers, 1);                                                                                   \
  ADD_ONE(words, i + 2, numbers, 2);                                                                                   \
  ADD_ONE(words, i + 3, numbers, 3);                                                                                   \
  ADD_ONE(words, i + 4, numbers, 4);                                                                                   \
  ADD_ONE(words, i + 5, numbers, 5);                                                                                   \
  ADD_ONE(words, i + 6, numbers, 6);                                                                                   \
  ADD_ONE(words, i + 7, numbers, 7)

/// The numbers of eight rows.
SWL_INLINE uint64_t eight_numbers(const uint8_t *p) {
  uint64_t eight;
  memcpy(&eight, p, sizeof eight);
  __asm__("" : "+r"(eight)); // or compilers load every number again
  return eight;
}

/// Sums of words times rows, where multiply(sums, word, row) multiplies one row.
///
/// Loads are what limits this loop: one for every product, and any other delays those. Hence a vector of words and
/// eight row numbers are loaded at once; spreading the words is left to a shuffle port, which has nothing else to do.
/// Sums are kept in parts, so that enough additions are under way while each takes its four cycles.
SWL_INLINE void add_rows(floats multiply(floats, floats, floats), size_t vectors, const swl_steps *s, const char *block,
                         bool first, float *sums) {
  const size_t parts = vectors < 4 ? 4 : 2;
  const uint32_t *words = s->words;
  const uint8_t *rows = s->rows;
  for (size_t output = 0; output < s->outputs; output++, sums += vectors * LANES) {
    floats part[4][SWL_MOST_VECTORS];
    for (size_t v = 0; v < vectors; v++) {
      part[0][v] = first ? splat(0) : load(sums + v * LANES);
      for (size_t p = 1; p < parts; p++)
        part[p][v] = splat(0);
    }
    size_t left = s->steps;
    for (; left >= LANES; left -= LANES, words += LANES, rows += LANES) {
      floats many = load((const float *)words);
      __asm__("" : "+v"(many)); // or compilers load every word again
      const uint64_t numbers = eight_numbers(rows);
      ADD_EIGHT(many, 0, numbers);
#if LANES == 16
      const uint64_t more = eight_numbers(rows + 8);
      ADD_EIGHT(many, 8, more);
#endif
    }
#if LANES == 16
    if (left >= 8) {
      floats half = (floats)_mm512_zextps256_ps512(_mm256_loadu_ps((const float *)words));
      __asm__("" : "+v"(half));
      const uint64_t numbers = eight_numbers(rows);
      ADD_EIGHT(half, 0, numbers);
      left -= 8, words += 8, rows += 8;
    }
#endif
    for (; left > 0; left--, words++, rows++)
      for (size_t v = 0; v < vectors; v++)
        part[0][v] = multiply(part[0][v], broadcast_word(*words),
                              load((const float *)(block + *rows * ROW) + v * LANES));
    for (size_t v = 0; v < vectors; v++) {
      floats sum = part[0][v] + part[1][v];
      for (size_t p = 2; p < parts; p += 2)
        sum += part[p][v] + part[p + 1][v];
      store(sums + v * LANES, sum);
    }
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
