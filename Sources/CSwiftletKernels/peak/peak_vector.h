#ifndef SWL_PEAK_VECTOR_H
#define SWL_PEAK_VECTOR_H

// The loop for instructions that a header of common/ names `dot`, included first.

#include "peak_kernels.h"

enum { TOKENS = 2, VECTORS = 6 }; // 12 sums hide that an addition takes 4 or 5 cycles and two begin in each

static uint32_t run(size_t rounds) {
  const uint32_t x[TOKENS] = {0x3f803f80, 0x40004000}; // about 1 and 2 as f32 and as bf16, and any bytes
  floats weights[VECTORS], sums[TOKENS][VECTORS];
  for (size_t v = 0; v < VECTORS; v++) {
    weights[v] = (floats)((words){} + 0x3f803f80);
    for (size_t t = 0; t < TOKENS; t++)
      sums[t][v] = splat(0);
  }
  for (size_t round = 0; round < rounds; round++) {
    // Weights are read anew, so that no product is left out of the loop.
    __asm__ volatile("" : : "r"(weights) : "memory");
    for (size_t v = 0; v < VECTORS; v++)
      for (size_t t = 0; t < TOKENS; t++)
        sums[t][v] = dot(sums[t][v], x[t], weights[v]);
  }
  words all = {};
  for (size_t v = 0; v < VECTORS; v++)
    for (size_t t = 0; t < TOKENS; t++)
      all += (words)sums[t][v];
  uint32_t sum = 0;
  for (size_t lane = 0; lane < LANES; lane++)
    sum += all[lane];
  return sum;
}

#define SWL_PEAK(title, of) \
  {.name = SWL_ISA_TITLE(title), .needs = SWL_NEEDS, .type = of, .multiply_adds = TOKENS * VECTORS * LANES * K_STEP, run}

#endif
