// The register tile of a dense layer. A dot_*.h is included before. Included by the ISA files.

#include "convert_vector.h"
#include "dense.h"

#include "../common/register_tile_vector.h"

enum { WIDTH = WIDE * LANES }; // outputs of a block

static void sums(size_t tokens, size_t vectors, const void *x, size_t x_stride, const void *weights, size_t inputs,
                 void *to) {
  choose_tile(read_vector, sizeof(floats), tokens, vectors, x, x_stride, weights, inputs, to, SWL_BLOCK);
}

/// One token, and whole blocks of outputs that lie `block_size` bytes apart: they are read side by side, as memory gives
/// more to several streams than to one, and each is asked for before it is needed.
SWL_INLINE void add_one_token(floats read(const char *), size_t size, size_t blocks, const char *x, const char *w,
                              size_t block_size, size_t inputs, float *sums) {
  const size_t step_size = WIDE * size, steps = step_size < SWL_LINE ? SWL_LINE / step_size : 1; // of a line
  floats acc[SWL_BLOCK / WIDTH][WIDE];
  for (size_t b = 0; b < blocks; b++)
    for (size_t v = 0; v < WIDE; v++)
      acc[b][v] = splat(0);
  size_t left = inputs;
  for (; left >= steps * K_STEP; left -= steps * K_STEP, x += steps * K_STEP * X_SIZE, w += steps * step_size) {
    for (size_t b = 0; b < blocks; b++)
      for (size_t line = 0; line < steps * step_size; line += SWL_LINE)
        __builtin_prefetch(w + b * block_size + line + SWL_AHEAD);
#pragma clang loop unroll(full)
    for (size_t step = 0; step < steps; step++) {
      uint32_t word;
      memcpy(&word, x + step * K_STEP * X_SIZE, 4);
      for (size_t b = 0; b < blocks; b++)
        for (size_t v = 0; v < WIDE; v++)
          acc[b][v] = dot(acc[b][v], word, read(w + b * block_size + step * step_size + v * size));
    }
  }
  for (; left > 0; x += K_STEP * X_SIZE, w += step_size) {
    const size_t count = swl_min(left, K_STEP);
    uint32_t word = 0; // the packed weights are zero beyond the inputs
    memcpy(&word, x, count * X_SIZE);
    for (size_t b = 0; b < blocks; b++)
      for (size_t v = 0; v < WIDE; v++)
        acc[b][v] = dot(acc[b][v], word, read(w + b * block_size + v * size));
    left -= count;
  }
  for (size_t b = 0; b < blocks; b++)
    for (size_t v = 0; v < WIDE; v++)
      store(sums + b * WIDTH + v * LANES, acc[b][v]);
}

/// The same for all blocks of a tile.
#define SWL_ONE_TOKEN(name, read, size)                                                                                \
  static void name(const void *x, const void *weights, size_t block_size, size_t inputs, void *sums) {                 \
    add_one_token(read, size, SWL_BLOCK / WIDTH, x, weights, block_size, inputs, sums);                                \
  }

/// The kernel whose weights are read narrow: `size` bytes of them become a vector.
#define SWL_NARROW(name, size)                                                                                         \
  static void name##_sums(size_t tokens, size_t vectors, const void *x, size_t x_stride, const void *weights,          \
                          size_t inputs, void *to) {                                                                   \
    choose_tile(name, size, tokens, vectors, x, x_stride, weights, inputs, to, SWL_BLOCK);                             \
  }                                                                                                                    \
  SWL_ONE_TOKEN(name##_one_token, name, size)                                                                          \
  static void name##_widen(const void *weights, size_t vectors, void *wide) {                                          \
    for (size_t v = 0; v < vectors; v++)                                                                               \
      store((float *)wide + v * LANES, name((const char *)weights + v * (size)));                                      \
  }
