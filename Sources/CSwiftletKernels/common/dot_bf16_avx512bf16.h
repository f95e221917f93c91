#ifndef SWL_DOT_BF16_AVX512BF16_H
#define SWL_DOT_BF16_AVX512BF16_H

// Two bf16 products a lane, for register_tile_vector.h.

#include "vector.h"

enum { K_STEP = 2, X_SIZE = 2 };

SWL_INLINE floats dot(floats sums, uint32_t x, floats w) {
  return (floats)_mm512_dpbf16_ps((__m512)sums, (__m512bh)_mm512_set1_epi32((int32_t)x), (__m512bh)w);
}

#endif
