#include "../common/avx512bf16.h"
#if SWL_X86
#include "linear_kernels.h"

static uint16_t weight_bits(const void *values, size_t at) { return ((const uint16_t *)values)[at]; }

#include "sparse_pairs_vector.h"

// 2:4 and 1:4 sparse bf16 by vdpbf16ps.

SWL_INLINE floats multiply(floats sums, floats word, floats row) {
  return (floats)_mm512_dpbf16_ps((__m512)sums, (__m512bh)word, (__m512bh)row);
}

SWL_ADD_ROWS(add, multiply)

SWL_PAIRS_KERNEL(swl_sparse_2_4_bf16_avx512bf16, pairs_2_4, SWL_BF16, SWL_BF16, convert_to_bf16, add,
                 swl_linear_finish_avx512)
SWL_PAIRS_KERNEL(swl_sparse_1_4_bf16_avx512bf16, pairs_1_4, SWL_BF16, SWL_BF16, convert_to_bf16, add,
                 swl_linear_finish_avx512)
#pragma clang attribute pop
#endif
