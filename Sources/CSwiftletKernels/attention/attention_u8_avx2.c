#include "../common/avx2.h"
#if SWL_X86
#include "../common/columns_vector.h"
#include "attention_kernels.h"

// As attention_u8_avx512vnni.c, in 16 bits: vpmaddubsw saturates.

typedef int16_t element;
enum { K_STEP = 2, X_SIZE = 2, SIGNED_ZERO = 128 };

SWL_INLINE floats dot(floats sums, uint32_t x, floats w) {
  __m256i products = _mm256_madd_epi16(_mm256_set1_epi32((int32_t)x), (__m256i)w);
  return (floats)_mm256_add_epi32((__m256i)sums, products);
}

SWL_INLINE void fetch(const swl_attention *op, const void *data, size_t at, element *to, bool is_signed) {
  const uint8_t *from = (const uint8_t *)data + at;
  for (size_t i = 0; i < op->width; i++)
    to[i] = (int16_t)(from[i] - (is_signed ? 128 : 0));
}

SWL_INLINE words widen(const element *row) {
  halves h;
  memcpy(&h, row, sizeof h);
  return __builtin_convertvector(h, words);
}

SWL_INLINE floats interleave(const element *rows, size_t stride) {
  return (floats)(widen(rows) | widen(rows + stride) << 16);
}

SWL_INLINE floats round_weight(floats weight, element *to) {
  ints rounded = __builtin_convertvector(__builtin_elementwise_rint(weight * 255), ints);
  halves h = __builtin_convertvector(rounded, halves);
  memcpy(to, &h, sizeof h);
  return __builtin_convertvector(rounded, floats);
}

SWL_INLINE floats to_floats(floats sums) { return __builtin_convertvector((ints)sums, floats); }

#include "../common/register_tile_vector.h"
#include "attention_vector.h"

const swl_attention_kernel swl_attention_u8_avx2 = {SWL_ISA_AVX2, {[SWL_U8] = true}, 8 * QUERIES,
                                                    scratch_size, prepare,           attend};
#pragma clang attribute pop
#endif
