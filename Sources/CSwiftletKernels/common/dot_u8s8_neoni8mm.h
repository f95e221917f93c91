#ifndef SWL_DOT_U8S8_NEONI8MM_H
#define SWL_DOT_U8S8_NEONI8MM_H

// Four products of 8-bit integers a lane, x unsigned.

#include "vector.h"

/// What kernels take away from the bytes of x.
enum { TAKEN = 0 };

SWL_INLINE int32x4_t add_products(int32x4_t sums, int8x16_t x, int8x16_t w) {
  return vusdotq_s32(sums, vreinterpretq_u8_s8(x), w);
}

#include "dot_bytes_neon.h"

#endif
