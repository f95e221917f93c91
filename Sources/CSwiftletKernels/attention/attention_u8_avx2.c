#include "../common/avx2.h"
#if SWL_X86
#include "../common/columns_vector.h"
#include "../common/dot_s16_avx2.h"
#include "attention_u8_vector.h"

// As attention_u8_avx512vnni.c, in 16 bits.

typedef int16_t element;
enum { INPUT_ZERO = 0 };

SWL_INLINE void fetch(const swl_attention *op, const void *data, size_t at, element *to, bool is_signed) {
  const uint8_t *from = (const uint8_t *)data + at;
  for (size_t i = 0; i < op->width; i++)
    to[i] = (int16_t)(from[i] - (is_signed ? 128 : 0));
}

/// 2^x for x <= 0 in steps of 1/255.
SWL_INLINE floats weigh(floats x, element *to) {
  x = choose(x > -20, x, splat(-20));
  floats n = x + MAGIC, rounded = power(n, x - (n - MAGIC));
  halves weights = __builtin_convertvector((words)rounded & 0xff, halves);
  memcpy(to, &weights, sizeof weights);
  return rounded - MAGIC;
}

#include "attention_vector.h"

const swl_attention_kernel swl_attention_u8_avx2 = ATTENTION("attention_u8", [SWL_U8] = true);
#pragma clang attribute pop
#endif
