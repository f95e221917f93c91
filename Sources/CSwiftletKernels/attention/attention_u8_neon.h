// u8 on four products a lane. Where x of these is signed, queries and weights have INPUT_ZERO less. A dot_*_neon*.h is
// included before. Included by the ISA files.

#include "../common/columns_vector.h"
#include "attention_u8_vector.h"

typedef uint8_t element;
enum { INPUT_ZERO = TAKEN };

SWL_INLINE void fetch(const swl_attention *op, const void *data, size_t at, element *to, bool is_signed) {
  const uint8_t *from = (const uint8_t *)data + at, flip = is_signed ? SIGNED_ZERO : INPUT_ZERO;
  for (size_t i = 0; i < op->width; i++)
    to[i] = from[i] ^ flip;
}

/// 2^x for x <= 0 in steps of 1/255.
SWL_INLINE floats weigh(floats x, element *to) {
  x = choose(x > -20, x, splat(-20));
  const floats n = x + MAGIC, rounded = power(n, x - (n - MAGIC));
  const bytes weights = __builtin_convertvector((words)rounded & 0xff, bytes) ^ INPUT_ZERO;
  memcpy(to, &weights, sizeof weights);
  return rounded - MAGIC;
}

#include "attention_vector.h"

const swl_attention_kernel SWL_ISA_NAME(swl_attention_u8) = ATTENTION("attention_u8", [SWL_U8] = true);
