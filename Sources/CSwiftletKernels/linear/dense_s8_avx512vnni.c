#include "../common/avx512vnni.h"
#if SWL_X86
#include "../common/dot_u8s8_avx512vnni.h"
#include "dense_vector.h"

SWL_ONE_TOKEN(one_token, read_vector, sizeof(floats))

const swl_dense swl_dense_s8_avx512vnni = {.type = SWL_S8,
                                           .weight_size = sizeof(int8_t),
                                           .k_step = K_STEP,
                                           .lanes = LANES,
                                           .width = WIDTH,
                                           .convert_size = X_SIZE,
                                           .direct_type = SWL_U8,
                                           .sums = sums,
                                           .one_token = one_token,
                                           .finish = swl_linear_finish_avx512};
#pragma clang attribute pop
#endif
