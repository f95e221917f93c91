// What the kernels for few tokens share. Included by the ISA files.

#include "convert_vector.h"
#include "sparse_few.h"

/// The codes of 8 outputs, in the lowest bits of 32 each.
SWL_INLINE words codes_at(const uint8_t *p) {
  bytes codes;
  memcpy(&codes, p, sizeof codes);
  return __builtin_convertvector(codes, words);
}

/// Asks for the next `size` bytes of each of several streams before it is their turn.
SWL_INLINE void ask_for(const uint8_t *w, size_t tiles, size_t tile_size, size_t size) {
  for (size_t tile = 0; tiles > 1 && tile < tiles; tile++)
    for (size_t line = 0; line < size; line += SWL_LINE)
      __builtin_prefetch(w + tile * tile_size + SWL_AHEAD + line);
}

/// `add` for one token and several tiles, whose number and distance follow its own arguments.
#define SWL_FEW_ONE_TOKEN(name, add, ...)                                                                              \
  static void name(const void *x, const uint8_t *w, size_t tile_size, size_t blocks, void *to) {                       \
    add(__VA_ARGS__, SWL_FEW_TILES, tile_size, 1, x, 0, w, blocks, to);                                                \
  }

/// `add` for each count of tokens that a register tile may have.
#define SWL_FEW_SUMS(name, add, ...)                                                                                   \
  static void name(size_t tokens, const void *x, size_t x_stride, const uint8_t *w, size_t blocks, void *to) {         \
    switch (tokens) {                                                                                                  \
    case 1:                                                                                                            \
      return add(__VA_ARGS__, 1, x, x_stride, w, blocks, to);                                                          \
    case 2:                                                                                                            \
      return add(__VA_ARGS__, 2, x, x_stride, w, blocks, to);                                                          \
    case 3:                                                                                                            \
      return add(__VA_ARGS__, 3, x, x_stride, w, blocks, to);                                                          \
    case 4:                                                                                                            \
      return add(__VA_ARGS__, 4, x, x_stride, w, blocks, to);                                                          \
    case 5:                                                                                                            \
      return add(__VA_ARGS__, 5, x, x_stride, w, blocks, to);                                                          \
    default:                                                                                                           \
      return add(__VA_ARGS__, SWL_FEW_TOKENS, x, x_stride, w, blocks, to);                                             \
    }                                                                                                                  \
  }
