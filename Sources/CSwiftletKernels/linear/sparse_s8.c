#include "sparse_s8.h"

// N:M sparse int8, for every N and M. A byte shuffle inside 16-byte lanes gathers the inputs that outputs kept in a
// window of 16 inputs: a lane holds one token and serves four kept weights of four outputs. 1:4, 2:8 and 4:16 fill one
// such block a window, 2:4 and 4:8 two; other patterns take as many as their fullest window needs.
//
// Packed: [windows] counts of blocks, rounded up to 64 bytes; [tiles of 16 outputs][windows][blocks][4] swl_window;
// row sums.

static size_t windows_of(const swl_linear_shape *shape) { return swl_divide_up(shape->inputs, SWL_WINDOW); }

/// Blocks that the kept weights of any output in a window may need.
static size_t blocks_at(const swl_linear_shape *shape, size_t window) {
  size_t start = window * SWL_WINDOW, end = swl_min(start + SWL_WINDOW, shape->inputs), kept = 0;
  for (size_t at = start; at < end;) {
    size_t next = swl_min((at / shape->group + 1) * shape->group, end);
    kept += swl_min(next - at, shape->kept);
    at = next;
  }
  return swl_divide_up(kept, 4);
}

static size_t blocks_of(const swl_linear_shape *shape) {
  size_t blocks = 0;
  for (size_t window = 0; window < windows_of(shape); window++)
    blocks += blocks_at(shape, window);
  return blocks;
}

static size_t counts_size(const swl_linear_shape *shape) { return swl_round_up(windows_of(shape), 64); }

static size_t sums_offset(const swl_linear_shape *shape) {
  size_t tiles = swl_divide_up(shape->outputs, SWL_WINDOW_OUTPUTS);
  return counts_size(shape) + tiles * blocks_of(shape) * 4 * sizeof(swl_window);
}

static bool accepts(const void *details, const swl_linear_shape *shape) {
  (void)details;
  return !swl_is_dense(shape) && shape->type == SWL_S8;
}

static size_t packed_size(const void *details, const swl_linear_shape *shape) {
  (void)details;
  return sums_offset(shape) + shape->outputs * sizeof(int32_t);
}

static void pack(const void *details, const swl_linear_weights *weights, swl_outputs part, void *packed) {
  (void)details;
  const swl_linear_shape *shape = &weights->shape;
  size_t windows = windows_of(shape), blocks = blocks_of(shape), row = swl_row_length(shape);
  if (part.first == 0) {
    memset(packed, 0, counts_size(shape));
    for (size_t window = 0; window < windows; window++)
      ((uint8_t *)packed)[window] = (uint8_t)blocks_at(shape, window);
  }
  swl_window *tiles = (swl_window *)((char *)packed + counts_size(shape));
  const size_t first_tile = part.first / SWL_WINDOW_OUTPUTS, end_tile = swl_end_of(part, SWL_WINDOW_OUTPUTS);
  memset(tiles + first_tile * blocks * 4, 0, (end_tile - first_tile) * blocks * 4 * sizeof(swl_window));

  for (size_t r = 0; r < part.count; r++) {
    const size_t output = part.first + r;
    swl_window *w = tiles + output / SWL_WINDOW_OUTPUTS * blocks * 4;
    size_t entry = output % SWL_WINDOW_OUTPUTS / 4, lane = output % 4, window = 0, used = 0;
    for (size_t i = 0; i < row; i++) {
      size_t input = swl_input_of(weights, r, i);
      for (; window < input / SWL_WINDOW; window++, used = 0)
        w += blocks_at(shape, window) * 4;
      swl_window *to = &w[used / 4 * 4 + entry];
      to->index[lane][used % 4] = input % SWL_WINDOW;
      to->weight[lane][used % 4] = ((const int8_t *)weights->values)[r * row + i];
      used++;
    }
  }
  swl_row_sums(weights, part, (int32_t *)((char *)packed + sums_offset(shape)));
}

// A panel is up to STEPS register tiles of tokens, which share what a tile prepares for its outputs.
enum { STEPS = 5, MOST_TOKENS = 20 };

/// Bytes of the packed input of one of them.
static size_t step_size(const swl_sparse_s8 *v, const swl_linear_shape *shape) {
  return windows_of(shape) * v->vectors * SWL_WINDOW_TOKENS * SWL_WINDOW;
}

static swl_tiling tiling_of(const void *details, const swl_linear *op) {
  const swl_sparse_s8 *v = details;
  return swl_tiling_of(op, SWL_WINDOW_TOKENS * v->vectors, STEPS);
}

static size_t scratch_size(const void *details, const swl_linear *op) {
  const swl_sparse_s8 *v = details;
  return STEPS * step_size(v, &op->shape);
}

/// Lays tokens out as [windows][vectors][4 tokens][16 inputs], zeros around them.
static void pack_step(const swl_linear *op, size_t start, size_t tokens, size_t vectors, uint8_t *packed) {
  size_t windows = windows_of(&op->shape), whole = op->shape.inputs / SWL_WINDOW;
  size_t window = vectors * SWL_WINDOW_TOKENS * SWL_WINDOW;
  for (size_t t = 0; t < vectors * SWL_WINDOW_TOKENS; t++) {
    uint8_t *to = packed + t * SWL_WINDOW;
    if (t >= tokens) {
      for (size_t i = 0; i < windows; i++)
        memset(to + i * window, 0, SWL_WINDOW);
      continue;
    }
    const uint8_t *x = (const uint8_t *)op->x + (start + t) * op->x_stride;
    for (size_t i = 0; i < whole; i++)
      memcpy(to + i * window, x + i * SWL_WINDOW, SWL_WINDOW);
    if (whole < windows) {
      memset(to + whole * window, 0, SWL_WINDOW);
      memcpy(to + whole * window, x + whole * SWL_WINDOW, op->shape.inputs - whole * SWL_WINDOW);
    }
  }
}

static void run(const void *details, const swl_linear *op, size_t first, size_t count, void *scratch) {
  const swl_sparse_s8 *v = details;
  const swl_tiling tiling = tiling_of(v, op);
  const size_t windows = windows_of(&op->shape), entries = blocks_of(&op->shape) * 4;
  const size_t step = step_size(v, &op->shape);
  const uint8_t *blocks = op->packed;
  const swl_window *weights = (const swl_window *)(blocks + counts_size(&op->shape));
  const int32_t *row_sums = (const int32_t *)(blocks + sums_offset(&op->shape));

  for (size_t tile = first; tile < first + count; tile++) {
    size_t panel = tile / tiling.blocks, output = tile % tiling.blocks * SWL_BLOCK;
    size_t start = swl_panel_start(&tiling, panel), end = swl_panel_start(&tiling, panel + 1);
    swl_finishing finishing;
    swl_finishing_prepare(&finishing, op, row_sums, output);
    if (v->taken)
      swl_finishing_restore(&finishing, row_sums, v->taken);

    uint8_t *x = scratch;
    for (size_t t = start; t < end; t += tiling.step, x += step) {
      size_t tokens = swl_min(end - t, tiling.step), vectors = swl_divide_up(tokens, SWL_WINDOW_TOKENS);
      if (tile == first || tile % tiling.blocks == 0)
        pack_step(op, t, tokens, vectors, x);
      _Alignas(64) int32_t sums[MOST_TOKENS * SWL_BLOCK];
      for (size_t o = 0; o < finishing.outputs; o += SWL_WINDOW_OUTPUTS)
        v->sums(vectors, x, blocks, windows, weights + (output + o) / SWL_WINDOW_OUTPUTS * entries, sums + o);
      v->finish(&finishing, sums, t, tokens);
    }
  }
}

const swl_linear_family swl_sparse_s8_family = {accepts, packed_size, pack, tiling_of, scratch_size, run};
