// The register tile of a dense layer. A dot_*.h is included before. Included by the ISA files.

#include "convert_vector.h"
#include "dense.h"

#include "../common/register_tile_vector.h"

enum { WIDTH = WIDE * LANES }; // outputs of a block

static void sums(size_t tokens, size_t vectors, const void *x, size_t x_stride, const void *weights, size_t inputs,
                 void *to) {
  choose_tile(read_vector, sizeof(floats), tokens, vectors, x, x_stride, weights, inputs, to, SWL_BLOCK);
}

/// The kernel whose weights are read narrow: `size` bytes of them become a vector.
#define SWL_NARROW(name, size)                                                                                         \
  static void name##_sums(size_t tokens, size_t vectors, const void *x, size_t x_stride, const void *weights,          \
                          size_t inputs, void *to) {                                                                   \
    choose_tile(name, size, tokens, vectors, x, x_stride, weights, inputs, to, SWL_BLOCK);                             \
  }                                                                                                                    \
  static void name##_widen(const void *weights, size_t vectors, void *wide) {                                          \
    for (size_t v = 0; v < vectors; v++)                                                                               \
      store((float *)wide + v * LANES, name((const char *)weights + v * (size)));                                      \
  }
