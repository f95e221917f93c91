#include "dense_u4.h"

// Dense layers of 4-bit weights in groups with a scale and an offset, for inputs that are quantised as the layer runs.
// Lanes are outputs, four inputs each. Codes are positive and inputs signed, so that vpmaddubsw takes them as they are;
// 32 inputs of 4 bits and 8 bits add up to less than int16 holds.
//
// Packed: [tiles of 8 outputs][groups]: swl_u4_group, codes [inputs / 8][8 outputs][4]: in a byte's lower half one of the
// first four inputs, in its upper half one of the other four.

enum { PANEL = 8 }; // most register tiles of a panel

static size_t groups_of(const swl_linear_shape *shape) { return shape->inputs / shape->scale_group; }

static size_t group_bytes(const swl_linear_shape *shape) {
  return sizeof(swl_u4_group) + SWL_U4_OUTPUTS * shape->scale_group / 2;
}

static size_t tile_size(const swl_linear_shape *shape) { return groups_of(shape) * group_bytes(shape); }

static bool accepts(const void *details, const swl_linear_shape *shape) {
  (void)details;
  return shape->type == SWL_U4;
}

static size_t packed_size(const void *details, const swl_linear_shape *shape) {
  (void)details;
  return swl_divide_up(shape->outputs, SWL_U4_OUTPUTS) * tile_size(shape);
}

static void pack(const void *details, const swl_linear_weights *weights, swl_outputs part, void *packed) {
  (void)details;
  const swl_linear_shape *shape = &weights->shape;
  const size_t groups = groups_of(shape);
  const size_t first_tile = part.first / SWL_U4_OUTPUTS, tiles = swl_end_of(part, SWL_U4_OUTPUTS) - first_tile;
  memset((char *)packed + first_tile * tile_size(shape), 0, tiles * tile_size(shape));
  for (size_t row = 0; row < part.count; row++) {
    const size_t output = part.first + row;
    const size_t lane = output % SWL_U4_OUTPUTS;
    char *tile = (char *)packed + output / SWL_U4_OUTPUTS * tile_size(shape);
    for (size_t g = 0; g < groups; g++) {
      swl_u4_group *group = (swl_u4_group *)(tile + g * group_bytes(shape));
      group->scales[lane] = weights->group_scales[row * groups + g];
      group->offsets[lane] = weights->group_offsets[row * groups + g];
      uint8_t *codes = (uint8_t *)(group + 1);
      for (size_t i = 0; i < shape->scale_group; i++) {
        const size_t at = row * shape->inputs + g * shape->scale_group + i;
        const uint8_t code = ((const uint8_t *)weights->values)[at / 2] >> at % 2 * 4 & 15;
        codes[(i / SWL_U4_INPUTS * SWL_U4_OUTPUTS + lane) * 4 + i % 4] |= (uint8_t)(code << i % SWL_U4_INPUTS / 4 * 4);
      }
    }
  }
}

static swl_tiling tiling_of(const void *details, const swl_linear *op) {
  (void)details;
  return swl_tiling_of(op, SWL_U4_TOKENS, PANEL);
}

/// Bytes of a token in scratch: the inputs without their zero point, then the sums and the scales of the groups.
static size_t token_size(const swl_linear_shape *shape) { return shape->inputs + 2 * groups_of(shape) * sizeof(float); }

static size_t scratch_size(const void *details, const swl_linear *op) {
  (void)details;
  return swl_min(op->tokens, SWL_U4_TOKENS * PANEL) * token_size(&op->shape);
}

static void prepare(const swl_linear_shape *shape, const uint8_t *x, const float *x_scales, int8_t *signed_x,
                    float *group_sums, float *scales) {
  for (size_t i = 0; i < shape->inputs; i++)
    signed_x[i] = (int8_t)(x[i] ^ 0x80);
  for (size_t g = 0; g < groups_of(shape); g++) {
    int32_t sum = 0;
    for (size_t i = 0; i < shape->scale_group; i++)
      sum += signed_x[g * shape->scale_group + i];
    scales[g] = x_scales ? x_scales[g] : 1;
    group_sums[g] = (float)sum * scales[g];
  }
}

static void run(const void *details, const swl_linear *op, size_t first, size_t count, void *scratch) {
  const swl_dense_u4 *v = details;
  const swl_linear_shape *shape = &op->shape;
  const swl_tiling tiling = tiling_of(v, op);

  for (size_t tile = first; tile < first + count; tile++) {
    size_t panel = tile / tiling.blocks, output = tile % tiling.blocks * SWL_BLOCK;
    size_t start = swl_panel_start(&tiling, panel), end = swl_panel_start(&tiling, panel + 1);
    swl_finishing finishing;
    swl_finishing_prepare(&finishing, op, NULL, output);
    swl_u4_token tokens[SWL_U4_TOKENS * PANEL];
    for (size_t t = start; t < end; t++) {
      char *at = (char *)scratch + (t - start) * token_size(shape);
      int8_t *x = (int8_t *)at;
      float *group_sums = (float *)(at + shape->inputs), *scales = group_sums + groups_of(shape);
      if (tile == first || tile % tiling.blocks == 0)
        prepare(shape, (const uint8_t *)op->x + t * op->x_stride,
                op->x_group_scales ? op->x_group_scales + t * groups_of(shape) : NULL, x, group_sums, scales);
      tokens[t - start] = (swl_u4_token){x, group_sums, scales};
    }
    for (size_t t = start; t < end; t += SWL_U4_TOKENS) {
      _Alignas(64) float sums[SWL_U4_TOKENS * SWL_BLOCK];
      const size_t count = swl_min(end - t, SWL_U4_TOKENS);
      const swl_u4_token *x = tokens + (t - start);
      const char *packed = (const char *)op->packed + output / SWL_U4_OUTPUTS * tile_size(shape);
      size_t o = 0;
      for (; count == 1 && v->one_token && o + SWL_U4_TILES * SWL_U4_OUTPUTS <= finishing.outputs;
           o += SWL_U4_TILES * SWL_U4_OUTPUTS, packed += SWL_U4_TILES * tile_size(shape))
        v->one_token(x, packed, tile_size(shape), groups_of(shape), shape->scale_group, sums + o);
      for (; o < finishing.outputs; o += SWL_U4_OUTPUTS, packed += tile_size(shape))
        v->sums(count, x, packed, groups_of(shape), shape->scale_group, sums + o);
      v->finish(&finishing, sums, t, count);
    }
  }
}

const swl_linear_family swl_dense_u4_family = {accepts, packed_size, pack, tiling_of, scratch_size, run};
