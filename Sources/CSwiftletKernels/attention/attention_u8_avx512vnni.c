#include "../common/avx512vnni.h"
#if SWL_X86
#include "../common/columns_vector.h"
#include "attention_kernels.h"

// Keys and values become signed by taking 128 away. What that and the zero point of the keys add to the scores is the
// same for every key, and the softmax does not see it.

typedef uint8_t element;
enum { K_STEP = 4, X_SIZE = 1, SIGNED_ZERO = 128 };

SWL_INLINE floats dot(floats sums, uint32_t x, floats w) {
  return (floats)_mm512_dpbusd_epi32((__m512i)sums, _mm512_set1_epi32((int32_t)x), (__m512i)w);
}

SWL_INLINE void fetch(const swl_attention *op, const void *data, size_t at, element *to, bool is_signed) {
  const uint8_t *from = (const uint8_t *)data + at;
  for (size_t i = 0; i < op->width; i++)
    to[i] = is_signed ? from[i] ^ 0x80 : from[i];
}

SWL_INLINE words widen(const element *row) {
  bytes b;
  memcpy(&b, row, sizeof b);
  return __builtin_convertvector(b, words);
}

SWL_INLINE floats interleave(const element *rows, size_t stride) {
  return (floats)(widen(rows) | widen(rows + stride) << 8 | widen(rows + 2 * stride) << 16 |
                  widen(rows + 3 * stride) << 24);
}

SWL_INLINE floats round_weight(floats weight, element *to) {
  ints rounded = __builtin_convertvector(__builtin_elementwise_rint(weight * 255), ints);
  bytes b = __builtin_convertvector(rounded, bytes);
  memcpy(to, &b, sizeof b);
  return __builtin_convertvector(rounded, floats);
}

SWL_INLINE floats to_floats(floats sums) { return __builtin_convertvector((ints)sums, floats); }

#include "../common/register_tile_vector.h"
#include "attention_vector.h"

const swl_attention_kernel swl_attention_u8_avx512vnni = {SWL_ISA_AVX512VNNI, {[SWL_U8] = true}, 8 * QUERIES,
                                                          scratch_size,       prepare,           attend};
#pragma clang attribute pop
#endif
