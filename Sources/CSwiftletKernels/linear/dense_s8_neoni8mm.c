#include "../common/neoni8mm.h"
#if SWL_ARM
#include "../common/vector.h"

enum { X_SIZE = 1 };
typedef int32x4_t products;

SWL_INLINE products multiplied(products sums, uint8x16_t x, uint8x16_t w) {
  return vusmmlaq_s32(sums, x, vreinterpretq_s8_u8(w));
}

#include "dense_mmla_neon.h"

const swl_dense swl_dense_s8_neoni8mm = {.type = SWL_S8,
                                         .weight_size = sizeof(int8_t),
                                         .k_step = BYTES / X_SIZE,
                                         .lanes = LANES,
                                         .width = WIDTH,
                                         .convert_size = X_SIZE,
                                         .direct_type = SWL_U8,
                                         .sums = sums,
                                         .finish = swl_linear_finish_neon};
#pragma clang attribute pop
#endif
