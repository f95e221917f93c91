// Dense f32, and bf16 where the processor has no bf16 products. Included by the ISA files.

#include "../common/dot_f32.h"
#include "dense_vector.h"

const swl_dense SWL_ISA_NAME(swl_dense_f32) = {
    SWL_F32, 4, K_STEP, LANES, WIDTH, X_SIZE, SWL_F32, NULL, sums, SWL_ISA_NAME(swl_linear_finish)};
const swl_dense SWL_ISA_NAME(swl_dense_bf16) = {
    SWL_BF16, 4, K_STEP, LANES, WIDTH, X_SIZE, SWL_U8, round_to_bf16, sums, SWL_ISA_NAME(swl_linear_finish)};
