#include "sparse_gather.h"

// 2:4 sparse int8 with outputs as lanes. Zen shuffles and multiplies on three ports, of which one does both, and blends
// on four: a blended step after every three shuffled ones keeps all four busy.
//
// Packed: [tiles of 32 outputs][units] swl_gather_unit; row sums.

static size_t units_of(const swl_linear_shape *shape) { return swl_divide_up(shape->inputs, SWL_UNIT_INPUTS); }

static size_t sums_offset(const swl_linear_shape *shape) {
  return swl_divide_up(shape->outputs, SWL_GATHER_OUTPUTS) * units_of(shape) * sizeof(swl_gather_unit);
}

/// Layers whose last unit would be mostly empty are left to sparse_s8.c.
static bool accepts(const void *details, const swl_linear_shape *shape) {
  (void)details;
  return shape->type == SWL_S8 && shape->kept == 2 && shape->group == 4 &&
         units_of(shape) * SWL_UNIT_INPUTS * 8 <= shape->inputs * 9;
}

static size_t packed_size(const void *details, const swl_linear_shape *shape) {
  (void)details;
  return sums_offset(shape) + shape->outputs * sizeof(int32_t);
}

static void pack(const void *details, const swl_linear_weights *weights, swl_outputs part, void *packed) {
  (void)details;
  const swl_linear_shape *shape = &weights->shape;
  size_t units = units_of(shape), row = swl_row_length(shape);
  const size_t tile_size = units * sizeof(swl_gather_unit), first_tile = part.first / SWL_GATHER_OUTPUTS;
  memset((char *)packed + first_tile * tile_size, 0, (swl_end_of(part, SWL_GATHER_OUTPUTS) - first_tile) * tile_size);
  for (size_t r = 0; r < part.count; r++) {
    const size_t output = part.first + r;
    swl_gather_unit *tile = (swl_gather_unit *)packed + output / SWL_GATHER_OUTPUTS * units;
    size_t half = output % SWL_GATHER_OUTPUTS / 16, lane = output % 16 * 4;
    for (size_t i = 0; i < row; i++) {
      size_t input = swl_input_of(weights, r, i), step = input % SWL_UNIT_INPUTS / SWL_STEP_INPUTS;
      swl_gather_unit *unit = &tile[input / SWL_UNIT_INPUTS];
      bool second = swl_input_of(weights, r, i ^ 1) < input; // of the two that a group keeps
      size_t byte = lane + i % 4 / 2 * 2 + second;
      unit->weight[step][half][byte] = ((const int8_t *)weights->values)[r * row + i];
      size_t candidate = input % 4 - second;
      if (step < SWL_SHUFFLED)
        unit->index[step][half][byte] = input % SWL_STEP_INPUTS;
      else if (candidate > 0)
        unit->takes[candidate - 1][half] |= UINT64_C(1) << byte;
    }
  }
  swl_row_sums(weights, part, (int32_t *)((char *)packed + sums_offset(shape)));
}

// A panel is up to TILES register tiles of tokens. UNITS units of a block's weights stay in the L1 cache for all of
// them, and the sums wait in the L2 cache.
enum { TILES = 11, UNITS = 16, TILE_SUMS = SWL_GATHER_TOKENS * SWL_BLOCK };

/// Records of a register tile.
static size_t tile_records(const swl_linear_shape *shape) { return units_of(shape) * SWL_GATHER_TOKENS; }

static size_t records_size(const swl_linear_shape *shape) {
  return swl_round_up(TILES * tile_records(shape) * sizeof(swl_gather_record), 64);
}

static swl_tiling tiling_of(const void *details, const swl_linear *op) {
  (void)details;
  return swl_tiling_of(op, SWL_GATHER_TOKENS, TILES);
}

static size_t scratch_size(const void *details, const swl_linear *op) {
  (void)details;
  return records_size(&op->shape) + TILES * TILE_SUMS * sizeof(int32_t);
}

/// Lays tokens out as [units][tokens] records, zeros after the last input.
static void pack_tile(const swl_sparse_gather *v, const swl_linear *op, size_t start, size_t tokens,
                      swl_gather_record *records) {
  size_t whole = op->shape.inputs / SWL_UNIT_INPUTS, rest = op->shape.inputs % SWL_UNIT_INPUTS;
  for (size_t t = 0; t < tokens; t++) {
    const uint8_t *x = (const uint8_t *)op->x + (start + t) * op->x_stride;
    for (size_t i = 0; i < whole; i++)
      v->pack(x + i * SWL_UNIT_INPUTS, &records[i * tokens + t]);
    if (rest) {
      uint8_t last[SWL_UNIT_INPUTS] = {0};
      memcpy(last, x + whole * SWL_UNIT_INPUTS, rest);
      v->pack(last, &records[whole * tokens + t]);
    }
  }
}

static void run(const void *details, const swl_linear *op, size_t first, size_t count, void *scratch) {
  const swl_sparse_gather *v = details;
  const swl_tiling tiling = tiling_of(v, op);
  const size_t units = units_of(&op->shape), stride = tile_records(&op->shape);
  const swl_gather_unit *weights = op->packed;
  const int32_t *row_sums = (const int32_t *)((const char *)op->packed + sums_offset(&op->shape));
  swl_gather_record *records = scratch;
  int32_t *sums = (int32_t *)((char *)scratch + records_size(&op->shape));

  for (size_t at = first; at < first + count; at++) {
    size_t panel = at / tiling.blocks, output = at % tiling.blocks * SWL_BLOCK;
    size_t start = swl_panel_start(&tiling, panel), end = swl_panel_start(&tiling, panel + 1);
    swl_finishing finishing;
    swl_finishing_prepare(&finishing, op, row_sums, output);

    if (at == first || output == 0)
      for (size_t t = start, i = 0; t < end; t += tiling.step, i++)
        pack_tile(v, op, t, swl_min(end - t, tiling.step), records + i * stride);
    for (size_t unit = 0; unit < units; unit += UNITS)
      for (size_t t = start, i = 0; t < end; t += tiling.step, i++) {
        size_t tokens = swl_min(end - t, tiling.step);
        for (size_t o = 0; o < finishing.outputs; o += SWL_GATHER_OUTPUTS)
          v->add(tokens, records + i * stride + unit * tokens, swl_min(units - unit, UNITS),
                 weights + (output + o) / SWL_GATHER_OUTPUTS * units + unit, unit == 0, sums + i * TILE_SUMS + o);
        if (unit + UNITS >= units)
          v->finish(&finishing, sums + i * TILE_SUMS, t, tokens);
      }
  }
}

const swl_linear_family swl_sparse_gather_family = {accepts, packed_size, pack, tiling_of, scratch_size, run};
