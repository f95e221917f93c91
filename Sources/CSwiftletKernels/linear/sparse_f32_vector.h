// N:M sparse f32, and bf16 where the processor has no bf16 products. Row k holds input k of the tokens. Included by the
// ISA files.

#include "convert_vector.h"
#include "sparse_rows_vector.h"

static swl_unit unit(const swl_linear_shape *shape) { return (swl_unit){shape->group, shape->group, shape->kept}; }

static swl_step step(const swl_linear_weights *weights, size_t output, size_t i) {
  size_t at = output * swl_row_length(&weights->shape) + i;
  float value = swl_read_scalar(weights->values, at, weights->shape.type);
  swl_step step = {.row = weights->indices[at]};
  memcpy(&step.word, &value, sizeof value);
  return step;
}

static void expand(const void *x, size_t x_stride, size_t inputs, size_t tokens, size_t vectors, char *rows) {
  for (size_t v = 0; v < vectors; v++)
    for (size_t k = 0; k < inputs; k += 4) {
      floats columns[4];
      load_columns_part((const char *)x + v * LANES * x_stride, x_stride, tokens - v * LANES, k * 4, inputs * 4,
                        columns);
      for (size_t i = 0; i < swl_min(inputs - k, 4); i++)
        memcpy(rows + (k + i) * ROW + v * sizeof(floats), &columns[i], sizeof(floats));
    }
}

SWL_INLINE floats multiply(floats sums, floats word, floats row) { return multiply_add(word, row, sums); }

SWL_ADD_ROWS(add, multiply)

const swl_sparse_rows SWL_ISA_NAME(swl_sparse_f32) = {.type = SWL_F32,
                                                      .row_size = ROW,
                                                      .lanes = LANES,
                                                      .vectors = SWL_MOST_VECTORS,
                                                      .unit = unit,
                                                      .step = step,
                                                      .direct_type = SWL_F32,
                                                      .expand = expand,
                                                      .add = add,
                                                      .transpose = transpose,
                                                      .finish = SWL_ISA_NAME(swl_linear_finish)};

const swl_sparse_rows SWL_ISA_NAME(swl_sparse_bf16) = {.type = SWL_BF16,
                                                       .row_size = ROW,
                                                       .lanes = LANES,
                                                       .vectors = SWL_MOST_VECTORS,
                                                       .unit = unit,
                                                       .step = step,
                                                       .convert_size = sizeof(float),
                                                       .direct_type = SWL_U8, // none: all input is rounded
                                                       .convert = round_to_bf16,
                                                       .expand = expand,
                                                       .add = add,
                                                       .transpose = transpose,
                                                       .finish = SWL_ISA_NAME(swl_linear_finish)};
