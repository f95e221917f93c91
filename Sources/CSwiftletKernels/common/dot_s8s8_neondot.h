#ifndef SWL_DOT_S8S8_NEONDOT_H
#define SWL_DOT_S8S8_NEONDOT_H

// Four products of signed 8-bit integers a lane.

#include "vector.h"

/// What kernels take away from the bytes of x, which are signed here.
enum { TAKEN = 128 };

SWL_INLINE int32x4_t add_products(int32x4_t sums, int8x16_t x, int8x16_t w) {
  return vdotq_s32(sums, x, w);
}

#include "dot_bytes_neon.h"

#endif
