#include "sparse_rows.h"

// N:M sparse layers whose lanes are tokens. A panel of the input is expanded to rows, one for every value or
// combination of values that a kept weight may multiply, each across the tokens. An output then walks its kept weights:
// it broadcasts a word of them and multiplies the rows that their positions name. No gather: a position selects a row,
// not a lane.
//
// The expanded panel is cut into blocks that stay in the L1 cache, and sums wait in the L2 cache between blocks.
//
// Packed: [blocks][outputs][steps] words, then row numbers of the same shape: 32 + 8 bits a step; row sums of s8 weights.

enum { BLOCK_BYTES = 32 << 10, MOST_ROWS = 256, GROUP = 4 }; // of the 32 KiB L1 cache; tiles whose sums are kept at once

typedef struct {
  swl_unit unit;
  size_t units, units_per_block, steps; // steps of an output in all
} layout;

static layout layout_of(const swl_sparse_rows *v, const swl_linear_shape *shape) {
  layout l = {.unit = v->unit(shape)};
  l.units = swl_divide_up(shape->inputs, l.unit.inputs);
  size_t fitting = swl_min(BLOCK_BYTES / v->row_size, MOST_ROWS) / l.unit.rows;
  size_t whole = swl_divide_up(v->lanes, l.unit.steps); // units whose steps fill a vector of words
  if (fitting >= whole)
    fitting -= fitting % whole;
  l.units_per_block = swl_min(l.units, fitting ? fitting : 1);
  l.steps = l.units * l.unit.steps;
  return l;
}

static bool accepts(const void *details, const swl_linear_shape *shape) {
  const swl_sparse_rows *v = details;
  if (swl_is_dense(shape) || shape->type != v->type)
    return false;
  return v->group ? shape->kept == v->kept && shape->group == v->group : shape->group <= MOST_ROWS;
}

static size_t rows_offset(const layout *l, const swl_linear_shape *shape) {
  return shape->outputs * l->steps * sizeof(uint32_t);
}

static size_t row_sums_offset(const layout *l, const swl_linear_shape *shape) {
  return swl_round_up(shape->outputs * l->steps * (sizeof(uint32_t) + sizeof(uint8_t)), sizeof(int32_t));
}

static size_t packed_size(const void *details, const swl_linear_shape *shape) {
  layout l = layout_of(details, shape);
  return row_sums_offset(&l, shape) + (shape->type == SWL_S8 ? shape->outputs * sizeof(int32_t) : 0);
}

/// Where the steps of an output in the block that begins with a unit lie among all steps.
static size_t steps_at(const layout *l, const swl_linear_shape *shape, size_t first_unit, size_t output) {
  size_t units = swl_min(l->units_per_block, l->units - first_unit);
  return (first_unit * shape->outputs + units * output) * l->unit.steps;
}

static void pack(const void *details, const swl_linear_weights *weights, swl_outputs part, void *packed) {
  const swl_sparse_rows *v = details;
  const swl_linear_shape *shape = &weights->shape;
  const layout l = layout_of(v, shape);
  uint32_t *words = packed;
  uint8_t *rows = (uint8_t *)((char *)packed + rows_offset(&l, shape));
  for (size_t row = 0; row < part.count; row++)
    for (size_t i = 0; i < l.steps; i++) {
      size_t unit = i / l.unit.steps, first_unit = unit / l.units_per_block * l.units_per_block;
      size_t at = steps_at(&l, shape, first_unit, part.first + row) + i - first_unit * l.unit.steps;
      swl_step step = v->step(weights, row, i);
      words[at] = step.word;
      rows[at] = (uint8_t)((unit - first_unit) * l.unit.rows + step.row);
    }
  if (shape->type == SWL_S8)
    swl_row_sums(weights, part, (int32_t *)((char *)packed + row_sums_offset(&l, shape)));
}

static swl_tiling tiling_of(const void *details, const swl_linear *op) {
  const swl_sparse_rows *v = details;
  return swl_tiling_of(op, v->lanes, v->vectors);
}

// Scratch: the expanded panel, the sums of a group of tiles, the converted input.

static size_t panel_size(const swl_sparse_rows *v, const layout *l) { return l->units * l->unit.rows * v->row_size; }

static size_t sums_size(const swl_sparse_rows *v) { return GROUP * SWL_BLOCK * v->vectors * v->lanes * sizeof(float); }

/// Bytes of a converted row, or 0 if the input is read as it is.
static size_t converted_row_size(const swl_sparse_rows *v, const swl_linear *op) {
  return op->x_type == v->direct_type ? 0 : op->shape.inputs * v->convert_size;
}

static size_t scratch_size(const void *details, const swl_linear *op) {
  const swl_sparse_rows *v = details;
  layout l = layout_of(v, &op->shape);
  return swl_round_up(panel_size(v, &l), 64) + sums_size(v) + converted_row_size(v, op) * v->vectors * v->lanes;
}

static void expand_panel(const swl_sparse_rows *v, const swl_linear *op, size_t start, size_t tokens, size_t vectors,
                         char *panel, char *converted) {
  size_t x_stride = op->x_stride * swl_size_of(op->x_type), row = converted_row_size(v, op);
  const char *x = (const char *)op->x + start * x_stride;
  if (row) {
    for (size_t t = 0; t < tokens; t++)
      v->convert(x + t * x_stride, op->x_type, op->shape.inputs, converted + t * row);
    x = converted;
    x_stride = row;
  }
  v->expand(x, x_stride, op->shape.inputs, tokens, vectors, panel);
}

/// The sums of `outputs` outputs from the first on, over all blocks: sums[outputs][vectors * lanes].
static void add_up(const swl_sparse_rows *v, const swl_linear *op, const layout *l, const char *panel, size_t vectors,
                   size_t first_output, size_t outputs, float *sums) {
  const uint32_t *words = op->packed;
  const uint8_t *rows = (const uint8_t *)((const char *)op->packed + rows_offset(l, &op->shape));
  for (size_t unit = 0; unit < l->units; unit += l->units_per_block) {
    size_t at = steps_at(l, &op->shape, unit, first_output);
    swl_steps steps = {.outputs = outputs,
                       .steps = swl_min(l->units_per_block, l->units - unit) * l->unit.steps,
                       .words = words + at,
                       .rows = rows + at};
    v->add(vectors, &steps, panel + unit * l->unit.rows * v->row_size, unit == 0, sums);
  }
}

static void run(const void *details, const swl_linear *op, size_t first, size_t count, void *scratch) {
  const swl_sparse_rows *v = details;
  const swl_tiling tiling = tiling_of(v, op);
  const layout l = layout_of(v, &op->shape);
  char *panel = scratch;
  float *sums = (float *)(panel + swl_round_up(panel_size(v, &l), 64));
  char *converted = (char *)sums + sums_size(v);
  const int32_t *row_sums = NULL;
  if (op->shape.type == SWL_S8)
    row_sums = (const int32_t *)((const char *)op->packed + row_sums_offset(&l, &op->shape));

  for (size_t tile = first, end = first + count, next; tile < end; tile = next) {
    size_t index = tile / tiling.blocks, block = tile % tiling.blocks;
    next = swl_min(swl_min(end, tile + GROUP), (index + 1) * tiling.blocks);
    size_t start = swl_panel_start(&tiling, index), tokens = swl_panel_start(&tiling, index + 1) - start;
    size_t vectors = swl_divide_up(tokens, v->lanes), stride = vectors * v->lanes;
    if (tile == first || block == 0)
      expand_panel(v, op, start, tokens, vectors, panel, converted);

    size_t output = block * SWL_BLOCK, outputs = swl_min(op->shape.outputs - output, (next - tile) * SWL_BLOCK);
    add_up(v, op, &l, panel, vectors, output, outputs, sums);

    for (size_t o = 0; o < outputs; o += SWL_BLOCK) {
      swl_finishing finishing;
      swl_finishing_prepare(&finishing, op, row_sums, output + o);
      for (size_t t = 0; t < tokens; t += v->lanes) {
        _Alignas(64) float transposed[16 * SWL_BLOCK];
        v->transpose(sums + o * stride + t, stride, transposed);
        v->finish(&finishing, transposed, start + t, swl_min(tokens - t, v->lanes));
      }
    }
  }
}

const swl_linear_family swl_sparse_rows_family = {accepts, packed_size, pack, tiling_of, scratch_size, run};
