#include "../common/avx512vnni.h"
#if SWL_X86
#include "../common/dot_u8s8_avx512vnni.h"
#include "dense_vector.h"

const swl_dense swl_dense_s8_avx512vnni = {
    SWL_S8, 1, K_STEP, LANES, WIDTH, X_SIZE, SWL_U8, NULL, sums, swl_linear_finish_avx512};
#pragma clang attribute pop
#endif
