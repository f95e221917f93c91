// Writes tokens into the tiles of a memory, one element at a time, alike on every processor: codes must not depend on it.

#include "../attention/cache_elements.h"
#include "memory_kernels.h"

#pragma STDC FP_CONTRACT OFF

/// The tiles of positions that tokens fall into.
static size_t tiles_of(const swl_memory_append *op) {
  if (op->tokens == 0)
    return 0;
  return (op->position + op->tokens - 1) / SWL_MEMORY_TILE - op->position / SWL_MEMORY_TILE + 1;
}

size_t swl_memory_append_tiles(const swl_memory_append *op) { return op->format.parts * tiles_of(op); }

// MARK: Numbers

static void append_numbers(const swl_memory_append *op, char *tile, size_t place, const float *x) {
  for (size_t i = 0; i < op->format.width; i++)
    swl_write_cached(tile,
                 op->values ? (i / SWL_CACHE_PART * SWL_MEMORY_TILE + place) * SWL_CACHE_PART + i % SWL_CACHE_PART
                            : i * SWL_MEMORY_TILE + place,
                 op->format.type, x[i]);
}

// MARK: Codes

/// Scale and offset of a slice, both as f16 and as the floats that those are; NaN where it cannot be told.
typedef struct {
  uint16_t scale_bits, offset_bits;
  float scale, offset;
} grid;

/// The next f16 towards infinity, or towards minus infinity.
static uint16_t next_half(uint16_t half, bool up) {
  if ((half & 0x7fff) == 0)
    return up ? 0x0001 : 0x8001;
  return (half >> 15 != 0) == up ? half - 1 : half + 1;
}

static grid grid_of(const float *x, size_t count, int levels) {
  float least = INFINITY, greatest = -INFINITY;
  bool finite = true;
  for (size_t i = 0; i < count; i++) {
    finite = finite && isfinite(x[i]);
    least = fminf(least, x[i]);
    greatest = fmaxf(greatest, x[i]);
  }
  grid g = {.scale_bits = 0x7e00, .offset_bits = 0x7e00, .scale = NAN, .offset = NAN};
  if (!finite)
    return g;
  uint16_t offset = swl_to_f16(least);
  if (swl_from_f16(offset) > least)
    offset = next_half(offset, false);
  const float base = swl_from_f16(offset);
  uint16_t scale = swl_to_f16((greatest - base) / (float)levels);
  // The greatest code comes to the greatest element, but for what float32 rounds.
  const float slack = fmaxf(fabsf(greatest), fabsf(base)) * 0x1p-23f;
  if (!(base + swl_from_f16(scale) * (float)levels + slack >= greatest))
    scale = next_half(scale, true);
  const float step = swl_from_f16(scale);
  if (!isfinite(base) || !isfinite(step))
    return g;
  return (grid){scale, offset, step, base};
}

static unsigned code_of(grid g, float x, int levels) {
  if (!(g.scale > 0))
    return 0;
  const float code = rintf((x - g.offset) / g.scale);
  return code <= 0 ? 0 : code >= (float)levels ? (unsigned)levels : (unsigned)code;
}

/// Puts a code of `bits` bits at bit `shift` of a byte.
SWL_INLINE void put(uint8_t *byte, size_t bits, size_t shift, unsigned code) {
  const unsigned mask = (1u << bits) - 1;
  *byte = (uint8_t)((*byte & ~(mask << shift)) | code << shift);
}

static void append_codes(const swl_memory_append *op, char *tile, size_t place, const float *x) {
  const swl_memory_format *format = &op->format;
  const size_t slices = swl_memory_slices(format), codes_size = swl_memory_codes_size(format, op->values);
  const int levels = (1 << format->bits) - 1;
  const size_t low_bits = format->bits == 3 ? 2 : format->bits, in_byte = 8 / low_bits;
  const size_t length = op->values ? format->width : SWL_MEMORY_TILE;
  uint8_t *low = (uint8_t *)tile, *high = low + swl_memory_low_size(format, op->values);
  for (size_t slice = 0; slice < slices; slice++) {
    const size_t start = slice * format->slice;
    const grid g = grid_of(x + start, format->slice, levels);
    char *scales = tile + codes_size + (slice * SWL_MEMORY_TILE + place) * sizeof(uint16_t);
    memcpy(scales, &g.scale_bits, sizeof(uint16_t));
    memcpy(scales + slices * SWL_MEMORY_TILE * sizeof(uint16_t), &g.offset_bits, sizeof(uint16_t));
    for (size_t i = start; i < start + format->slice; i++) {
      const unsigned code = code_of(g, x[i], levels);
      const size_t first = op->values ? place : i, second = op->values ? i : place;
      put(low + first / in_byte * length + second, low_bits, first % in_byte * low_bits,
          format->bits == 3 ? code & 3 : code);
      if (format->bits == 3)
        put(high + first / 8 * length + second, 1, swl_memory_high_shift(first), code >> 2);
    }
  }
}

void swl_memory_append_run(const swl_memory_append *op, size_t first, size_t count) {
  const size_t tiles = tiles_of(op), tile_size = swl_memory_tile_size(&op->format, op->values);
  for (size_t index = first; index < first + count; index++) {
    const size_t part = index / tiles, tile = op->position / SWL_MEMORY_TILE + index % tiles;
    char *data = op->pages[tile / SWL_MEMORY_TILES] + op->offset +
                 (part * SWL_MEMORY_TILES + tile % SWL_MEMORY_TILES) * tile_size;
    const size_t start = swl_max(tile * SWL_MEMORY_TILE, op->position);
    const size_t end = swl_min((tile + 1) * SWL_MEMORY_TILE, op->position + op->tokens);
    for (size_t position = start; position < end; position++) {
      const float *x = op->x + (position - op->position) * op->x_stride + part * op->format.width;
      if (op->format.bits == 0)
        append_numbers(op, data, position % SWL_MEMORY_TILE, x);
      else
        append_codes(op, data, position % SWL_MEMORY_TILE, x);
    }
  }
}
