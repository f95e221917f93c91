#ifndef SWL_DOT_S16_AVX2_H
#define SWL_DOT_S16_AVX2_H

// Two products of 8-bit integers a lane, in 16 bits, for register_tile_vector.h: vpmaddubsw saturates, and
// 2 * 255 * 127 is past the top of int16.

#include "vector.h"

enum { K_STEP = 2, X_SIZE = 2 };

SWL_INLINE floats dot(floats sums, uint32_t x, floats w) {
  __m256i products = _mm256_madd_epi16(_mm256_set1_epi32((int32_t)x), (__m256i)w);
  return (floats)_mm256_add_epi32((__m256i)sums, products);
}

#endif
