#ifndef SWL_DOT_U8S8_AVX512VNNI_H
#define SWL_DOT_U8S8_AVX512VNNI_H

// Four products of 8-bit integers a lane, for register_tile_vector.h.

#include "vector.h"

enum { K_STEP = 4, X_SIZE = 1 };

SWL_INLINE floats dot(floats sums, uint32_t x, floats w) {
  return (floats)_mm512_dpbusd_epi32((__m512i)sums, _mm512_set1_epi32((int32_t)x), (__m512i)w);
}

#endif
