#ifndef SWL_EXPAND_VECTOR_H
#define SWL_EXPAND_VECTOR_H

// Codes of a tile as the floats that they stand for. A code is not moved to the lowest bits of its byte: what it is worth
// there is taken off the scale, which is exact. Included by the files of an instruction set.

#include "../attention/products_vector.h"
#include "memory_kernels.h"

/// LANES bytes, or as many as there are, as integers.
SWL_INLINE ints load_bytes(const uint8_t *p, size_t count) {
  bytes b = {};
  memcpy(&b, p, count >= LANES ? sizeof b : count);
  return __builtin_convertvector(b, ints);
}

SWL_INLINE floats code_at(ints byte, int mask) { return __builtin_convertvector(byte & mask, floats); }

/// LANES f16.
SWL_INLINE floats load_f16(const char *p) { return from_f16(load_halves(p)); }

// MARK: Keys

/// Some rows of a tile of keys, from `first` on, that share scales: [rows][32].
SWL_INLINE void expand_key_rows(size_t bits, const uint8_t *low, const uint8_t *high, size_t first, size_t end,
                                floats scale, floats offset, float *out) {
  const size_t low_bits = bits == 3 ? 2 : bits, in_byte = 8 / low_bits;
  const int mask = (1 << low_bits) - 1;
  floats scales[4];
  for (size_t k = 0; k < in_byte; k++)
    scales[k] = scale * (1.0f / (float)(1 << k * low_bits));
  for (size_t i = first; i < end; i += in_byte) {
    const ints byte = load_bytes(low + i / in_byte * TILE, LANES);
    const ints upper = bits == 3 ? load_bytes(high + i / 8 * TILE, LANES) >> (int)(i % 8) : byte;
    for (size_t k = 0; k < in_byte && i + k < end; k++) {
      floats x = multiply_add(code_at(byte, mask << k * low_bits), scales[k], offset);
      if (bits == 3)
        x = multiply_add(code_at(upper >> (int)k, 1), scale * 4, x);
      store(out + (i + k) * TILE, x);
    }
  }
}

SWL_INLINE void expand_keys_as(size_t bits, const swl_memory_format *format, const char *tile, float *out) {
  const size_t slices = swl_memory_slices(format);
  const char *scales = tile + swl_memory_codes_size(format, false), *offsets = scales + slices * TILE * 2;
  const uint8_t *low = (const uint8_t *)tile, *high = low + swl_memory_low_size(format, false);
  for (size_t v = 0; v < TILE; v += LANES)
    for (size_t slice = 0; slice < slices; slice++)
      expand_key_rows(bits, low + v, high + v, slice * format->slice, (slice + 1) * format->slice,
                      load_f16(scales + (slice * TILE + v) * 2), load_f16(offsets + (slice * TILE + v) * 2), out + v);
}

/// A tile of codes of keys: [width][32].
static void expand_keys(const swl_memory_format *format, const char *tile, float *out) {
  switch (format->bits) {
  case 8:
    expand_keys_as(8, format, tile, out);
    break;
  case 4:
    expand_keys_as(4, format, tile, out);
    break;
  case 3:
    expand_keys_as(3, format, tile, out);
    break;
  default:
    expand_keys_as(2, format, tile, out);
  }
}

// MARK: Values

/// What codes of a slice are multiplied by, position by position, where they lie in their bytes.
typedef struct {
  float scale[TILE], offset[TILE];
} slice_grid;

SWL_INLINE void load_grid(const char *scales, const char *offsets, slice_grid *grid) {
  for (size_t v = 0; v < TILE; v += LANES) {
    store(grid->scale + v, load_f16(scales + v * 2));
    store(grid->offset + v, load_f16(offsets + v * 2));
  }
}

SWL_INLINE void expand_values_as(size_t bits, const swl_memory_format *format, const char *tile, size_t count,
                                 size_t padded, float *out) {
  const size_t slices = swl_memory_slices(format), width = format->width;
  const size_t low_bits = bits == 3 ? 2 : bits, in_byte = 8 / low_bits;
  const int mask = (1 << low_bits) - 1;
  const char *scales = tile + swl_memory_codes_size(format, true), *offsets = scales + slices * TILE * 2;
  const uint8_t *low = (const uint8_t *)tile, *high = low + swl_memory_low_size(format, true);
  for (size_t slice = 0; slice < slices; slice++) {
    slice_grid grid;
    load_grid(scales + slice * TILE * 2, offsets + slice * TILE * 2, &grid);
    const size_t start = slice * format->slice, end = start + format->slice;
    for (size_t p = 0; p < count; p += in_byte)
      for (size_t v = start; v < end; v += LANES) {
        const ints byte = load_bytes(low + p / in_byte * width + v, end - v);
        const ints upper = bits == 3 ? load_bytes(high + p / 8 * width + v, end - v) >> (int)(p % 8) : byte;
        for (size_t k = 0; k < in_byte; k++) {
          const float scale = grid.scale[p + k];
          floats x = multiply_add(code_at(byte, mask << k * low_bits), splat(scale * (1.0f / (float)(1 << k * low_bits))),
                                  splat(grid.offset[p + k]));
          if (bits == 3)
            x = multiply_add(code_at(upper >> (int)k, 1), splat(scale * 4), x);
          store_part(out + (p + k) * padded + v, x, end - v);
        }
      }
  }
}

/// The first positions of a tile of codes of values: [32][padded], what is behind the width is left.
static void expand_values(const swl_memory_format *format, const char *tile, size_t count, size_t padded, float *out) {
  switch (format->bits) {
  case 8:
    expand_values_as(8, format, tile, count, padded, out);
    break;
  case 4:
    expand_values_as(4, format, tile, count, padded, out);
    break;
  case 3:
    expand_values_as(3, format, tile, count, padded, out);
    break;
  default:
    expand_values_as(2, format, tile, count, padded, out);
  }
}

#endif
