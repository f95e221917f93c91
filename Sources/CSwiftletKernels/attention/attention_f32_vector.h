// f32 in f32, and bf16 too where the processor has no bf16 products. Included by the ISA files.

#include "../common/columns_vector.h"
#include "../common/dot_f32.h"
#include "attention_kernels.h"

typedef float element;
enum { SIGNED_ZERO = 0 };

SWL_INLINE void fetch(const swl_attention *op, const void *data, size_t at, element *to, bool is_signed) {
  (void)is_signed;
  for (size_t i = 0; i < op->width; i += LANES)
    store_part(to + i, read_part(data, at + i, (swl_output){.type = op->type}, op->width - i), op->width - i);
}

static const float UNIT = 1;

SWL_INLINE floats weigh(floats x, element *to) {
  floats weight = exponential(x);
  store(to, weight);
  return weight;
}

SWL_INLINE floats to_floats(floats sums) { return sums; }

#include "attention_vector.h"

const swl_attention_kernel SWL_ISA_NAME(swl_attention_f32) =
    ATTENTION("attention_f32", [SWL_F32] = true, [SWL_BF16] = true);
