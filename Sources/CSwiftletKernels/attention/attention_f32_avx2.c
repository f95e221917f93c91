#include "../common/avx2.h"
#if SWL_X86
#include "../common/columns_vector.h"
#include "attention_kernels.h"

// f32 in f32, and bf16 too where the processor has no bf16 products.

typedef float element;
enum { K_STEP = 1, X_SIZE = 4, SIGNED_ZERO = 0 };

SWL_INLINE floats dot(floats sums, uint32_t x, floats w) { return multiply_add((floats)((words){} + x), w, sums); }

SWL_INLINE void fetch(const swl_attention *op, const void *data, size_t at, element *to, bool is_signed) {
  (void)is_signed;
  for (size_t i = 0; i < op->width; i += LANES)
    store_part(to + i, read_part(data, at + i, (swl_output){.type = op->type}, op->width - i), op->width - i);
}

SWL_INLINE floats interleave(const element *rows, size_t stride) {
  (void)stride;
  return load(rows);
}

static const float UNIT = 1;

SWL_INLINE floats weigh(floats x, element *to) {
  floats weight = exponential(x);
  store(to, weight);
  return weight;
}

SWL_INLINE floats to_floats(floats sums) { return sums; }

#include "../common/register_tile_vector.h"
#include "attention_vector.h"

const swl_attention_kernel swl_attention_f32_avx2 = {
    SWL_ISA_AVX2, {[SWL_F32] = true, [SWL_BF16] = true}, QUERIES, 8, scratch_size, prepare, attend};
#pragma clang attribute pop
#endif
