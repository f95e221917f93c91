// N:M sparse layers of 16-bit values for instructions that multiply two of them a lane (vdpbf16ps, vpmaddwd). The rows
// hold every pair of inputs that one instruction may have to take, so that a word of two kept weights needs one row.
// Included by the ISA files, which say before what the 16 bits of a weight are: weight_bits(values, at).

#include "convert_vector.h"
#include "sparse_rows_vector.h"

/// Two inputs of a unit, the earlier first.
typedef struct {
  uint8_t first, second;
} input_pair;

/// A unit is one group, or two groups of which each keeps one weight. It keeps 2 * steps weights, and step s takes the
/// kept ones s and s + steps: where four are kept never neighbours nor both ends, which saves eight pairs of 28.
typedef struct {
  size_t kept, group;
  size_t inputs, steps, rows; // of a unit
  input_pair pairs[28];       // that the rows hold
} pair_pattern;

static const pair_pattern pairs_2_4 = {2, 4, 4, 1, 6, {{0, 1}, {0, 2}, {0, 3}, {1, 2}, {1, 3}, {2, 3}}};

static const pair_pattern pairs_1_4 = {
    1, 4, 8, 1, 16, {{0, 4}, {0, 5}, {0, 6}, {0, 7}, {1, 4}, {1, 5}, {1, 6}, {1, 7},
                     {2, 4}, {2, 5}, {2, 6}, {2, 7}, {3, 4}, {3, 5}, {3, 6}, {3, 7}}};

static const pair_pattern pairs_4_8 __attribute__((unused)) = {
    4, 8, 8, 2, 20, {{0, 2}, {0, 3}, {0, 4}, {0, 5}, {0, 6}, {1, 3}, {1, 4}, {1, 5}, {1, 6}, {1, 7},
                     {2, 4}, {2, 5}, {2, 6}, {2, 7}, {3, 5}, {3, 6}, {3, 7}, {4, 6}, {4, 7}, {5, 7}}};

static const pair_pattern pairs_2_8 __attribute__((unused)) = {
    2, 8, 8, 1, 28, {{0, 1}, {0, 2}, {0, 3}, {0, 4}, {0, 5}, {0, 6}, {0, 7}, {1, 2}, {1, 3}, {1, 4},
                     {1, 5}, {1, 6}, {1, 7}, {2, 3}, {2, 4}, {2, 5}, {2, 6}, {2, 7}, {3, 4}, {3, 5},
                     {3, 6}, {3, 7}, {4, 5}, {4, 6}, {4, 7}, {5, 6}, {5, 7}, {6, 7}}};

static swl_unit unit_of(const pair_pattern *p) { return (swl_unit){p->inputs, p->rows, p->steps}; }

/// Step i of an output. The last unit of 1:4 lacks its second group where their number is odd: its weight is zero.
static swl_step step_of(const pair_pattern *p, const swl_linear_weights *weights, size_t output, size_t i) {
  size_t row = swl_row_length(&weights->shape), unit = i / p->steps;
  size_t at = unit * 2 * p->steps + i % p->steps, other = at + p->steps;
  uint32_t word = weight_bits(weights->values, output * row + at);
  size_t first = swl_input_of(weights, output, at) - unit * p->inputs, second = p->group;
  if (other < row) {
    word |= (uint32_t)weight_bits(weights->values, output * row + other) << 16;
    second = swl_input_of(weights, output, other) - unit * p->inputs;
  }
  size_t number = 0;
  while (p->pairs[number].first != first || p->pairs[number].second != second)
    number++;
  return (swl_step){word, number};
}

/// A pair from words of two inputs each: the lower or upper of a with the lower or upper of b.
SWL_INLINE floats pair(floats a, bool a_upper, floats b, bool b_upper) {
  words low = a_upper ? (words)a >> 16 : (words)a & 0xffff;
  words high = b_upper ? (words)b & 0xffff0000 : (words)b << 16;
  return (floats)(low | high);
}

/// The rows of all pairs of 16-bit inputs. Inlined for each pattern, so that no row asks which pair it is.
SWL_INLINE void expand_pairs(const pair_pattern *p, const void *x, size_t x_stride, size_t inputs, size_t tokens,
                             size_t vectors, char *rows) {
  for (size_t v = 0; v < vectors; v++) {
    char *to = rows + v * sizeof(floats);
    for (size_t k = 0; k < inputs; k += 8) {
      floats columns[4]; // words of two inputs
      load_columns_part((const char *)x + v * LANES * x_stride, x_stride, tokens - v * LANES, k * 2, inputs * 2,
                        columns);
      for (size_t start = 0; start < 8 && k + start < inputs; start += p->inputs)
#pragma clang loop unroll(full)
        for (size_t i = 0; i < p->rows; i++, to += ROW) {
          size_t first = start + p->pairs[i].first, second = start + p->pairs[i].second;
          floats both = columns[first / 2]; // a pair already, or
          if (first / 2 != second / 2)
            both = pair(columns[first / 2], first % 2, columns[second / 2], second % 2);
          memcpy(to, &both, sizeof both);
        }
    }
  }
}

/// The kernel of a pattern.
#define SWL_PAIRS_KERNEL(name, pattern, weight_type, direct, converts, adds, finishes)                                 \
  static swl_unit unit_##pattern(const swl_linear_shape *shape) {                                                      \
    (void)shape;                                                                                                       \
    return unit_of(&pattern);                                                                                          \
  }                                                                                                                    \
  static swl_step step_##pattern(const swl_linear_weights *weights, size_t output, size_t i) {                         \
    return step_of(&pattern, weights, output, i);                                                                      \
  }                                                                                                                    \
  static void expand_##pattern(const void *x, size_t x_stride, size_t inputs, size_t tokens, size_t vectors,           \
                               char *rows) {                                                                           \
    expand_pairs(&pattern, x, x_stride, inputs, tokens, vectors, rows);                                                \
  }                                                                                                                    \
  const swl_sparse_rows name = {.type = weight_type,                                                                   \
                                .kept = pattern.kept,                                                                  \
                                .group = pattern.group,                                                                \
                                .row_size = ROW,                                                                       \
                                .lanes = LANES,                                                                        \
                                .vectors = SWL_MOST_VECTORS,                                                           \
                                .unit = unit_##pattern,                                                                \
                                .step = step_##pattern,                                                                \
                                .convert_size = sizeof(uint16_t),                                                      \
                                .direct_type = direct,                                                                 \
                                .convert = converts,                                                                   \
                                .expand = expand_##pattern,                                                            \
                                .add = adds,                                                                           \
                                .transpose = transpose,                                                                \
                                .finish = finishes};
