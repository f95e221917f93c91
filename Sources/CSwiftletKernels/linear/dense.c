#include "dense.h"

// The frame of all dense kernels. Lanes are outputs: for every step of k a kernel loads the weights of one to four
// vectors of outputs and broadcasts the input of up to six tokens, which it reads where it lies. One token is one pass
// over the weights.
//
// Packed: [blocks of `width` outputs][steps of k][outputs of the block][k_step], then the row sums of s8 weights.
// The last block is narrower where one or two vectors of outputs suffice.

enum { TOKENS = 6, PANEL = 16 }; // tokens of a register tile, most register tiles of a panel

/// Vectors of outputs in the block that starts at `output`.
static size_t vectors_at(const swl_dense *v, const swl_linear_shape *shape, size_t output) {
  size_t vectors = swl_divide_up(swl_min(shape->outputs - output, v->width), v->lanes);
  return vectors == 3 ? 4 : vectors;
}

/// Bytes of the packed weights of one output.
static size_t column_size(const swl_dense *v, const swl_linear_shape *shape) {
  return swl_round_up(shape->inputs, v->k_step) * v->weight_size;
}

static size_t weights_size(const swl_dense *v, const swl_linear_shape *shape) {
  size_t last = (shape->outputs - 1) / v->width * v->width;
  return (last + vectors_at(v, shape, last) * v->lanes) * column_size(v, shape);
}

static bool accepts(const void *details, const swl_linear_shape *shape) {
  const swl_dense *v = details;
  return swl_is_dense(shape) && shape->type == v->type;
}

static size_t packed_size(const void *details, const swl_linear_shape *shape) {
  const swl_dense *v = details;
  return weights_size(v, shape) + (shape->type == SWL_S8 ? shape->outputs * sizeof(int32_t) : 0);
}

static void pack_weight(const swl_dense *v, const void *values, size_t from, void *packed, size_t to) {
  switch (v->type) {
  case SWL_S8:
    if (v->weight_size == 2)
      ((int16_t *)packed)[to] = ((const int8_t *)values)[from];
    else
      ((int8_t *)packed)[to] = ((const int8_t *)values)[from];
    break;
  default:
    if (v->weight_size == 2)
      ((uint16_t *)packed)[to] = ((const uint16_t *)values)[from];
    else
      ((float *)packed)[to] = swl_read_scalar(values, from, v->type);
  }
}

static void pack(const void *details, const swl_linear_weights *weights, void *packed) {
  const swl_dense *v = details;
  const swl_linear_shape *shape = &weights->shape;
  memset(packed, 0, weights_size(v, shape));
  for (size_t output = 0; output < shape->outputs; output++) {
    size_t block = output / v->width * v->width, width = vectors_at(v, shape, block) * v->lanes;
    char *base = (char *)packed + block * column_size(v, shape);
    for (size_t k = 0; k < shape->inputs; k++)
      pack_weight(v, weights->values, output * shape->inputs + k, base,
                  (k / v->k_step * width + output - block) * v->k_step + k % v->k_step);
  }
  if (shape->type == SWL_S8)
    swl_row_sums(weights, (int32_t *)((char *)packed + weights_size(v, shape)));
}

static swl_tiling tiling_of(const void *details, const swl_linear *op) {
  (void)details;
  return swl_tiling_of(op, TOKENS, PANEL);
}

/// Bytes of a converted row, or 0 if the input is read as it is.
static size_t converted_row_size(const swl_dense *v, const swl_linear *op) {
  return op->x_type == v->direct_type ? 0 : op->shape.inputs * v->convert_size;
}

static size_t scratch_size(const void *details, const swl_linear *op) {
  return converted_row_size(details, op) * PANEL * TOKENS;
}

static void run(const void *details, const swl_linear *op, size_t first, size_t count, void *scratch) {
  const swl_dense *v = details;
  const swl_tiling tiling = tiling_of(v, op);
  const size_t converted_row = converted_row_size(v, op), column = column_size(v, &op->shape);
  const int32_t *row_sums = NULL;
  if (op->shape.type == SWL_S8)
    row_sums = (const int32_t *)((const char *)op->packed + weights_size(v, &op->shape));

  for (size_t tile = first; tile < first + count; tile++) {
    size_t panel = tile / tiling.blocks, output = tile % tiling.blocks * SWL_BLOCK;
    size_t start = swl_panel_start(&tiling, panel), end = swl_panel_start(&tiling, panel + 1);
    swl_finishing finishing;
    swl_finishing_prepare(&finishing, op, row_sums, output);

    size_t x_stride = op->x_stride * swl_size_of(op->x_type);
    const char *x = (const char *)op->x + start * x_stride;
    if (converted_row) {
      if (tile == first || tile % tiling.blocks == 0)
        for (size_t t = start; t < end; t++)
          v->convert(x + (t - start) * x_stride, op->x_type, op->shape.inputs,
                     (char *)scratch + (t - start) * converted_row);
      x = scratch;
      x_stride = converted_row;
    }

    for (size_t t = start; t < end; t += TOKENS, x += TOKENS * x_stride) {
      _Alignas(64) float sums[TOKENS * SWL_BLOCK];
      size_t tokens = swl_min(end - t, TOKENS);
      for (size_t o = 0; o < finishing.outputs; o += v->width)
        v->sums(tokens, vectors_at(v, &op->shape, output + o), x, x_stride,
                (const char *)op->packed + (output + o) * column, op->shape.inputs, sums + o);
      v->finish(&finishing, sums, t, tokens);
    }
  }
}

const swl_linear_family swl_dense_family = {accepts, packed_size, pack, tiling_of, scratch_size, run};
