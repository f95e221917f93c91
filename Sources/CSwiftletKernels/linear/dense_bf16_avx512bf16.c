#include "../common/avx512bf16.h"
#if SWL_X86
#include "../common/dot_bf16_avx512bf16.h"
#include "dense_vector.h"

const swl_dense swl_dense_bf16_avx512bf16 = {
    SWL_BF16, 2, K_STEP, LANES, WIDTH, X_SIZE, SWL_BF16, convert_to_bf16, sums, swl_linear_finish_avx512};
#pragma clang attribute pop
#endif
