#include "../common/avx512.h"
#if SWL_X86
#include "../common/vector.h"
#include "dense.h"

enum { K_STEP = 1, X_SIZE = 4 };

SWL_INLINE floats dot(floats sums, uint32_t x, floats w) { return multiply_add((floats)((words){} + x), w, sums); }

#include "dense_vector.h"

static void sums(size_t tokens, size_t vectors, const void *x, size_t x_stride, const void *weights, size_t inputs,
                 void *to) {
  choose_tile(tokens, vectors, x, x_stride, weights, inputs, to);
}

/// Rounds to bf16 and widens again: products of bf16 are exact in f32.
static void round_to_bf16(const void *x, swl_type x_type, size_t inputs, void *converted) {
  for (size_t i = 0; i < inputs; i++)
    ((float *)converted)[i] =
        swl_from_bf16(x_type == SWL_BF16 ? ((const uint16_t *)x)[i] : swl_to_bf16(((const float *)x)[i]));
}

const swl_dense swl_dense_f32_avx512 = {SWL_F32, 4, 1, LANES, 64, 4, SWL_F32, NULL, sums, swl_linear_finish_avx512};
const swl_dense swl_dense_bf16_avx512 = {
    SWL_BF16, 4, 1, LANES, 64, 4, SWL_U8, round_to_bf16, sums, swl_linear_finish_avx512};
#pragma clang attribute pop
#endif
