#include "../common/neon.h"
#if SWL_ARM
#include "../common/vector.h"

/// The bytes of 32-bit elements.
SWL_INLINE floats bytes_of(words elements) { return (floats)(elements * 0x04040404 + 0x03020100); }

SWL_INLINE floats chosen_of_four(const float *window, words codes) {
  const uint8x16_t inputs = vld1q_u8((const uint8_t *)window);
  const floats at = bytes_of(codes & 3);
  return joined(vqtbl1q_u8(inputs, (uint8x16_t)lower_of(at)), vqtbl1q_u8(inputs, (uint8x16_t)upper_of(at)));
}

SWL_INLINE floats chosen_of_eight(const float *window, words codes) {
  const uint8x16x2_t inputs = vld1q_u8_x2((const uint8_t *)window);
  const floats at = bytes_of(codes & 7);
  return joined(vqtbl2q_u8(inputs, (uint8x16_t)lower_of(at)), vqtbl2q_u8(inputs, (uint8x16_t)upper_of(at)));
}

#include "sparse_few_f32_vector.h"
#pragma clang attribute pop
#endif
