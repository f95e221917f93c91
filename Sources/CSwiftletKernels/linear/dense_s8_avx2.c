#include "../common/avx2.h"
#if SWL_X86
#include "../common/dot_s16_avx2.h"
#include "dense_vector.h"

const swl_dense swl_dense_s8_avx2 = {
    SWL_S8, 2, K_STEP, LANES, WIDTH, X_SIZE, SWL_F32, widen_bytes, sums, swl_linear_finish_avx2};
#pragma clang attribute pop
#endif
