#include "../common/neonbf16.h"
#if SWL_ARM
#include "../common/dot_bf16_neonbf16.h"
#include "linear_kernels.h"

static uint16_t weight_bits(const void *values, size_t at) { return ((const uint16_t *)values)[at]; }

#include "sparse_pairs_vector.h"

// 2:4 and 1:4 sparse bf16 by bfdot.

SWL_ADD_ROWS(add, add_pairs)

SWL_PAIRS_KERNEL(swl_sparse_2_4_bf16_neonbf16, pairs_2_4, SWL_BF16, SWL_BF16, convert_to_bf16, add,
                 swl_linear_finish_neon)
SWL_PAIRS_KERNEL(swl_sparse_1_4_bf16_neonbf16, pairs_1_4, SWL_BF16, SWL_BF16, convert_to_bf16, add,
                 swl_linear_finish_neon)
#pragma clang attribute pop
#endif
