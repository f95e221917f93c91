#ifndef SWL_CODES_VECTOR_H
#define SWL_CODES_VECTOR_H

// Products with codes. A code is not moved to the lowest bits of its byte, but taken as the float that it is where it lies:
// what it is multiplied by is made smaller by a power of two instead, which is exact. Scales and offsets are applied to
// sums of codes. Few rows multiply codes as they come out of their bytes, more rows what was written out for all of them;
// the sums are the same, bit for bit. Included by the files of an instruction set.

#include "../attention/products_vector.h"
#include "memory_kernels.h"

enum {
  FEW = 4,                                  // rows that take codes from their bytes
  MOST = TILE / LANES < 4 ? TILE / LANES : 4, // vectors that they take together
};

/// As many vectors as sums find registers for, and as it takes for one addition not to wait for another.
SWL_INLINE size_t vectors_for(size_t bits, size_t rows) { return rows <= 2 && bits != 3 ? MOST : 2; }

typedef struct {
  size_t bits, low, in_byte; // of a code, of it in the first array, codes in a byte of that
} code_kind;

SWL_INLINE code_kind kind_of(size_t bits) {
  const size_t low = bits == 3 ? 2 : bits;
  return (code_kind){bits, low, 8 / low};
}

/// What a code in place k of its byte is worth there.
SWL_INLINE float place_value(code_kind kind, size_t k) { return (float)(1 << (k % kind.in_byte * kind.low)); }

/// LANES bytes, or as many as there are, as integers.
SWL_INLINE ints load_bytes(const uint8_t *p, size_t count) {
  bytes b = {};
  if (count >= LANES)
    memcpy(&b, p, sizeof b);
  else
    for (size_t i = 0; i < count; i++)
      b[i] = p[i];
  return __builtin_convertvector(b, ints);
}

/// A byte of codes, and for 3 bits where the upper bits of these are to be put above them.
typedef struct {
  ints low, high;
} code_bytes;

/// The byte that codes from `first` on, a whole byte of them, lie in.
SWL_INLINE code_bytes load_codes(code_kind kind, const uint8_t *low, const uint8_t *high, size_t first, size_t length,
                                 size_t count) {
  code_bytes b = {load_bytes(low + first / kind.in_byte * length, count), {}};
  if (kind.bits == 3)
    b.high = load_bytes(high + first / 8 * length, count) << (first / 4 % 2 ? 1 : 2);
  return b;
}

/// The code in place k, times its place's value.
SWL_INLINE floats code_in(code_kind kind, code_bytes b, size_t k) {
  const int shift = (int)(k * kind.low);
  ints code = b.low & (((1 << kind.low) - 1) << shift);
  if (kind.bits == 3)
    code |= b.high & (4 << shift);
  return __builtin_convertvector(code, floats);
}

/// Adds what rows, `stride` elements apart, make of the first `count` codes of a byte of each of some vectors.
SWL_INLINE void add_codes(code_kind kind, size_t rows, size_t vectors, size_t count, const code_bytes b[MOST],
                          const float *x, size_t stride, floats acc[FEW][MOST]) {
#pragma clang loop unroll(full)
  for (size_t k = 0; k < count; k++) {
    floats code[MOST];
    for (size_t j = 0; j < vectors; j++)
      code[j] = code_in(kind, b[j], k);
    for (size_t r = 0; r < rows; r++) {
      const floats factor = broadcast(x + r * stride + k);
      for (size_t j = 0; j < vectors; j++)
        acc[r][j] = multiply_add(factor, code[j], acc[r][j]);
    }
  }
}

/// LANES f16.
SWL_INLINE floats load_f16(const char *p) { return from_f16(load_halves(p)); }

/// Where the arrays of a tile begin.
typedef struct {
  const uint8_t *low, *high;
  const char *scales, *offsets;
} code_tile;

SWL_INLINE code_tile tile_of(const swl_memory_format *format, bool values, const char *tile) {
  const char *scales = tile + swl_memory_codes_size(format, values);
  const uint8_t *low = (const uint8_t *)tile;
  return (code_tile){low, low + swl_memory_low_size(format, values), scales,
                     scales + swl_memory_slices(format) * TILE * sizeof(uint16_t)};
}

// MARK: Keys

/// Adds what rows make of `count` codes of a byte, from element i on, at some vectors of positions.
SWL_INLINE void add_key_codes(code_kind kind, size_t rows, size_t vectors, size_t count, const code_tile *t, size_t v,
                              size_t i, const float *q, size_t q_stride, floats acc[FEW][MOST]) {
  code_bytes b[MOST];
  for (size_t j = 0; j < vectors; j++)
    b[j] = load_codes(kind, t->low + v + j * LANES, t->high + v + j * LANES, i, TILE, LANES);
  add_codes(kind, rows, vectors, count, b, q + i, q_stride, acc);
}

/// Sums of up to FEW rows of a slice with the codes of a tile: sums[row][32].
SWL_INLINE void multiply_key_codes_as(size_t bits, size_t rows, const code_tile *t, size_t first, size_t end,
                                      const float *q, size_t q_stride, float *sums, size_t sums_stride) {
  const code_kind kind = kind_of(bits);
  const size_t vectors = vectors_for(bits, rows);
  for (size_t v = 0; v < TILE; v += vectors * LANES) {
    floats acc[FEW][MOST];
    for (size_t r = 0; r < rows; r++)
      for (size_t j = 0; j < vectors; j++)
        acc[r][j] = splat(0);
    size_t i = first;
    for (; i + kind.in_byte <= end; i += kind.in_byte)
      add_key_codes(kind, rows, vectors, kind.in_byte, t, v, i, q, q_stride, acc);
    switch (end - i) { // the last byte is not full
    case 1:
      add_key_codes(kind, rows, vectors, 1, t, v, i, q, q_stride, acc);
      break;
    case 2:
      add_key_codes(kind, rows, vectors, 2, t, v, i, q, q_stride, acc);
      break;
    case 3:
      add_key_codes(kind, rows, vectors, 3, t, v, i, q, q_stride, acc);
      break;
    }
    for (size_t r = 0; r < rows; r++)
      for (size_t j = 0; j < vectors; j++)
        store(sums + r * sums_stride + v + j * LANES, acc[r][j]);
  }
}

/// The codes of a slice of a tile as floats: [end - first][32].
SWL_INLINE void write_key_codes_as(size_t bits, const code_tile *t, size_t first, size_t end, float *out) {
  const code_kind kind = kind_of(bits);
  for (size_t i = first; i < end; i += kind.in_byte)
    for (size_t v = 0; v < TILE; v += LANES) {
      const code_bytes b = load_codes(kind, t->low + v, t->high + v, i, TILE, LANES);
#pragma clang loop unroll(full)
      for (size_t k = 0; k < kind.in_byte; k++)
        if (i + k < end)
          store(out + (i - first + k) * TILE + v, code_in(kind, b, k));
    }
}

// MARK: Values

/// Adds to some vectors of up to FEW rows what weights make of the codes of the first positions of a tile; of the last
/// vector `rest` elements, where it is not whole.
SWL_INLINE void multiply_value_vectors(code_kind kind, size_t rows, size_t vectors, const uint8_t *low,
                                       const uint8_t *high, size_t width, size_t rest, size_t count,
                                       const float *weights, float *sums, size_t sums_stride) {
  floats acc[FEW][MOST];
  for (size_t r = 0; r < rows; r++)
    for (size_t j = 0; j < vectors; j++)
      acc[r][j] = load_part(sums + r * sums_stride + j * LANES, j + 1 < vectors ? LANES : rest);
  for (size_t p = 0; p < count; p += kind.in_byte) {
    code_bytes b[MOST];
    for (size_t j = 0; j < vectors; j++)
      b[j] = load_codes(kind, low + j * LANES, high + j * LANES, p, width, j + 1 < vectors ? LANES : rest);
    // Weights behind the last position are zeros.
    add_codes(kind, rows, vectors, kind.in_byte, b, weights + p, TILE, acc);
  }
  for (size_t r = 0; r < rows; r++)
    for (size_t j = 0; j < vectors; j++)
      store_part(sums + r * sums_stride + j * LANES, acc[r][j], j + 1 < vectors ? LANES : rest);
}

/// The same of a slice: [rows][end - first].
SWL_INLINE void multiply_value_codes_as(size_t bits, size_t rows, const code_tile *t, size_t width, size_t first,
                                        size_t end, size_t count, const float *weights, float *sums,
                                        size_t sums_stride) {
  const code_kind kind = kind_of(bits);
  const size_t vectors = vectors_for(bits, rows);
  size_t v = first;
  for (; v + vectors * LANES <= end; v += vectors * LANES)
    multiply_value_vectors(kind, rows, vectors, t->low + v, t->high + v, width, LANES, count, weights,
                           sums + v - first, sums_stride);
  for (; v + LANES <= end; v += LANES)
    multiply_value_vectors(kind, rows, 1, t->low + v, t->high + v, width, LANES, count, weights, sums + v - first,
                           sums_stride);
  if (v < end)
    multiply_value_vectors(kind, rows, 1, t->low + v, t->high + v, width, end - v, count, weights, sums + v - first,
                           sums_stride);
}

/// The codes of a slice of the first positions of a tile as floats: [32][stride].
SWL_INLINE void write_value_codes_as(size_t bits, const code_tile *t, size_t width, size_t first, size_t end,
                                     size_t count, float *out, size_t stride) {
  const code_kind kind = kind_of(bits);
  for (size_t p = 0; p < count; p += kind.in_byte)
    for (size_t v = first; v < end; v += LANES) {
      const code_bytes b = load_codes(kind, t->low + v, t->high + v, p, width, end - v);
#pragma clang loop unroll(full)
      for (size_t k = 0; k < kind.in_byte; k++)
        store_part(out + (p + k) * stride + v - first, code_in(kind, b, k), end - v);
    }
}

// MARK: By bits

#define BY_BITS(call, bits, ...)                                                                                       \
  switch (bits) {                                                                                                      \
  case 8:                                                                                                              \
    call##_as(8, __VA_ARGS__);                                                                                         \
    break;                                                                                                             \
  case 4:                                                                                                              \
    call##_as(4, __VA_ARGS__);                                                                                         \
    break;                                                                                                             \
  case 3:                                                                                                              \
    call##_as(3, __VA_ARGS__);                                                                                         \
    break;                                                                                                             \
  default:                                                                                                             \
    call##_as(2, __VA_ARGS__);                                                                                         \
  }

#define BY_ROWS(call, bits, rows, ...)                                                                                 \
  switch (rows) {                                                                                                      \
  case 1:                                                                                                              \
    BY_BITS(call, bits, 1, __VA_ARGS__) break;                                                                         \
  case 2:                                                                                                              \
    BY_BITS(call, bits, 2, __VA_ARGS__) break;                                                                         \
  case 3:                                                                                                              \
    BY_BITS(call, bits, 3, __VA_ARGS__) break;                                                                         \
  default:                                                                                                             \
    BY_BITS(call, bits, 4, __VA_ARGS__)                                                                                \
  }

static void multiply_key_codes(size_t bits, size_t rows, const code_tile *t, size_t first, size_t end, const float *q,
                               size_t q_stride, float *sums, size_t sums_stride) {
  BY_ROWS(multiply_key_codes, bits, rows, t, first, end, q, q_stride, sums, sums_stride)
}

static void write_key_codes(size_t bits, const code_tile *t, size_t first, size_t end, float *out) {
  BY_BITS(write_key_codes, bits, t, first, end, out)
}

static void multiply_value_codes(size_t bits, size_t rows, const code_tile *t, size_t width, size_t first, size_t end,
                                 size_t count, const float *weights, float *sums, size_t sums_stride) {
  BY_ROWS(multiply_value_codes, bits, rows, t, width, first, end, count, weights, sums, sums_stride)
}

static void write_value_codes(size_t bits, const code_tile *t, size_t width, size_t first, size_t end, size_t count,
                              float *out, size_t stride) {
  BY_BITS(write_value_codes, bits, t, width, first, end, count, out, stride)
}

/// A tile of codes of keys as the numbers that they stand for: [width][32].
static void expand_keys(const swl_memory_format *format, const char *tile, float *out) {
  const code_tile t = tile_of(format, false, tile);
  const code_kind kind = kind_of(format->bits);
  write_key_codes(format->bits, &t, 0, format->width, out);
  for (size_t i = 0; i < format->width; i++) {
    const size_t grid = i / format->slice * TILE;
    for (size_t v = 0; v < TILE; v += LANES) {
      const floats scale = load_f16(t.scales + (grid + v) * 2) * (1 / place_value(kind, i));
      store(out + i * TILE + v, multiply_add(load(out + i * TILE + v), scale, load_f16(t.offsets + (grid + v) * 2)));
    }
  }
}

#endif
