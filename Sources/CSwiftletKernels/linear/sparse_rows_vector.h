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
  part[(i) % 2][v] = multiply(part[(i) % 2][v], WORD_OF(words, i), load(ROW_OF(numbers, j) + v * LANES))

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

// A sum has four parts, so that enough additions are under way while each takes its four cycles: the steps of even and
// of odd number in each half of an output's steps. What is left over by halves of whole vectors belongs to the first.
//
// Every width of a panel adds up the same parts in the same order, as a token's sum must not depend on how many tokens
// happen to be its neighbours. Narrow panels walk both halves at once. Four vectors have enough to add in one half, and
// no registers for two: they walk one half after the other.
typedef floats parts[2][SWL_MOST_VECTORS];

/// Adds a vector of steps.
///
/// Loads are what limits this loop: one for every product, and any other delays those. Hence a vector of words and
/// eight row numbers are loaded at once; spreading the words is left to a shuffle port, which has nothing else to do.
SWL_INLINE void add_vector(floats multiply(floats, floats, floats), size_t vectors, const uint32_t *words,
                           const uint8_t *rows, const char *block, parts part) {
  const floats many = in_registers(load((const float *)words)); // or compilers load every word again
  const uint64_t numbers = eight_numbers(rows);
  ADD_EIGHT(many, 0, numbers);
#if LANES == 16
  const uint64_t more = eight_numbers(rows + 8);
  ADD_EIGHT(many, 8, more);
#endif
}

/// Adds less than a vector of steps.
SWL_INLINE void add_rest(floats multiply(floats, floats, floats), size_t vectors, size_t left, const uint32_t *words,
                         const uint8_t *rows, const char *block, parts part) {
#if LANES == 16
  if (left >= 8) {
    floats eight = (floats)_mm512_zextps256_ps512(_mm256_loadu_ps((const float *)words));
    __asm__("" : "+v"(eight));
    const uint64_t numbers = eight_numbers(rows);
    ADD_EIGHT(eight, 0, numbers);
    left -= 8, words += 8, rows += 8;
  }
#endif
  for (; left > 0; left--, words++, rows++)
    for (size_t v = 0; v < vectors; v++)
      part[0][v] =
          multiply(part[0][v], broadcast_word(*words), load((const float *)(block + *rows * ROW) + v * LANES));
}

/// Sums of words times rows, where multiply(sums, word, row) multiplies one row.
SWL_INLINE void add_rows(floats multiply(floats, floats, floats), size_t vectors, const swl_steps *s, const char *block,
                         bool first, float *sums) {
  const size_t whole = s->steps / LANES * LANES, half = whole / (2 * LANES) * LANES;
  const uint32_t *words = s->words;
  const uint8_t *rows = s->rows;
  for (size_t output = 0; output < s->outputs; output++, sums += vectors * LANES, words += s->steps, rows += s->steps) {
    parts lower, upper;
    for (size_t v = 0; v < vectors; v++) {
      lower[0][v] = first ? splat(0) : load(sums + v * LANES);
      lower[1][v] = upper[0][v] = upper[1][v] = splat(0);
    }
    if (vectors < SWL_MOST_VECTORS)
      for (size_t i = 0; i < half; i += LANES) {
        add_vector(multiply, vectors, words + i, rows + i, block, lower);
        add_vector(multiply, vectors, words + half + i, rows + half + i, block, upper);
      }
    else {
      for (size_t i = half; i < 2 * half; i += LANES)
        add_vector(multiply, vectors, words + i, rows + i, block, upper);
      for (size_t v = 0; v < vectors; v++)
        upper[0][v] += upper[1][v];
      for (size_t i = 0; i < half; i += LANES)
        add_vector(multiply, vectors, words + i, rows + i, block, lower);
    }
    if (2 * half < whole)
      add_vector(multiply, vectors, words + 2 * half, rows + 2 * half, block, lower);
    add_rest(multiply, vectors, s->steps - whole, words + whole, rows + whole, block, lower);
    for (size_t v = 0; v < vectors; v++) {
      if (vectors < SWL_MOST_VECTORS)
        upper[0][v] += upper[1][v];
      store(sums + v * LANES, lower[0][v] + lower[1][v] + upper[0][v]);
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
