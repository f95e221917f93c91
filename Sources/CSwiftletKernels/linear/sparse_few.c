#include "sparse_few.h"

// N:M sparse layers for few tokens, where the time is what reading the weights takes: int8 2:4 is 5 bits a weight of
// the dense layer, 1:4 is 2.5. Lanes are outputs: a shuffle of a few inputs gathers those that each output kept.
//
// Packed: [tiles of 8 outputs][blocks]: weights [steps][8 outputs][together], codes [bytes][8 outputs]; row sums of s8.

enum { PANEL = 8 }; // most register tiles of a panel

static size_t steps_of(const swl_sparse_few *v, const swl_linear_shape *shape) {
  return swl_divide_up(swl_row_length(shape), v->together);
}

static size_t blocks_of(const swl_sparse_few *v, const swl_linear_shape *shape) {
  return swl_divide_up(steps_of(v, shape), v->steps);
}

static size_t weights_size(const swl_sparse_few *v) {
  return SWL_FEW_OUTPUTS * v->steps * v->together * swl_size_of(v->type);
}

static size_t block_size(const swl_sparse_few *v) {
  return weights_size(v) + SWL_FEW_OUTPUTS * v->steps * v->code_bits / 8;
}

static size_t sums_offset(const swl_sparse_few *v, const swl_linear_shape *shape) {
  return swl_divide_up(shape->outputs, SWL_FEW_OUTPUTS) * blocks_of(v, shape) * block_size(v);
}

static bool accepts(const void *details, const swl_linear_shape *shape) {
  const swl_sparse_few *v = details;
  return shape->type == v->type && shape->kept == v->kept && shape->group == v->group;
}

static size_t packed_size(const void *details, const swl_linear_shape *shape) {
  return sums_offset(details, shape) + (shape->type == SWL_S8 ? shape->outputs * sizeof(int32_t) : 0);
}

static void pack(const void *details, const swl_linear_weights *weights, swl_outputs part, void *packed) {
  const swl_sparse_few *v = details;
  const swl_linear_shape *shape = &weights->shape;
  const size_t row = swl_row_length(shape), size = swl_size_of(v->type);
  const size_t tile_size = blocks_of(v, shape) * block_size(v), first_tile = part.first / SWL_FEW_OUTPUTS;
  memset((char *)packed + first_tile * tile_size, 0, (swl_end_of(part, SWL_FEW_OUTPUTS) - first_tile) * tile_size);
  for (size_t r = 0; r < part.count; r++) {
    const size_t output = part.first + r;
    uint8_t *tile = (uint8_t *)packed + output / SWL_FEW_OUTPUTS * tile_size;
    const size_t lane = output % SWL_FEW_OUTPUTS;
    for (size_t i = 0; i < steps_of(v, shape); i++) {
      size_t step = i % v->steps, first_input = i * v->windows / v->steps * v->window;
      uint8_t *block = tile + i / v->steps * block_size(v);
      size_t positions[2] = {0, shape->group}; // of 1:4 the last second group may be missing: its weight is zero
      for (size_t j = 0, at = i * v->together; j < v->together && at < row; j++, at++) {
        positions[j] = swl_input_of(weights, r, at) - first_input;
        memcpy(block + ((step * SWL_FEW_OUTPUTS + lane) * v->together + j) * size,
               (const char *)weights->values + (r * row + at) * size, size);
      }
      const size_t bit = step * v->code_bits;
      block[weights_size(v) + bit / 8 * SWL_FEW_OUTPUTS + lane] |=
          (uint8_t)(v->code(positions[0], positions[1]) << bit % 8);
    }
  }
  if (shape->type == SWL_S8)
    swl_row_sums(weights, part, (int32_t *)((char *)packed + sums_offset(v, shape)));
}

static swl_tiling tiling_of(const void *details, const swl_linear *op) {
  (void)details;
  return swl_tiling_of(op, SWL_FEW_TOKENS, PANEL);
}

/// Bytes of a converted token, zeros behind the last input.
static size_t x_row_size(const swl_sparse_few *v, const swl_linear_shape *shape) {
  return blocks_of(v, shape) * v->windows * v->window * v->x_size;
}

static size_t scratch_size(const void *details, const swl_linear *op) {
  return swl_min(op->tokens, SWL_FEW_TOKENS * PANEL) * x_row_size(details, &op->shape);
}

static void run(const void *details, const swl_linear *op, size_t first, size_t count, void *scratch) {
  const swl_sparse_few *v = details;
  const swl_tiling tiling = tiling_of(v, op);
  const size_t blocks = blocks_of(v, &op->shape), tile_size = blocks * block_size(v);
  const size_t x_row = x_row_size(v, &op->shape), x_used = op->shape.inputs * v->x_size;
  const size_t x_stride = op->x_stride * swl_size_of(op->x_type);
  const int32_t *row_sums = NULL;
  if (op->shape.type == SWL_S8)
    row_sums = (const int32_t *)((const char *)op->packed + sums_offset(v, &op->shape));

  for (size_t tile = first; tile < first + count; tile++) {
    size_t panel = tile / tiling.blocks, output = tile % tiling.blocks * SWL_BLOCK;
    size_t start = swl_panel_start(&tiling, panel), end = swl_panel_start(&tiling, panel + 1);
    swl_finishing finishing;
    swl_finishing_prepare(&finishing, op, row_sums, output);
    if (v->taken)
      swl_finishing_restore(&finishing, row_sums, v->taken);
    if (tile == first || tile % tiling.blocks == 0)
      for (size_t t = start; t < end; t++) {
        char *to = (char *)scratch + (t - start) * x_row;
        v->convert((const char *)op->x + t * x_stride, op->x_type, op->shape.inputs, to);
        memset(to + x_used, 0, x_row - x_used);
      }
    for (size_t t = start; t < end; t += SWL_FEW_TOKENS) {
      _Alignas(64) float sums[SWL_FEW_TOKENS * SWL_BLOCK];
      size_t tokens = swl_min(end - t, SWL_FEW_TOKENS);
      const char *x = (const char *)scratch + (t - start) * x_row;
      const uint8_t *packed = (const uint8_t *)op->packed + output / SWL_FEW_OUTPUTS * tile_size;
      size_t o = 0;
      for (; tokens == 1 && v->one_token && o + SWL_FEW_TILES * SWL_FEW_OUTPUTS <= finishing.outputs;
           o += SWL_FEW_TILES * SWL_FEW_OUTPUTS, packed += SWL_FEW_TILES * tile_size)
        v->one_token(x, packed, tile_size, blocks, sums + o);
      for (; o < finishing.outputs; o += SWL_FEW_OUTPUTS, packed += tile_size)
        v->sums(tokens, x, x_row, packed, blocks, sums + o);
      v->finish(&finishing, sums, t, tokens);
    }
  }
}

const swl_linear_family swl_sparse_few_family = {accepts, packed_size, pack, tiling_of, scratch_size, run};
