// What the benchmarks share: random data, a clock, best of n.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "swiftlet_kernels.h"

static inline double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static inline uint32_t random_bits(void) {
  static uint64_t state = 0x9e3779b97f4a7c15;
  state ^= state << 13, state ^= state >> 7, state ^= state << 17;
  return (uint32_t)(state >> 32);
}

static inline float random_float(void) { return (float)random_bits() / 0x1p31f - 1; }

static inline void *memory(size_t bytes) {
  void *p = aligned_alloc(64, (bytes + 127) / 64 * 64);
  if (!p)
    exit(1);
  return p;
}

static inline float *random_floats(size_t count) {
  float *p = memory(count * sizeof(float));
  for (size_t i = 0; i < count; i++)
    p[i] = random_float();
  return p;
}
