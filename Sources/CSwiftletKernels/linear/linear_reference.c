#include "linear_kernels.h"

// The reference keeps the plain layout: values [outputs][inputs / group][kept], then indices of the same shape.
// A tile is a token.

static bool accepts(const void *details, const swl_linear_shape *shape) {
  (void)details, (void)shape;
  return true;
}

static size_t packed_size(const void *details, const swl_linear_shape *shape) {
  (void)details;
  size_t count = shape->outputs * swl_row_length(shape);
  return count * swl_size_of(shape->type) + (swl_is_dense(shape) ? 0 : count);
}

static void pack(const void *details, const swl_linear_weights *weights, void *packed) {
  (void)details;
  size_t count = weights->shape.outputs * swl_row_length(&weights->shape);
  size_t bytes = count * swl_size_of(weights->shape.type);
  memcpy(packed, weights->values, bytes);
  if (!swl_is_dense(&weights->shape))
    memcpy((char *)packed + bytes, weights->indices, count);
}

/// A tile is one token and all outputs.
static swl_tiling tiling_of(const void *details, const swl_linear *op) {
  (void)details;
  return (swl_tiling){.tokens = op->tokens, .step = 1, .panels = op->tokens, .blocks = 1};
}

static size_t scratch_size(const void *details, const swl_linear *op) {
  (void)details, (void)op;
  return 0;
}

/// x[token][input], rounded to the type of the weights.
static float read_input(const swl_linear *op, size_t token, size_t input) {
  float x = swl_read_scalar(op->x, token * op->x_stride + input, op->x_type);
  return op->shape.type == SWL_BF16 ? swl_from_bf16(swl_to_bf16(x)) : x;
}

static float sum(const swl_linear *op, const swl_linear_weights *w, size_t token, size_t output) {
  float sum = 0;
  int32_t integer_sum = 0;
  for (size_t i = 0, row = swl_row_length(&op->shape); i < row; i++) {
    size_t at = output * row + i, input = swl_input_of(w, output, i);
    if (op->shape.type == SWL_S8)
      integer_sum +=
          (((const uint8_t *)op->x)[token * op->x_stride + input] - op->x_zero_point) * ((const int8_t *)w->values)[at];
    else
      sum = fmaf(read_input(op, token, input), swl_read_scalar(w->values, at, op->shape.type), sum);
  }
  return op->shape.type == SWL_S8 ? (float)integer_sum : sum;
}

static float finish(const swl_linear *op, float value, size_t token, size_t output) {
  const swl_linear_epilogue *e = &op->epilogue;
  value = fmaf(value, e->scale ? e->scale[output] : 1, e->bias ? e->bias[output] : 0);
  value = swl_activate_scalar(e->activation, value);
  return e->residual ? value + e->residual[token * op->y_stride + output] : value;
}

static void run(const void *details, const swl_linear *op, size_t first, size_t count, void *scratch) {
  (void)details, (void)scratch;
  size_t bytes = op->shape.outputs * swl_row_length(&op->shape) * swl_size_of(op->shape.type);
  swl_linear_weights weights = {op->shape, op->packed, (const uint8_t *)op->packed + bytes};

  for (size_t token = first; token < first + count; token++)
    for (size_t output = 0; output < op->shape.outputs; output++) {
      float value = finish(op, sum(op, &weights, token, output), token, output);
      swl_write_scalar(op->y, token * op->y_stride + output, op->output, value);
    }
}

const swl_linear_family swl_reference_family = {accepts, packed_size, pack, tiling_of, scratch_size, run};
