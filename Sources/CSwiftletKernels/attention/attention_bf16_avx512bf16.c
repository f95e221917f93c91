#include "../common/avx512bf16.h"
#if SWL_X86
#include "../common/columns_vector.h"
#include "attention_kernels.h"

typedef uint16_t element;
enum { K_STEP = 2, X_SIZE = 2, SIGNED_ZERO = 0 };

SWL_INLINE floats dot(floats sums, uint32_t x, floats w) {
  return (floats)_mm512_dpbf16_ps((__m512)sums, (__m512bh)_mm512_set1_epi32((int32_t)x), (__m512bh)w);
}

SWL_INLINE void fetch(const swl_attention *op, const void *data, size_t at, element *to, bool is_signed) {
  (void)is_signed;
  memcpy(to, (const uint16_t *)data + at, op->width * X_SIZE);
}

SWL_INLINE words widen(const element *row) {
  halves h;
  memcpy(&h, row, sizeof h);
  return __builtin_convertvector(h, words);
}

SWL_INLINE floats interleave(const element *rows, size_t stride) {
  return (floats)(widen(rows) | widen(rows + stride) << 16);
}

static const float UNIT = 1;

SWL_INLINE floats weigh(floats x, element *to) {
  halves h = to_bf16(exponential(x));
  memcpy(to, &h, sizeof h);
  return from_bf16(h);
}

SWL_INLINE floats to_floats(floats sums) { return sums; }

#include "../common/register_tile_vector.h"
#include "attention_vector.h"

const swl_attention_kernel swl_attention_bf16_avx512bf16 = {
    SWL_ISA_AVX512BF16, {[SWL_BF16] = true}, QUERIES, 8, scratch_size, prepare, attend};
#pragma clang attribute pop
#endif
