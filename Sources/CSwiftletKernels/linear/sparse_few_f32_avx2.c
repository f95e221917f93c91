#include "../common/avx2.h"
#if SWL_X86
#include "../common/vector.h"

/// A window lies in both halves of a vector.
SWL_INLINE floats chosen_of_four(const float *window, words codes) {
  return (floats)_mm256_permutevar_ps(_mm256_broadcast_ps((const __m128 *)window), (__m256i)codes);
}

SWL_INLINE floats chosen_of_eight(const float *window, words codes) {
  return (floats)_mm256_permutevar8x32_ps(_mm256_loadu_ps(window), (__m256i)codes);
}

#include "sparse_few_f32_vector.h"
#pragma clang attribute pop
#endif
