#include "dense.h"

// The frame of all dense kernels. Lanes are outputs: for every step of k a kernel loads the weights of one to four
// vectors of outputs and broadcasts the input of up to six tokens, which it reads where it lies. One token is one pass
// over the weights.
//
// Packed: [blocks of `width` outputs][steps of k][outputs of the block][k_step] in the bytes of the plain weights, as
// with few tokens the time is what reading them takes; then the row sums of s8 weights. The last block is narrower where
// one or two vectors of outputs suffice. Where instructions want wider weights, a tile of many tokens widens its own once.

enum { TOKENS = 6, PANEL = 16 }; // tokens of a register tile, most register tiles of a panel
enum { FEW = 2 };                // register tiles that weights are not widened for

/// Vectors of outputs in the block that starts at `output`.
static size_t vectors_at(const swl_dense *v, const swl_linear_shape *shape, size_t output) {
  size_t vectors = swl_divide_up(swl_min(shape->outputs - output, v->width), v->lanes);
  return vectors == 3 ? 4 : vectors;
}

/// Bytes of the packed weights of one output.
static size_t column_size(const swl_dense *v, const swl_linear_shape *shape) {
  return swl_round_up(shape->inputs, v->k_step) * swl_size_of(v->type);
}

/// The same as `sums` reads them.
static size_t wide_column_size(const swl_dense *v, const swl_linear_shape *shape) {
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

/// Copies the weights of an output, `step` side by side, to every `stride`-th place for as many. Inlined for each size, as
/// a call for every weight would take most of the time.
SWL_INLINE void copy_row(const char *from, size_t count, size_t step, size_t stride, size_t size, char *to) {
  for (size_t k = 0; k < count; k += step, to += stride * size)
    for (size_t i = k; i < swl_min(k + step, count); i++)
      memcpy(to + (i - k) * size, from + i * size, size);
}

static void pack(const void *details, const swl_linear_weights *weights, swl_outputs part, void *packed) {
  const swl_dense *v = details;
  const swl_linear_shape *shape = &weights->shape;
  const size_t size = swl_size_of(v->type), column = column_size(v, shape), end = part.first + part.count;
  const size_t end_byte = end == shape->outputs ? weights_size(v, shape) : end * column;
  memset((char *)packed + part.first * column, 0, end_byte - part.first * column);
  for (size_t output = part.first; output < end; output++) {
    const size_t block = output / v->width * v->width, width = vectors_at(v, shape, block) * v->lanes;
    const char *row = (const char *)weights->values + (output - part.first) * shape->inputs * size;
    char *to = (char *)packed + block * column + (output - block) * v->k_step * size;
    switch (size) {
    case 1:
      copy_row(row, shape->inputs, v->k_step, width * v->k_step, 1, to);
      break;
    case 2:
      copy_row(row, shape->inputs, v->k_step, width * v->k_step, 2, to);
      break;
    default:
      copy_row(row, shape->inputs, v->k_step, width * v->k_step, 4, to);
    }
  }
  if (shape->type == SWL_S8)
    swl_row_sums(weights, part, (int32_t *)((char *)packed + weights_size(v, shape)));
}

static swl_tiling tiling_of(const void *details, const swl_linear *op) {
  (void)details;
  return swl_tiling_of(op, TOKENS, PANEL);
}

/// Bytes of a converted row, or 0 if the input is read as it is.
static size_t converted_row_size(const swl_dense *v, const swl_linear *op) {
  return op->x_type == v->direct_type ? 0 : op->shape.inputs * v->convert_size;
}

/// Bytes of all converted rows of a panel.
static size_t converted_size(const swl_dense *v, const swl_linear *op) {
  return swl_round_up(converted_row_size(v, op) * PANEL * TOKENS, 64);
}

static size_t scratch_size(const void *details, const swl_linear *op) {
  const swl_dense *v = details;
  bool widens = v->widen && op->tokens > FEW * TOKENS;
  return converted_size(v, op) + (widens ? SWL_BLOCK * wide_column_size(v, &op->shape) : 0);
}

/// Widens the weights of the outputs of a tile: returned as they lie in `wide`.
static const char *widened(const swl_dense *v, const swl_linear_shape *shape, size_t output, size_t outputs,
                           const char *packed, char *wide) {
  const size_t column = column_size(v, shape), wide_column = wide_column_size(v, shape);
  const size_t steps = swl_divide_up(shape->inputs, v->k_step);
  for (size_t o = 0; o < outputs; o += v->width)
    v->widen(packed + o * column, steps * vectors_at(v, shape, output + o), wide + o * wide_column);
  return wide;
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
    if (v->taken)
      swl_finishing_restore(&finishing, row_sums, v->taken);

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

    const char *weights = (const char *)op->packed + output * column;
    size_t column_stride = column;
    swl_dense_sums *sums_of = v->widen ? v->narrow_sums : v->sums;
    const bool is_wide = v->widen && end - start > FEW * TOKENS;
    if (is_wide) {
      weights = widened(v, &op->shape, output, finishing.outputs, weights, (char *)scratch + converted_size(v, op));
      column_stride = wide_column_size(v, &op->shape);
      sums_of = v->sums;
    }
    for (size_t t = start; t < end; t += TOKENS, x += TOKENS * x_stride) {
      _Alignas(64) float sums[TOKENS * SWL_BLOCK];
      size_t tokens = swl_min(end - t, TOKENS);
      if (tokens == 1 && v->one_token && !is_wide && finishing.outputs == SWL_BLOCK)
        v->one_token(x, weights, v->width * column, op->shape.inputs, sums);
      else
        for (size_t o = 0; o < finishing.outputs; o += v->width)
          sums_of(tokens, vectors_at(v, &op->shape, output + o), x, x_stride, weights + o * column_stride,
                  op->shape.inputs, sums + o);
      v->finish(&finishing, sums, t, tokens);
    }
  }
}

const swl_linear_family swl_dense_family = {accepts, packed_size, pack, tiling_of, scratch_size, run};
