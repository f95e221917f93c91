#include "../common/avx512vnni.h"
#if SWL_X86
#include "sparse_rows_vector.h"

// 2:4 sparse int8. The rows hold the six pairs of a group of four inputs, 16 bits a token; interleaving the rows of two
// groups gives what vpdpbusd multiplies by four kept weights. Interleaving runs on ports that byte shuffles do
// not: 1.16 cycles a vpdpbusd on Zen 4, where the shuffles of sparse_s8_avx512vnni.c leave 1.44.
//
// A row of 32 tokens alternates four of the first 16 and four of the others, so that interleaving lower halves yields
// the first 16 in order and interleaving upper halves the others.

static swl_unit unit(const swl_linear_shape *shape) {
  (void)shape;
  return (swl_unit){8, 12, 1};
}

static swl_step step(const swl_linear_weights *weights, size_t output, size_t i) {
  size_t row = swl_row_length(&weights->shape), at = output * row + 4 * i, count = swl_min(row - 4 * i, 4);
  const uint8_t *index = weights->indices + at;
  swl_step step = {
      .row = {swl_pair_of_four(index[0], index[1]), 6 + (count == 4 ? swl_pair_of_four(index[2], index[3]) : 0)}};
  memcpy(&step.word, (const int8_t *)weights->values + at, count);
  return step;
}

enum { VECTORS = 4, ROW = VECTORS * 32 };

SWL_INLINE floats shuffle(floats v, __m512i pattern) { return (floats)_mm512_shuffle_epi8((__m512i)v, pattern); }

/// The rows of one group from its inputs: a word of four for each of the first 16 tokens, and of the other 16.
SWL_INLINE void store_pairs(floats first, floats others, char *rows) {
  static const uint8_t patterns[3][16] = {
      {0, 1, 4, 5, 8, 9, 12, 13, 0, 2, 4, 6, 8, 10, 12, 14},
      {0, 3, 4, 7, 8, 11, 12, 15, 1, 2, 5, 6, 9, 10, 13, 14},
      {1, 3, 5, 7, 9, 11, 13, 15, 2, 3, 6, 7, 10, 11, 14, 15},
  };
  for (size_t i = 0; i < 3; i++) {
    __m512i pattern = _mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)patterns[i]));
    floats a = shuffle(first, pattern), b = shuffle(others, pattern);
    floats low = interleave_low_pairs(a, b), high = interleave_high_pairs(a, b);
    memcpy(rows + 2 * i * ROW, &low, sizeof low);
    memcpy(rows + (2 * i + 1) * ROW, &high, sizeof high);
  }
}

static void expand(const void *x, size_t x_stride, size_t inputs, size_t tokens, size_t vectors, char *rows) {
  size_t groups = swl_round_up(inputs, 8) / 4;
  for (size_t v = 0; v < vectors; v += 2)
    for (size_t k = 0; k < inputs; k += 16) {
      floats first[4], others[4];
      const char *from = (const char *)x + v * LANES * x_stride;
      size_t others_count = tokens > (v + 1) * LANES ? tokens - (v + 1) * LANES : 0;
      load_columns_part(from, x_stride, tokens - v * LANES, k, inputs, first);
      load_columns_part(from + LANES * x_stride, x_stride, others_count, k, inputs, others);
      for (size_t i = 0; i < 4 && k / 4 + i < groups; i++)
        store_pairs(first[i], others[i], rows + (k / 4 + i) * 6 * ROW + v * 32);
    }
}

SWL_INLINE __m512i load_row(const char *row) { return _mm512_loadu_si512(row); }

SWL_INLINE void add_vectors(size_t vectors, const uint32_t *words, const uint16_t *rows, size_t steps,
                            const char *panel, bool first, float *sums) {
  __m512i acc[4];
  for (size_t v = 0; v < vectors; v++)
    acc[v] = first ? _mm512_setzero_si512() : _mm512_loadu_si512(sums + v * LANES);
  for (size_t i = 0; i < steps; i++) {
    __m512i weights = _mm512_set1_epi32((int32_t)words[i]);
    const char *a = panel + rows[2 * i], *b = panel + rows[2 * i + 1];
    for (size_t v = 0; v < vectors; v += 2) {
      __m512i row_a = load_row(a + v * 32), row_b = load_row(b + v * 32);
      acc[v] = _mm512_dpbusd_epi32(acc[v], _mm512_unpacklo_epi16(row_a, row_b), weights);
      if (v + 1 < vectors)
        acc[v + 1] = _mm512_dpbusd_epi32(acc[v + 1], _mm512_unpackhi_epi16(row_a, row_b), weights);
    }
  }
  for (size_t v = 0; v < vectors; v++)
    _mm512_storeu_si512(sums + v * LANES, acc[v]);
}

static void add(size_t vectors, const uint32_t *words, const uint16_t *rows, size_t steps, const char *panel,
                bool first, float *sums) {
  switch (vectors) {
  case 1:
    return add_vectors(1, words, rows, steps, panel, first, sums);
  case 2:
    return add_vectors(2, words, rows, steps, panel, first, sums);
  case 3:
    return add_vectors(3, words, rows, steps, panel, first, sums);
  default:
    return add_vectors(4, words, rows, steps, panel, first, sums);
  }
}

const swl_sparse_rows swl_sparse_2_4_s8_avx512vnni = {.type = SWL_S8,
                                                      .kept = 2,
                                                      .group = 4,
                                                      .rows_per_step = 2,
                                                      .row_size = ROW,
                                                      .lanes = LANES,
                                                      .vectors = VECTORS,
                                                      .unit = unit,
                                                      .step = step,
                                                      .direct_type = SWL_U8,
                                                      .expand = expand,
                                                      .add = add,
                                                      .transpose = transpose,
                                                      .finish = swl_linear_finish_avx512};
#pragma clang attribute pop
#endif
