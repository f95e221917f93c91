// Runs every kernel on random shapes under the sanitizers and compares it with its reference. Buffers are exactly as
// large as the contracts say, so that the address sanitizer sees a read or write too far. Usage: kernels_test [seed]
// [rounds]
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "swiftlet_kernels.h"

static uint64_t state;
static int failures;

static uint32_t random_bits(void) {
  state ^= state << 13, state ^= state >> 7, state ^= state << 17;
  return (uint32_t)(state >> 32);
}

static size_t below(size_t bound) { return random_bits() % bound; }

static void *memory(size_t bytes) {
  void *p = NULL;
  if (posix_memalign(&p, 64, bytes ? bytes : 1))
    exit(1);
  memset(p, 0xff, bytes); // NaN, or as good as
  return p;
}

static uint16_t bf16(float value) {
  uint32_t bits;
  memcpy(&bits, &value, 4);
  return (uint16_t)(bits >> 16);
}

static size_t size_of(swl_type type) { return type == SWL_F32 ? 4 : type == SWL_BF16 ? 2 : 1; }

/// Small integers, so that every order of summation gives the same float.
static void *random_values(swl_type type, size_t count) {
  void *values = memory(count * size_of(type));
  for (size_t i = 0; i < count; i++) {
    float value = (float)below(17) - 8;
    if (type == SWL_F32)
      ((float *)values)[i] = value;
    else if (type == SWL_BF16)
      ((uint16_t *)values)[i] = bf16(value);
    else
      ((uint8_t *)values)[i] = (uint8_t)random_bits();
  }
  return values;
}

static void check(bool good, const char *name, const char *what, size_t a, size_t b, size_t c, size_t d, size_t e) {
  if (!good && failures++ < 20)
    printf("FAILED %s: %s (%zu %zu %zu %zu %zu)\n", name, what, a, b, c, d, e);
}

static void test_linear(void) {
  static const swl_type types[] = {SWL_F32, SWL_BF16, SWL_S8};
  swl_linear_shape shape = {.type = types[below(3)]};
  shape.group = below(3) ? (size_t[]){4, 8, 16}[below(3)] : 1 + below(33);
  shape.kept = below(3) ? 1 + below(shape.group) : shape.group == 4 ? 1 + below(2) : shape.group;
  shape.inputs = shape.group * (1 + below(300 / shape.group + 1));
  shape.outputs = 1 + below(below(4) ? 150 : 20);
  size_t tokens = 1 + below(below(4) ? 120 : 8);
  size_t count = shape.outputs * shape.inputs / shape.group * shape.kept;

  void *values = random_values(shape.type, count);
  if (shape.type == SWL_S8)
    for (size_t i = 0; i < count; i++)
      if (((int8_t *)values)[i] == -128)
        ((int8_t *)values)[i] = -127;
  uint8_t *indices = memory(count);
  for (size_t at = 0; at < count; at += shape.kept)
    for (size_t position = 0, chosen = 0; chosen < shape.kept; position++)
      if (below(shape.group - position) < shape.kept - chosen)
        indices[at + chosen++] = (uint8_t)position;
  swl_linear_weights weights = {shape, values, shape.kept < shape.group ? indices : NULL};

  swl_linear op = {.shape = shape, .tokens = tokens};
  op.x_type = shape.type == SWL_S8 ? SWL_U8 : shape.type == SWL_F32 ? SWL_F32 : below(2) ? SWL_F32 : SWL_BF16;
  op.x_stride = shape.inputs + below(2) * below(5);
  op.x_zero_point = shape.type == SWL_S8 ? (int32_t)below(256) : 0;
  op.y_stride = shape.outputs + below(2) * below(5);
  op.output = (swl_output){(swl_type[]){SWL_F32, SWL_BF16, SWL_U8}[below(3)], 3.7f, (int32_t)below(256)};
  op.epilogue.activation = below(2) ? SWL_IDENTITY : (swl_activation)below(5);
  size_t x_count = (tokens - 1) * op.x_stride + shape.inputs, y_count = (tokens - 1) * op.y_stride + shape.outputs;
  op.x = random_values(op.x_type, x_count);
  float *bias = random_values(SWL_F32, shape.outputs), *scale = random_values(SWL_F32, shape.outputs);
  for (size_t i = 0; i < shape.outputs; i++)
    scale[i] *= 0.0625f;
  float *residual = random_values(SWL_F32, y_count);
  op.epilogue.bias = below(2) ? bias : NULL;
  op.epilogue.residual = below(2) ? residual : NULL;
  op.epilogue.scale = shape.type == SWL_S8 && below(2) ? scale : NULL;

  size_t kernels, y_bytes = y_count * size_of(op.output.type);
  const swl_linear_kernel *kernel = swl_linear_kernels(&kernels);
  void *expected = memory(y_bytes);
  for (size_t k = 0; k < kernels; k++) {
    if (kernel[k].isa > swl_isa_best() || !swl_linear_accepts(&kernel[k], &shape))
      continue;
    op.kernel = &kernel[k];
    void *packed = memory(swl_linear_packed_size(&kernel[k], &shape)), *y = memory(y_bytes);
    swl_linear_pack(&kernel[k], &weights, packed);
    op.packed = packed;
    op.y = y;
    void *scratch = memory(swl_linear_scratch_size(&op));
    for (size_t tiles = swl_linear_tiles(&op), tile = 0; tile < tiles;) {
      size_t some = 1 + below(tiles - tile);
      swl_linear_run(&op, tile, some, scratch);
      tile += some;
    }
    if (k == 0)
      memcpy(expected, y, y_bytes);
    bool exact = op.epilogue.activation <= SWL_RELU, good = true;
    for (size_t i = 0; exact && i < y_bytes; i++)
      good &= ((uint8_t *)y)[i] == ((uint8_t *)expected)[i];
    for (size_t i = 0; !exact && i < y_count; i++) {
      if (i % op.y_stride >= shape.outputs)
        continue;
      float a, b;
      swl_read(SWL_ISA_SCALAR, (char *)y + i * size_of(op.output.type), op.output, &a, 1);
      swl_read(SWL_ISA_SCALAR, (char *)expected + i * size_of(op.output.type), op.output, &b, 1);
      float step =
          op.output.type == SWL_U8 ? op.output.scale : 1e-5f + fabsf(b) * (op.output.type == SWL_BF16 ? 0.01f : 1e-6f);
      good &= fabsf(a - b) <= step * 1.001f;
    }
    check(good, kernel[k].name, "tokens inputs outputs kept group", tokens, shape.inputs, shape.outputs, shape.kept,
          shape.group);
    free(packed), free(y), free(scratch);
  }
  free(values), free(indices), free((void *)op.x), free(bias), free(scale), free(residual), free(expected);
}

int main(int argc, char **argv) {
  uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
  size_t rounds = argc > 2 ? strtoul(argv[2], NULL, 10) : 200;
  state = seed * 0x9e3779b97f4a7c15u + 1;
  for (int i = 0; i < 8; i++)
    random_bits();
  printf("isa %s, seed %llu, %zu rounds\n", swl_isa_name(swl_isa_best()), (unsigned long long)seed, rounds);
  for (size_t round = 0; round < rounds; round++) {
    test_linear();
  }
  printf("%d failures\n", failures);
  return failures > 0;
}
