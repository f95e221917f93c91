#ifndef SWL_DOT_F32_H
#define SWL_DOT_F32_H

// One f32 product a lane, for register_tile_vector.h.

#include "vector.h"

enum { K_STEP = 1, X_SIZE = 4 };

SWL_INLINE floats dot(floats sums, uint32_t x, floats w) {
  return multiply_add((floats)((words){} + x), w, sums);
}

#endif
