#include "../common/avx512bf16.h"
#if SWL_X86
#include "convert_vector.h"
#include "dense.h"

enum { K_STEP = 2, X_SIZE = 2 };

SWL_INLINE floats dot(floats sums, uint32_t x, floats w) {
  return (floats)_mm512_dpbf16_ps((__m512)sums, (__m512bh)_mm512_set1_epi32((int32_t)x), (__m512bh)w);
}

#include "../common/register_tile_vector.h"

static void sums(size_t tokens, size_t vectors, const void *x, size_t x_stride, const void *weights, size_t inputs,
                 void *to) {
  choose_tile(tokens, vectors, x, x_stride, weights, inputs, to, SWL_BLOCK);
}

const swl_dense swl_dense_bf16_avx512bf16 = {
    SWL_BF16, 2, 2, LANES, 64, 2, SWL_BF16, convert_to_bf16, sums, swl_linear_finish_avx512};
#pragma clang attribute pop
#endif
