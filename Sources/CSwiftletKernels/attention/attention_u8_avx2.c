#include "../common/avx2.h"
#if SWL_X86
#include "../common/columns_vector.h"
#include "attention_kernels.h"

// As attention_u8_avx512vnni.c, in 16 bits: vpmaddubsw saturates.

typedef int16_t element;
enum { K_STEP = 2, X_SIZE = 2, SIGNED_ZERO = 128 };
#define INTEGER_SUMS 1

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

static const float UNIT = 1.44269504f; // log2(e)

/// 2^x for x <= 0 in steps of 1/255. The power is good to 8e-5, a fiftieth of a step.
SWL_INLINE floats weigh(floats x, element *to) {
  const floats magic = splat(0x1.8p23f); // adding it rounds to an integer, which lies in the low bits
  x = choose(x > -20, x, splat(-20));
  floats n = x + magic, f = x - (n - magic);
  floats p = multiply_add(splat(0x1.c3f6e2p-5f), f, splat(0x1.f0ddf0p-3f));
  p = multiply_add(p, f, splat(0x1.62f31ap-1f));
  p = multiply_add(p, f, splat(0x1.fff694p-1f));
  floats rounded = multiply_add((floats)((words)p + ((words)n << 23)), splat(255), magic);
  halves weights = __builtin_convertvector((words)rounded & 0xff, halves);
  memcpy(to, &weights, sizeof weights);
  return rounded - magic;
}

SWL_INLINE floats to_floats(floats sums) { return __builtin_convertvector((ints)sums, floats); }

#include "../common/register_tile_vector.h"
#include "attention_vector.h"

const swl_attention_kernel swl_attention_u8_avx2 = {SWL_ISA_AVX2, {[SWL_U8] = true}, QUERIES, 8,
                                                    scratch_size, prepare,           attend};
#pragma clang attribute pop
#endif
