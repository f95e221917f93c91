#ifndef SWL_DOT_S8S8_NEON_H
#define SWL_DOT_S8S8_NEON_H

// Four products of signed 8-bit integers a lane without dot products: two products of at most 128 * 127 fit in int16.

#include "vector.h"

/// What kernels take away from the bytes of x, which are signed here.
enum { TAKEN = 128 };

SWL_INLINE int32x4_t add_products(int32x4_t sums, int8x16_t x, int8x16_t w) {
  const int16x8_t low = vmull_s8(vget_low_s8(x), vget_low_s8(w)), high = vmull_high_s8(x, w);
  return vpadalq_s16(sums, vpaddq_s16(low, high));
}

#include "dot_bytes_neon.h"

#endif
