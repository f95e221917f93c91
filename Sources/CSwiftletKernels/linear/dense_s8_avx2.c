#include "../common/avx2.h"
#if SWL_X86
#include "../common/dot_s16_avx2.h"
#include "dense_vector.h"

SWL_INLINE floats widened_s8(const char *w) {
  return (floats)_mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)w));
}

SWL_NARROW(widened_s8, K_STEP * LANES)

const swl_dense swl_dense_s8_avx2 = {.type = SWL_S8,
                                     .weight_size = sizeof(int16_t),
                                     .k_step = K_STEP,
                                     .lanes = LANES,
                                     .width = WIDTH,
                                     .convert_size = X_SIZE,
                                     .direct_type = SWL_F32, // none: all input is widened
                                     .convert = widen_bytes,
                                     .sums = sums,
                                     .one_token = widened_s8_one_token,
                                     .narrow_sums = widened_s8_sums,
                                     .widen = widened_s8_widen,
                                     .finish = swl_linear_finish_avx2};
#pragma clang attribute pop
#endif
