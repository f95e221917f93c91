// Dense f32, and bf16 where the processor has no bf16 products. Included by the ISA files.

#include "../common/dot_f32.h"
#include "dense_vector.h"

SWL_INLINE floats widened_bf16(const char *w) {
  halves h;
  memcpy(&h, w, sizeof h);
  return from_bf16(h);
}

SWL_ONE_TOKEN(one_token, read_vector, sizeof(floats))
SWL_NARROW(widened_bf16, sizeof(halves))

const swl_dense SWL_ISA_NAME(swl_dense_f32) = {.type = SWL_F32,
                                               .weight_size = sizeof(float),
                                               .k_step = K_STEP,
                                               .lanes = LANES,
                                               .width = WIDTH,
                                               .convert_size = X_SIZE,
                                               .direct_type = SWL_F32,
                                               .sums = sums,
                                               .one_token = one_token,
                                               .finish = SWL_ISA_NAME(swl_linear_finish)};

const swl_dense SWL_ISA_NAME(swl_dense_bf16) = {.type = SWL_BF16,
                                                .weight_size = sizeof(float),
                                                .k_step = K_STEP,
                                                .lanes = LANES,
                                                .width = WIDTH,
                                                .convert_size = X_SIZE,
                                                .direct_type = SWL_U8, // none: all input is rounded
                                                .convert = round_to_bf16,
                                                .sums = sums,
                                                .one_token = widened_bf16_one_token,
                                                .narrow_sums = widened_bf16_sums,
                                                .widen = widened_bf16_widen,
                                                .finish = SWL_ISA_NAME(swl_linear_finish)};
