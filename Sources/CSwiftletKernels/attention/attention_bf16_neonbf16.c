#include "../common/neonbf16.h"
#if SWL_ARM
#include "../common/columns_vector.h"
#include "../common/dot_bf16_neonbf16.h"
#include "attention_kernels.h"

typedef uint16_t element;
enum { SIGNED_ZERO = 0 };

SWL_INLINE void fetch(const swl_attention *op, const void *data, size_t at, element *to, bool is_signed) {
  (void)is_signed;
  memcpy(to, (const uint16_t *)data + at, op->width * X_SIZE);
}

static const float UNIT = 1;

SWL_INLINE floats weigh(floats x, element *to) {
  halves h = to_bf16(exponential(x));
  memcpy(to, &h, sizeof h);
  return from_bf16(h);
}

SWL_INLINE floats to_floats(floats sums) { return sums; }

#include "attention_vector.h"

const swl_attention_kernel swl_attention_bf16_neonbf16 = ATTENTION("attention_bf16", [SWL_BF16] = true);
#pragma clang attribute pop
#endif
