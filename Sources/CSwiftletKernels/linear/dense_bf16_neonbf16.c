#include "../common/neonbf16.h"
#if SWL_ARM
#include "../common/vector.h"

enum { X_SIZE = 2 };
typedef float32x4_t products;

SWL_INLINE products multiplied(products sums, uint8x16_t x, uint8x16_t w) {
  return vbfmmlaq_f32(sums, (bfloat16x8_t)x, (bfloat16x8_t)w);
}

#include "dense_mmla_neon.h"

const swl_dense swl_dense_bf16_neonbf16 = {.type = SWL_BF16,
                                           .weight_size = sizeof(uint16_t),
                                           .k_step = BYTES / X_SIZE,
                                           .lanes = LANES,
                                           .width = WIDTH,
                                           .convert_size = X_SIZE,
                                           .direct_type = SWL_BF16,
                                           .convert = convert_to_bf16,
                                           .sums = sums,
                                           .finish = swl_linear_finish_neon};
#pragma clang attribute pop
#endif
