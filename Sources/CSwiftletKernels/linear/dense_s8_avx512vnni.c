#include "../common/avx512vnni.h"
#if SWL_X86
#include "../common/vector.h"
#include "dense.h"

enum { K_STEP = 4, X_SIZE = 1 };

SWL_INLINE floats dot(floats sums, uint32_t x, floats w) {
  return (floats)_mm512_dpbusd_epi32((__m512i)sums, _mm512_set1_epi32((int32_t)x), (__m512i)w);
}

#include "../common/register_tile_vector.h"

static void sums(size_t tokens, size_t vectors, const void *x, size_t x_stride, const void *weights, size_t inputs,
                 void *to) {
  choose_tile(tokens, vectors, x, x_stride, weights, inputs, to, SWL_BLOCK);
}

const swl_dense swl_dense_s8_avx512vnni = {SWL_S8, 1, 4, LANES, 64, 1, SWL_U8, NULL, sums, swl_linear_finish_avx512};
#pragma clang attribute pop
#endif
