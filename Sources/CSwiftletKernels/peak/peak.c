#include <string.h>

#include "peak_kernels.h"

// Without special instructions: the compiler's own.
enum { CHAINS = 32 };

static uint32_t run_plain(size_t rounds) {
  float weights[CHAINS], sums[CHAINS] = {};
  for (size_t i = 0; i < CHAINS; i++)
    weights[i] = 1;
  for (size_t round = 0; round < rounds; round++) {
    __asm__ volatile("" : : "r"(weights) : "memory");
    for (size_t i = 0; i < CHAINS; i++)
      sums[i] += weights[i] * 0.5f;
  }
  float sum = 0;
  for (size_t i = 0; i < CHAINS; i++)
    sum += sums[i];
  uint32_t bits;
  memcpy(&bits, &sum, sizeof bits);
  return bits;
}

static const swl_peak plain = {"peak", SWL_ISA_SCALAR, SWL_F32, CHAINS, run_plain};

static const swl_peak *const peaks[] = {
#if SWL_X86
    &swl_peak_bf16_avx512bf16, &swl_peak_s8_avx512vnni, &swl_peak_s8_avx2, &swl_peak_f32_avx512, &swl_peak_f32_avx2,
#endif
#if SWL_ARM
    &swl_peak_bf16_neonbf16, &swl_peak_s8_neondot, &swl_peak_f32_neon,
#endif
    &plain,
};
static const size_t peak_count = sizeof peaks / sizeof peaks[0];

const swl_peak *const *swl_peaks(size_t *count) {
  *count = peak_count;
  return peaks;
}

const swl_peak *swl_peak_for(swl_type type, swl_isa isa) {
  for (size_t i = 0; i < peak_count; i++)
    if (peaks[i]->type == type && swl_isa_has(isa, peaks[i]->needs))
      return peaks[i];
  // Where they have no instructions of their own, weights are widened to floats.
  return type == SWL_F32 ? NULL : swl_peak_for(SWL_F32, isa);
}

uint64_t swl_read_memory(const void *memory, size_t bytes) {
  enum { WORDS = 8 };
  const uint64_t *words = memory;
  uint64_t sums[WORDS] = {}, sum = 0;
  for (size_t i = 0; i + WORDS <= bytes / sizeof *words; i += WORDS)
    for (size_t j = 0; j < WORDS; j++)
      sums[j] += words[i + j];
  for (size_t j = 0; j < WORDS; j++)
    sum += sums[j];
  return sum;
}
