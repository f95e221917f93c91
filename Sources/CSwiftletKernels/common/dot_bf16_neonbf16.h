#ifndef SWL_DOT_BF16_NEONBF16_H
#define SWL_DOT_BF16_NEONBF16_H

// Two bf16 products a lane, for register_tile_vector.h.

#include "vector.h"

enum { K_STEP = 2, X_SIZE = 2 };

/// Sums plus the products of the pairs in a and b.
SWL_INLINE floats add_pairs(floats sums, floats a, floats b) {
  return joined(vbfdotq_f32((float32x4_t)lower_of(sums), (bfloat16x8_t)lower_of(a), (bfloat16x8_t)lower_of(b)),
                vbfdotq_f32((float32x4_t)upper_of(sums), (bfloat16x8_t)upper_of(a), (bfloat16x8_t)upper_of(b)));
}

SWL_INLINE floats dot(floats sums, uint32_t x, floats w) { return add_pairs(sums, (floats)((words){} + x), w); }

#endif
