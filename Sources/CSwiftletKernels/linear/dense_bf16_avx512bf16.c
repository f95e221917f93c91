#include "../common/avx512bf16.h"
#if SWL_X86
#include "../common/dot_bf16_avx512bf16.h"
#include "dense_vector.h"

SWL_ONE_TOKEN(one_token, read_vector, sizeof(floats))

const swl_dense swl_dense_bf16_avx512bf16 = {.type = SWL_BF16,
                                             .weight_size = sizeof(uint16_t),
                                             .k_step = K_STEP,
                                             .lanes = LANES,
                                             .width = WIDTH,
                                             .convert_size = X_SIZE,
                                             .direct_type = SWL_BF16,
                                             .convert = convert_to_bf16,
                                             .sums = sums,
                                             .one_token = one_token,
                                             .finish = swl_linear_finish_avx512};
#pragma clang attribute pop
#endif
