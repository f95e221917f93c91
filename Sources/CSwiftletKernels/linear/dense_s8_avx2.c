#include "../common/avx2.h"
#if SWL_X86
#include "../common/dot_s16_avx2.h"
#include "dense_vector.h"

static void widen(const void *x, swl_type x_type, size_t inputs, void *converted) {
  (void)x_type;
  for (size_t i = 0; i < inputs; i++)
    ((int16_t *)converted)[i] = ((const uint8_t *)x)[i];
}

const swl_dense swl_dense_s8_avx2 = {
    SWL_S8, 2, K_STEP, LANES, WIDTH, X_SIZE, SWL_F32, widen, sums, swl_linear_finish_avx2};
#pragma clang attribute pop
#endif
