#include <string.h>

#include "linear_kernels.h"

// The references keep the plain layout: values [outputs][inputs / group][kept], then indices of the same shape.

size_t swl_linear_plain_size(const swl_linear_shape *shape) {
  size_t count = shape->outputs * (shape->inputs / shape->group) * shape->kept;
  return count * swl_size_of(shape->type) + (shape->kept < shape->group ? count : 0);
}

void swl_linear_plain_pack(const swl_linear_weights *weights, void *packed) {
  const swl_linear_shape *shape = &weights->shape;
  size_t count = shape->outputs * (shape->inputs / shape->group) * shape->kept;
  size_t bytes = count * swl_size_of(shape->type);
  memcpy(packed, weights->values, bytes);
  if (shape->kept < shape->group)
    memcpy((char *)packed + bytes, weights->indices, count);
}

static float finish(const swl_linear *op, float value, size_t token, size_t output) {
  const swl_linear_epilogue *e = &op->epilogue;
  if (e->bias)
    value += e->bias[output];
  value = swl_activate_scalar(e->activation, value);
  if (e->residual)
    value += e->residual[token * op->y_stride + output];
  return value;
}

/// x[token][input], rounded to the type of the weights.
static float read_input(const swl_linear *op, size_t token, size_t input) {
  float x = swl_read_scalar(op->x, token * op->x_stride + input, op->x_type);
  return op->shape.type == SWL_BF16 ? swl_from_bf16(swl_to_bf16(x)) : x;
}

void swl_linear_run_scalar(const swl_linear *op, size_t first, size_t count, void *scratch) {
  (void)scratch;
  const swl_linear_shape *shape = &op->shape;
  size_t row = shape->inputs / shape->group * shape->kept;
  const uint8_t *indices = (const uint8_t *)op->packed + shape->outputs * row * swl_size_of(shape->type);

  for (size_t token = first; token < first + count; token++)
    for (size_t output = 0; output < shape->outputs; output++) {
      float sum = 0;
      int32_t integer_sum = 0;
      for (size_t i = 0; i < row; i++) {
        size_t at = output * row + i;
        size_t input = shape->kept < shape->group ? i / shape->kept * shape->group + indices[at] : i;
        if (shape->type == SWL_S8)
          integer_sum += (((const uint8_t *)op->x)[token * op->x_stride + input] - op->x_zero_point) *
                         ((const int8_t *)op->packed)[at];
        else
          sum = fmaf(read_input(op, token, input), swl_read_scalar(op->packed, at, shape->type), sum);
      }
      if (shape->type == SWL_S8)
        sum = (float)integer_sum * (op->epilogue.scale ? op->epilogue.scale[output] : 1);
      swl_write_scalar(op->y, token * op->y_stride + output, op->output, finish(op, sum, token, output));
    }
}

size_t swl_linear_scalar_tiles(const swl_linear *op) { return op->tokens; }

size_t swl_linear_no_scratch(const swl_linear *op) {
  (void)op;
  return 0;
}
