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

static inline size_t value_size(swl_type type) { return type == SWL_F32 ? 4 : type == SWL_BF16 ? 2 : 1; }

static inline uint16_t bf16(float value) {
  uint32_t bits;
  memcpy(&bits, &value, 4);
  return (uint16_t)(bits >> 16);
}

/// Weights of a layer, kept at random places.
static inline swl_linear_weights random_weights(swl_linear_shape shape) {
  size_t count = shape.outputs * shape.inputs / shape.group * shape.kept;
  void *values = memory(count * 4);
  uint8_t *indices = memory(count);
  for (size_t i = 0; i < count; i++) {
    if (shape.type == SWL_F32)
      ((float *)values)[i] = random_float();
    else if (shape.type == SWL_BF16)
      ((uint16_t *)values)[i] = bf16(random_float());
    else
      ((int8_t *)values)[i] = (int8_t)(random_bits() % 255 - 127);
  }
  for (size_t at = 0; at < count; at += shape.kept)
    for (size_t position = 0, chosen = 0; chosen < shape.kept; position++)
      if (random_bits() % (shape.group - position) < shape.kept - chosen)
        indices[at + chosen++] = (uint8_t)position;
  uint16_t *halves = memory(count * 4);
  for (size_t i = 0; i < 2 * count; i++)
    halves[i] = (uint16_t)((random_bits() % 2) << 15 | 0x2000 | random_bits() % 1024); // about 0.01
  return (swl_linear_weights){shape, values, shape.kept < shape.group ? indices : NULL, halves, halves + count};
}
