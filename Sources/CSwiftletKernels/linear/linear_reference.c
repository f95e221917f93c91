#include "linear_kernels.h"

// The reference keeps the plain layout: values [outputs][inputs / group][kept], then indices of the same shape, or scales
// and offsets of 4-bit weights. A tile is a token.

/// Bytes of all values, of the indices, and of the scales or of the offsets.
static size_t values_size(const swl_linear_shape *shape) {
  size_t count = shape->outputs * swl_row_length(shape);
  return shape->type == SWL_U4 ? swl_round_up(count / 2, 2) : count * swl_size_of(shape->type);
}

static size_t indices_size(const swl_linear_shape *shape) {
  return swl_is_dense(shape) ? 0 : shape->outputs * swl_row_length(shape);
}

static size_t groups_size(const swl_linear_shape *shape) {
  return shape->type == SWL_U4 ? shape->outputs * (shape->inputs / shape->scale_group) * sizeof(uint16_t) : 0;
}

static bool accepts(const void *details, const swl_linear_shape *shape) {
  (void)details, (void)shape;
  return true;
}

static size_t packed_size(const void *details, const swl_linear_shape *shape) {
  (void)details;
  return values_size(shape) + indices_size(shape) + 2 * groups_size(shape);
}

static void pack(const void *details, const swl_linear_weights *weights, swl_outputs part, void *packed) {
  (void)details;
  const swl_linear_shape *shape = &weights->shape;
  swl_linear_shape before = *shape, here = *shape;
  before.outputs = part.first;
  here.outputs = part.count;
  char *values = packed, *behind = values + values_size(shape);
  memcpy(values + values_size(&before), weights->values, values_size(&here));
  if (!swl_is_dense(shape))
    memcpy(behind + indices_size(&before), weights->indices, indices_size(&here));
  if (shape->type == SWL_U4) {
    memcpy(behind + groups_size(&before), weights->group_scales, groups_size(&here));
    memcpy(behind + groups_size(shape) + groups_size(&before), weights->group_offsets, groups_size(&here));
  }
}

/// The weights as they were before they were packed.
static swl_linear_weights plain(const swl_linear *op) {
  const char *values = op->packed, *behind = values + values_size(&op->shape);
  swl_linear_weights w = {.shape = op->shape, .values = values, .indices = (const uint8_t *)behind};
  w.group_scales = (const uint16_t *)behind;
  w.group_offsets = (const uint16_t *)(behind + groups_size(&op->shape));
  return w;
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

/// The same for 4-bit weights, group by group.
static float sum_of_groups(const swl_linear *op, const swl_linear_weights *w, size_t token, size_t output) {
  const uint8_t *x = (const uint8_t *)op->x + token * op->x_stride;
  const size_t size = op->shape.scale_group, groups = op->shape.inputs / size;
  float sum = 0;
  for (size_t g = 0; g < groups; g++) {
    int32_t of_codes = 0, of_inputs = 0;
    for (size_t i = g * size; i < (g + 1) * size; i++) {
      const int32_t input = x[i] - op->x_zero_point;
      of_codes += input * (int32_t)swl_read_scalar(w->values, output * op->shape.inputs + i, SWL_U4);
      of_inputs += input;
    }
    const float scale = op->x_group_scales ? op->x_group_scales[token * groups + g] : 1;
    sum = fmaf(swl_from_f16(w->group_scales[output * groups + g]) * scale, (float)of_codes, sum);
    sum = fmaf(swl_from_f16(w->group_offsets[output * groups + g]), (float)of_inputs * scale, sum);
  }
  return sum;
}

static float finish(const swl_linear *op, float value, size_t token, size_t output) {
  const swl_linear_epilogue *e = &op->epilogue;
  float scale = (e->scale ? e->scale[output] : 1) * (e->x_scales ? e->x_scales[token] : 1);
  value = fmaf(value, scale, e->bias ? e->bias[output] : 0);
  value = swl_activate_scalar(e->activation, e->slope, value);
  return e->residual ? value + e->residual[token * op->y_stride + output] : value;
}

static void run(const void *details, const swl_linear *op, size_t first, size_t count, void *scratch) {
  (void)details, (void)scratch;
  const swl_linear_weights weights = plain(op);
  for (size_t token = first; token < first + count; token++)
    for (size_t output = 0; output < op->shape.outputs; output++) {
      float of_output = op->shape.type == SWL_U4 ? sum_of_groups(op, &weights, token, output)
                                                 : sum(op, &weights, token, output);
      float value = finish(op, of_output, token, output);
      swl_write_scalar(op->y, token * op->y_stride + output, op->output, value);
    }
}

const swl_linear_family swl_reference_family = {accepts, packed_size, pack, tiling_of, scratch_size, run};
