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
  typedef uint8_t sixteen __attribute__((vector_size(16)));
  const uint8_t *from = (const uint8_t *)data + at, flip = is_signed ? 0x80 : 0;
  size_t i = 0;
  for (; i + 16 <= op->width; i += 16) {
    sixteen v;
    memcpy(&v, from + i, 16);
    v ^= flip;
    memcpy(to + i, &v, 16);
  }
  for (; i < op->width; i++)
    to[i] = from[i] ^ flip;
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
  bytes weights = __builtin_convertvector((words)rounded, bytes);
  __asm__("" : "+v"(weights)); // converting on the way to memory is slow
  memcpy(to, &weights, sizeof weights);
  return rounded - magic;
}

SWL_INLINE floats to_floats(floats sums) { return __builtin_convertvector((ints)sums, floats); }

#include "../common/register_tile_vector.h"
#include "attention_vector.h"

const swl_attention_kernel swl_attention_u8_avx512vnni = {SWL_ISA_AVX512VNNI, {[SWL_U8] = true}, QUERIES, 8,
                                                          scratch_size,       prepare,           attend};
#pragma clang attribute pop
#endif
