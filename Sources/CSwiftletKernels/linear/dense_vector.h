// The register tile of a dense layer. A dot_*.h is included before. Included by the ISA files.

#include "convert_vector.h"
#include "dense.h"

#include "../common/register_tile_vector.h"

enum { WIDTH = WIDE * LANES }; // outputs of a block

static void sums(size_t tokens, size_t vectors, const void *x, size_t x_stride, const void *weights, size_t inputs,
                 void *to) {
  choose_tile(tokens, vectors, x, x_stride, weights, inputs, to, SWL_BLOCK);
}
