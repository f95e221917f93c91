#include "../common/avx512bf16.h"
#if SWL_X86
#include "convert_vector.h"
#include "sparse_rows_vector.h"

// 2:4 and 1:4 sparse bf16. vdpbf16ps multiplies two inputs a lane, so the rows hold all pairs that can be kept
// together: the six of a group of four for 2:4, and the sixteen of two neighbouring groups for 1:4.

static uint32_t word_of(const swl_linear_weights *weights, size_t at, bool second) {
  const uint16_t *values = weights->values;
  return values[at] | (second ? (uint32_t)values[at + 1] << 16 : 0);
}

static swl_unit unit_2_4(const swl_linear_shape *shape) {
  (void)shape;
  return (swl_unit){4, 6, 1};
}

static swl_step step_2_4(const swl_linear_weights *weights, size_t output, size_t i) {
  size_t at = output * swl_row_length(&weights->shape) + 2 * i;
  return (swl_step){word_of(weights, at, true), swl_pair_of_four(weights->indices[at], weights->indices[at + 1])};
}

static swl_unit unit_1_4(const swl_linear_shape *shape) {
  (void)shape;
  return (swl_unit){8, 16, 1};
}

static swl_step step_1_4(const swl_linear_weights *weights, size_t output, size_t i) {
  size_t row = swl_row_length(&weights->shape), at = output * row + 2 * i;
  bool second = 2 * i + 1 < row;
  return (swl_step){word_of(weights, at, second), 4 * weights->indices[at] + (second ? weights->indices[at + 1] : 0)};
}

/// Pairs from words of two inputs each: a's lower or upper with b's lower or upper.
SWL_INLINE floats pair(floats a, bool a_upper, floats b, bool b_upper) {
  words low = a_upper ? (words)a >> 16 : (words)a & 0xffff;
  words high = b_upper ? (words)b & 0xffff0000 : (words)b << 16;
  return (floats)(low | high);
}

static void expand_2_4(const void *x, size_t x_stride, size_t inputs, size_t tokens, size_t vectors, char *rows) {
  for (size_t v = 0; v < vectors; v++)
    for (size_t k = 0; k < inputs; k += 8) {
      floats columns[4];
      load_columns_part((const char *)x + v * LANES * x_stride, x_stride, tokens - v * LANES, k * 2, inputs * 2,
                        columns);
      for (size_t i = 0; i < 2 && k + 4 * i < inputs; i++) {
        floats a = columns[2 * i], b = columns[2 * i + 1];
        floats pairs[6] = {a, pair(a, 0, b, 0), pair(a, 0, b, 1), pair(a, 1, b, 0), pair(a, 1, b, 1), b};
        for (size_t p = 0; p < 6; p++)
          memcpy(rows + ((k / 4 + i) * 6 + p) * ROW + v * sizeof(floats), &pairs[p], sizeof(floats));
      }
    }
}

static void expand_1_4(const void *x, size_t x_stride, size_t inputs, size_t tokens, size_t vectors, char *rows) {
  for (size_t v = 0; v < vectors; v++)
    for (size_t k = 0; k < inputs; k += 8) {
      floats c[4];
      load_columns_part((const char *)x + v * LANES * x_stride, x_stride, tokens - v * LANES, k * 2, inputs * 2, c);
      for (size_t i = 0; i < 4; i++)
        for (size_t j = 0; j < 4; j++) {
          floats both = pair(c[i / 2], i % 2, c[2 + j / 2], j % 2);
          memcpy(rows + (k * 2 + 4 * i + j) * ROW + v * sizeof(floats), &both, sizeof(floats));
        }
    }
}

SWL_INLINE floats multiply(floats sums, floats word, floats row) {
  return (floats)_mm512_dpbf16_ps((__m512)sums, (__m512bh)word, (__m512bh)row);
}

SWL_ADD_ROWS(add, multiply)

const swl_sparse_rows swl_sparse_2_4_bf16_avx512bf16 = {.type = SWL_BF16,
                                                        .kept = 2,
                                                        .group = 4,
                                                        .row_size = ROW,
                                                        .lanes = LANES,
                                                        .vectors = SWL_MOST_VECTORS,
                                                        .unit = unit_2_4,
                                                        .step = step_2_4,
                                                        .convert_size = sizeof(uint16_t),
                                                        .direct_type = SWL_BF16,
                                                        .convert = convert_to_bf16,
                                                        .expand = expand_2_4,
                                                        .add = add,
                                                        .transpose = transpose,
                                                        .finish = swl_linear_finish_avx512};

const swl_sparse_rows swl_sparse_1_4_bf16_avx512bf16 = {.type = SWL_BF16,
                                                        .kept = 1,
                                                        .group = 4,
                                                        .row_size = ROW,
                                                        .lanes = LANES,
                                                        .vectors = SWL_MOST_VECTORS,
                                                        .unit = unit_1_4,
                                                        .step = step_1_4,
                                                        .convert_size = sizeof(uint16_t),
                                                        .direct_type = SWL_BF16,
                                                        .convert = convert_to_bf16,
                                                        .expand = expand_1_4,
                                                        .add = add,
                                                        .transpose = transpose,
                                                        .finish = swl_linear_finish_avx512};
#pragma clang attribute pop
#endif
