#ifndef SWL_PRODUCTS_VECTOR_H
#define SWL_PRODUCTS_VECTOR_H

// What attention on tiles is made of: products of a few rows with tiles of keys or values, and the softmax of segments
// that are joined in order. Included by the files of an instruction set.

#include "../common/columns_vector.h"
#include "swl_cache.h"

enum {
  BLOCK = 6, // rows of a register tile
  TILE = SWL_CACHE_TILE,
  PART = SWL_CACHE_PART,
};

/// The next `count` floats of scratch; NULL where only the size is wanted.
SWL_INLINE float *take(char *scratch, size_t *used, size_t count) {
  size_t at = *used;
  *used += swl_round_up(count * sizeof(float), 64);
  return scratch ? (float *)(scratch + at) : NULL;
}

// MARK: Products

/// A float in every lane, without the addition of zero that splat() is for a -0.
SWL_INLINE floats broadcast(const float *p) {
  uint32_t word;
  memcpy(&word, p, sizeof word);
  return (floats)((words){} + word);
}

SWL_INLINE floats read_f32(const char *p) { return load((const float *)p); }

SWL_INLINE halves load_halves(const char *p) {
  halves h;
  memcpy(&h, p, sizeof h);
  return h;
}

SWL_INLINE floats read_bf16(const char *p) { return from_bf16(load_halves(p)); }
SWL_INLINE floats read_f16(const char *p) { return from_f16(load_halves(p)); }

/// A register tile: sums[row][v] += x[row][i] * w[i][v], w[i] lying `step` elements behind w[i - 1]. Few rows take keys
/// and values faster than the processor foresees: they fetch what comes next, `next_step` bytes a step.
SWL_INLINE void tile(floats read(const char *), size_t size, size_t rows, size_t vectors, const float *x,
                     size_t x_stride, const char *w, const size_t at[4], size_t step, size_t steps, bool adds,
                     float *sums, size_t sums_stride, const char *next, size_t next_step) {
  floats acc[BLOCK][4];
  for (size_t t = 0; t < rows; t++)
    for (size_t v = 0; v < vectors; v++)
      acc[t][v] = adds ? load(sums + t * sums_stride + v * LANES) : splat(0);
  for (size_t i = 0; i < steps; i++, x++, w += step * size) {
    floats weights[4];
    if (rows <= 4)
      __builtin_prefetch(next + i * next_step);
    for (size_t v = 0; v < vectors; v++)
      weights[v] = read(w + at[v]);
    for (size_t t = 0; t < rows; t++) {
      const floats value = broadcast(x + t * x_stride);
      for (size_t v = 0; v < vectors; v++)
        acc[t][v] = multiply_add(value, weights[v], acc[t][v]);
    }
  }
  for (size_t t = 0; t < rows; t++)
    for (size_t v = 0; v < vectors; v++)
      store(sums + t * sums_stride + v * LANES, acc[t][v]);
}

#define STREAM_TILE(rows, vectors)                                                                                     \
  case rows * 8 + vectors:                                                                                             \
    tile(read, size, rows, vectors, x, x_stride, w, at, step, steps, adds, sums + v * LANES, sums_stride,              \
         next + v * steps * next_step, vectors * next_step);                                                           \
    break;

/// x[rows][steps] times w[steps][columns]: column c of a row of w is `part_step` elements from where it would be for
/// each `part` columns before it. `next` is what will be read as w next.
SWL_INLINE void multiply_as(floats read(const char *), size_t size, size_t rows, size_t columns, const float *x,
                            size_t x_stride, const char *w, size_t step, size_t part, size_t part_step, size_t steps,
                            bool adds, float *sums, size_t sums_stride, const char *next) {
  const size_t next_step = (part < columns ? LANES : step * LANES / columns) * size; // for each vector of columns
  const size_t wide = WIDE == 4 || rows <= 2 ? 4 : 2; // as many sums as registers hold beside weights
  for (size_t v = 0, vectors; v < columns / LANES; v += vectors) {
    vectors = swl_min(columns / LANES - v, wide);
    if (vectors == 3)
      vectors = 2;
    size_t at[4];
    for (size_t i = 0; i < 4; i++)
      at[i] = ((v + i) * LANES / part * part_step + (v + i) * LANES % part) * size;
    switch (rows * 8 + vectors) {
      STREAM_TILE(1, 1) STREAM_TILE(2, 1) STREAM_TILE(3, 1) STREAM_TILE(4, 1) STREAM_TILE(5, 1) STREAM_TILE(6, 1)
      STREAM_TILE(1, 2) STREAM_TILE(2, 2) STREAM_TILE(3, 2) STREAM_TILE(4, 2) STREAM_TILE(5, 2) STREAM_TILE(6, 2)
      STREAM_TILE(1, 4) STREAM_TILE(2, 4) STREAM_TILE(3, 4)
#if WIDE == 4
      STREAM_TILE(4, 4) STREAM_TILE(5, 4) STREAM_TILE(6, 4)
#endif
    }
  }
}

#define MULTIPLY(name, size)                                                                                           \
  static void multiply_##name(size_t rows, size_t columns, const float *x, size_t x_stride, const char *w,             \
                              size_t step, size_t part, size_t part_step, size_t steps, bool adds, float *sums,        \
                              size_t sums_stride, const char *next) {                                                  \
    multiply_as(read_##name, size, rows, columns, x, x_stride, w, step, part, part_step, steps, adds, sums,            \
                sums_stride, next);                                                                                    \
  }
MULTIPLY(f32, 4)
MULTIPLY(bf16, 2)
MULTIPLY(f16, 2)

static void multiply(swl_cache_type type, size_t rows, size_t columns, const float *x, size_t x_stride, const char *w,
                     size_t step, size_t part, size_t part_step, size_t steps, bool adds, float *sums,
                     size_t sums_stride, const char *next) {
  switch (type) {
  case SWL_CACHE_F32:
    multiply_f32(rows, columns, x, x_stride, w, step, part, part_step, steps, adds, sums, sums_stride, next);
    break;
  case SWL_CACHE_BF16:
    multiply_bf16(rows, columns, x, x_stride, w, step, part, part_step, steps, adds, sums, sums_stride, next);
    break;
  case SWL_CACHE_F16:
    multiply_f16(rows, columns, x, x_stride, w, step, part, part_step, steps, adds, sums, sums_stride, next);
    break;
  }
}

// MARK: Segments

/// Joins the next segment of a row to those before it.
static void join_segment(float *greatest, float *total, float *result, float next_greatest, float next_total,
                         const float *mixture, size_t padded) {
  if (next_total == 0) // it sees nothing there; a row of NaN has no greatest score either, but a total
    return;
  const float top = *greatest > next_greatest ? *greatest : next_greatest;
  const float old = exponential(splat(*greatest - top))[0], new = exponential(splat(next_greatest - top))[0];
  *greatest = top;
  *total = *total * old + next_total * new;
  for (size_t i = 0; i < padded; i += LANES)
    store(result + i, load(result + i) * old + load(mixture + i) * new);
}

#endif
