#include "../common/avx512.h"
#if SWL_X86
#include "convert_vector.h"
#include "dense.h"

enum { K_STEP = 1, X_SIZE = 4 };

SWL_INLINE floats dot(floats sums, uint32_t x, floats w) { return multiply_add((floats)((words){} + x), w, sums); }

#include "../common/register_tile_vector.h"

static void sums(size_t tokens, size_t vectors, const void *x, size_t x_stride, const void *weights, size_t inputs,
                 void *to) {
  choose_tile(tokens, vectors, x, x_stride, weights, inputs, to, SWL_BLOCK);
}

const swl_dense swl_dense_f32_avx512 = {SWL_F32, 4, 1, LANES, 64, 4, SWL_F32, NULL, sums, swl_linear_finish_avx512};
const swl_dense swl_dense_bf16_avx512 = {
    SWL_BF16, 4, 1, LANES, 64, 4, SWL_U8, round_to_bf16, sums, swl_linear_finish_avx512};
#pragma clang attribute pop
#endif
