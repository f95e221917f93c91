#include "../common/avx2.h"
#if SWL_X86
#include "../common/vector.h"
#include "dense.h"

// vpmaddubsw saturates, and 2 * 255 * 127 is past the top of int16: widen both sides to 16 bits first.
enum { K_STEP = 2, X_SIZE = 2 };

SWL_INLINE floats dot(floats sums, uint32_t x, floats w) {
  __m256i products = _mm256_madd_epi16(_mm256_set1_epi32((int32_t)x), (__m256i)w);
  return (floats)_mm256_add_epi32((__m256i)sums, products);
}

#include "../common/register_tile_vector.h"

static void sums(size_t tokens, size_t vectors, const void *x, size_t x_stride, const void *weights, size_t inputs,
                 void *to) {
  choose_tile(tokens, vectors, x, x_stride, weights, inputs, to, SWL_BLOCK);
}

static void widen(const void *x, swl_type x_type, size_t inputs, void *converted) {
  (void)x_type;
  for (size_t i = 0; i < inputs; i++)
    ((int16_t *)converted)[i] = ((const uint8_t *)x)[i];
}

const swl_dense swl_dense_s8_avx2 = {SWL_S8, 2, 2, LANES, 16, 2, SWL_F32, widen, sums, swl_linear_finish_avx2};
#pragma clang attribute pop
#endif
