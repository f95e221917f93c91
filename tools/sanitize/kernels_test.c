// Runs every kernel on random shapes, under the sanitizers or an emulator, and compares it with its reference. Buffers
// are exactly as large as the contracts say, so that the address sanitizer sees a read or write too far.
// Usage: kernels_test [seed] [rounds]
#include <math.h>
#include <pthread.h>
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

// Without the address sanitizer, guard bytes behind every buffer show a write too far when it is released.
#if __has_feature(address_sanitizer)
enum { GUARD = 0 };
#else
enum { GUARD = 64 };
#endif
enum { GUARD_BYTE = 0xa5, MOST_BUFFERS = 1000 };

static struct {
  void *start;
  size_t bytes;
} buffers[MOST_BUFFERS];
static size_t buffer_count;
static pthread_mutex_t buffers_lock = PTHREAD_MUTEX_INITIALIZER;

static void *memory(size_t bytes) {
  void *p = NULL;
  if (posix_memalign(&p, 64, bytes + GUARD ? bytes + GUARD : 1))
    exit(1);
  memset(p, 0xff, bytes); // NaN, or as good as
  memset((char *)p + bytes, GUARD_BYTE, GUARD);
  pthread_mutex_lock(&buffers_lock);
  if (buffer_count == MOST_BUFFERS)
    exit(1);
  buffers[buffer_count].start = p;
  buffers[buffer_count++].bytes = bytes;
  pthread_mutex_unlock(&buffers_lock);
  return p;
}

/// Gives memory back whose guard bytes must be as they were.
static void release(void *p) {
  if (!p)
    return;
  pthread_mutex_lock(&buffers_lock);
  size_t i = buffer_count - 1;
  while (buffers[i].start != p)
    i--;
  const uint8_t *guard = (const uint8_t *)p + buffers[i].bytes;
  for (size_t at = 0; at < GUARD; at++)
    if (guard[at] != GUARD_BYTE && failures++ < 20)
      printf("FAILED: byte %zu behind a buffer of %zu bytes was written\n", at, buffers[i].bytes);
  buffers[i] = buffers[--buffer_count];
  pthread_mutex_unlock(&buffers_lock);
  free(p);
}

// What the tests free is looked at.
#define free(buffer) release(buffer)

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

static float *random_floats(size_t count, float range) {
  float *values = memory(count * sizeof(float));
  for (size_t i = 0; i < count; i++)
    values[i] = range * ((float)random_bits() / 0x1p31f - 1);
  return values;
}

/// Half of the tiles of an operation, with scratch of its own.
typedef struct {
  const void *op;
  void (*run)(const void *op, size_t first, size_t count, void *scratch);
  size_t first, count, scratch_size;
} half;

static void *run_half(void *argument) {
  const half *h = argument;
  void *scratch = memory(h->scratch_size);
  h->run(h->op, h->first, h->count, scratch);
  free(scratch);
  return NULL;
}

/// Runs all tiles on two threads, cut at a random tile.
static void run_on_two_threads(const void *op, void (*run)(const void *, size_t, size_t, void *), size_t tiles,
                               size_t scratch_size) {
  size_t cut = below(tiles + 1);
  half low = {op, run, 0, cut, scratch_size}, high = {op, run, cut, tiles - cut, scratch_size};
  pthread_t thread;
  if (pthread_create(&thread, NULL, run_half, &low))
    exit(1);
  run_half(&high);
  pthread_join(thread, NULL);
}

static void run_linear(const void *op, size_t first, size_t count, void *scratch) {
  swl_linear_run(op, first, count, scratch);
}

static void run_attention(const void *op, size_t first, size_t count, void *scratch) {
  swl_attention_run(op, first, count, scratch);
}

static void run_memory_attention(const void *op, size_t first, size_t count, void *scratch) {
  swl_memory_attention_run(op, first, count, scratch);
}

static void run_cache_attention(const void *op, size_t first, size_t count, void *scratch) {
  swl_cache_attention_run(op, first, count, scratch);
}

static void run_convolution(const void *op, size_t first, size_t count, void *scratch) {
  swl_convolution_run(op, first, count, scratch);
}

static void check(bool good, const char *name, const char *what, size_t a, size_t b, size_t c, size_t d, size_t e) {
  if (!good && failures++ < 20)
    printf("FAILED %s: %s (%zu %zu %zu %zu %zu)\n", name, what, a, b, c, d, e);
}

/// Packs a layer in parts, the last first: the same bytes as packed whole.
static bool packs_in_parts(const swl_linear_kernel *kernel, const swl_linear_weights *weights, const void *whole) {
  const swl_linear_shape *shape = &weights->shape;
  const size_t row = shape->inputs / shape->group * shape->kept, size = swl_linear_packed_size(kernel, shape);
  void *packed = memory(size);
  const size_t step = SWL_PACKING_STEP * (1 + below(2));
  for (size_t first = (shape->outputs - 1) / step * step;; first -= step) {
    swl_linear_weights part = *weights;
    const size_t before = first * row;
    part.values = (const char *)weights->values + (shape->type == SWL_U4 ? before / 2 : before * size_of(shape->type));
    part.indices = weights->indices ? weights->indices + before : NULL;
    if (shape->scale_group)
      part.group_scales += before / shape->scale_group, part.group_offsets += before / shape->scale_group;
    const size_t rest = shape->outputs - first;
    swl_linear_pack_outputs(kernel, &part, first, rest < step ? rest : step, packed);
    if (first == 0)
      break;
  }
  bool same = !memcmp(packed, whole, size);
  free(packed);
  return same;
}

static void test_linear(void) {
  static const swl_type types[] = {SWL_F32, SWL_BF16, SWL_S8, SWL_U4};
  swl_linear_shape shape = {.type = types[below(4)]};
  shape.group = below(3) ? (size_t[]){4, 8, 16}[below(3)] : 1 + below(33);
  shape.kept = below(3) ? 1 + below(shape.group) : shape.group == 4 ? 1 + below(2) : shape.group;
  if (shape.type == SWL_U4)
    shape.kept = shape.group = 1, shape.scale_group = 32u << below(3);
  shape.inputs = shape.group * (1 + below(300 / shape.group + 1));
  if (shape.type == SWL_U4)
    shape.inputs = shape.scale_group * (1 + below(4));
  shape.outputs = 1 + below(below(4) ? 150 : 20);
  size_t tokens = below(4) ? 1 + below(below(4) ? 120 : 8) : 1;
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
  swl_linear_weights weights = {.shape = shape, .values = values, .indices = shape.kept < shape.group ? indices : NULL};
  uint16_t *halves = memory(2 * count * sizeof *halves);
  for (size_t i = 0; i < 2 * count; i++)
    halves[i] = (uint16_t)((below(2) << 15) | ((10 + below(8)) << 10) | below(1024));
  weights.group_scales = halves, weights.group_offsets = halves + count;

  const bool bytes = shape.type == SWL_S8 || shape.type == SWL_U4;
  swl_linear op = {.shape = shape, .tokens = tokens};
  op.x_type = bytes ? SWL_U8 : shape.type == SWL_F32 ? SWL_F32 : below(2) ? SWL_F32 : SWL_BF16;
  op.x_stride = shape.inputs + below(2) * below(5);
  op.x_zero_point = shape.type == SWL_S8 ? (int32_t)below(256) : bytes ? 128 : 0;
  op.y_stride = shape.outputs + below(2) * below(5);
  op.output = (swl_output){(swl_type[]){SWL_F32, SWL_BF16, SWL_U8}[below(3)], 3.7f, (int32_t)below(256)};
  op.epilogue.activation = below(2) ? SWL_IDENTITY : (swl_activation)below(SWL_LEAKY_RELU + 1);
  op.epilogue.slope = 0.25f;
  size_t x_count = (tokens - 1) * op.x_stride + shape.inputs, y_count = (tokens - 1) * op.y_stride + shape.outputs;
  op.x = random_values(op.x_type, x_count);
  float *bias = random_values(SWL_F32, shape.outputs), *scale = random_values(SWL_F32, shape.outputs);
  for (size_t i = 0; i < shape.outputs; i++)
    scale[i] *= 0.0625f;
  float *residual = random_values(SWL_F32, y_count), *x_scales = random_values(SWL_F32, tokens);
  op.epilogue.x_scales = bytes && below(2) ? x_scales : NULL;
  float *group_scales = shape.type == SWL_U4 ? random_values(SWL_F32, tokens * (shape.inputs / shape.scale_group)) : NULL;
  op.x_group_scales = below(2) ? group_scales : NULL;
  op.epilogue.bias = below(2) ? bias : NULL;
  op.epilogue.residual = below(2) ? residual : NULL;
  op.epilogue.scale = shape.type == SWL_S8 && below(2) ? scale : NULL;

  size_t kernels, y_bytes = y_count * size_of(op.output.type);
  const swl_linear_kernel *kernel = swl_linear_kernels(&kernels);
  void *expected = memory(y_bytes);
  for (size_t k = kernels; k-- > 0;) { // the reference first
    if (!swl_isa_has(swl_isa_of_processor(), kernel[k].needs) || !swl_linear_accepts(&kernel[k], &shape))
      continue;
    op.kernel = &kernel[k];
    void *packed = memory(swl_linear_packed_size(&kernel[k], &shape)), *y = memory(y_bytes);
    swl_linear_pack(&kernel[k], &weights, packed);
    check(packs_in_parts(&kernel[k], &weights, packed), kernel[k].name, "packed in parts: inputs outputs kept group",
          shape.inputs, shape.outputs, shape.kept, shape.group, 0);
    op.packed = packed;
    op.y = y;
    run_on_two_threads(&op, run_linear, swl_linear_tiles(&op), swl_linear_scratch_size(&op));
    if (k == kernels - 1)
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
    free(packed), free(y);
  }
  free(values), free(indices), free((void *)op.x), free(bias), free(scale), free(residual), free(expected);
  free(halves), free(x_scales), free(group_scales);
}

/// Some tokens of a layer among others, and alone: bit for bit the same, though floats round at every addition.
static void test_neighbours(void) {
  static const size_t patterns[][2] = {{1, 1}, {2, 4}, {1, 4}, {3, 8}};
  const size_t *pattern = patterns[below(4)], tokens = 1 + below(200);
  swl_linear_shape shape = {
      below(2) ? SWL_F32 : SWL_BF16, 8 * (1 + below(90)), 1 + below(140), pattern[0], pattern[1], 0};
  size_t count = shape.outputs * shape.inputs / shape.group * shape.kept, x_count = tokens * shape.inputs;
  float *floats = random_floats(count, 1), *x = random_floats(x_count, 1);
  void *values = memory(count * size_of(shape.type));
  swl_write(SWL_ISA_SCALAR, floats, (swl_output){shape.type, 1, 0}, values, count);
  uint8_t *indices = memory(count);
  const size_t spread = shape.group / shape.kept;
  for (size_t i = 0; i < count; i++)
    indices[i] = (uint8_t)(i % shape.kept * spread + below((uint32_t)spread));
  swl_linear_weights weights = {.shape = shape, .values = values, .indices = shape.kept < shape.group ? indices : NULL};
  size_t some = below(3) ? 1 + below((uint32_t)tokens) : 1, first = below((uint32_t)(tokens - some + 1)), kernels;

  const swl_linear_kernel *kernel = swl_linear_kernels(&kernels);
  for (size_t k = 0; k < kernels; k++) {
    if (!swl_isa_has(swl_isa_of_processor(), kernel[k].needs) || !swl_linear_accepts(&kernel[k], &shape))
      continue;
    void *packed = memory(swl_linear_packed_size(&kernel[k], &shape));
    swl_linear_pack(&kernel[k], &weights, packed);
    float *y = memory(tokens * shape.outputs * 4), *alone = memory(some * shape.outputs * 4);
    swl_linear op = {.kernel = &kernel[k], .shape = shape, .packed = packed, .tokens = tokens, .x = x};
    op.x_stride = shape.inputs, op.y_stride = shape.outputs, op.y = y, op.output = (swl_output){SWL_F32, 1, 0};
    op.epilogue.activation = SWL_GELU;
    run_on_two_threads(&op, run_linear, swl_linear_tiles(&op), swl_linear_scratch_size(&op));
    op.tokens = some, op.x = x + first * shape.inputs, op.y = alone;
    run_on_two_threads(&op, run_linear, swl_linear_tiles(&op), swl_linear_scratch_size(&op));
    check(!memcmp(y + first * shape.outputs, alone, some * shape.outputs * 4), kernel[k].name,
          "neighbours: tokens some inputs kept group", tokens, some, shape.inputs, shape.kept, shape.group);
    free(packed), free(y), free(alone);
  }
  free(floats), free(x), free(values), free(indices);
}

/// A stored weight, or input, as a number.
static double number(const void *values, swl_type type, size_t i) {
  float value;
  if (type == SWL_S8)
    return ((const int8_t *)values)[i];
  swl_read(SWL_ISA_SCALAR, (const char *)values + i * size_of(type), (swl_output){type, 1, 0}, &value, 1);
  return value;
}

/// Convolutions of every kind of step, border, group and order of x, against the definition.
static void test_convolution(void) {
  static const size_t patterns[][2] = {{1, 1}, {2, 4}, {1, 4}, {3, 8}};
  static const swl_type types[] = {SWL_F32, SWL_BF16, SWL_S8};
  const size_t *pattern = patterns[below(4)];
  swl_convolution op = {.groups = 1 + below(3), .batch = 1 + below(2)};
  const size_t channels = pattern[1] * (1 + below(below(2) ? 24 / pattern[1] : 3)), all = channels * op.groups;
  const bool is_plain = below(3) == 0;
  for (size_t axis = 0; axis < 2; axis++) {
    op.kernel[axis] = is_plain ? 1 : 1 + below(4);
    op.stride[axis] = is_plain ? 1 : 1 + below(3);
    op.padding[axis] = is_plain ? 0 : below(4);
    op.dilation[axis] = 1 + below(2);
    const size_t span = op.dilation[axis] * (op.kernel[axis] - 1) + 1, border = 2 * op.padding[axis];
    op.size[axis] = (span > border ? span - border : 1) + below(12);
    const size_t behind = is_plain ? 0 : below((uint32_t)op.padding[axis] + 1); // as much again, or more
    op.output_size[axis] = (op.size[axis] + border + behind - span) / op.stride[axis] + 1;
  }
  op.shape = (swl_linear_shape){types[below(3)], op.kernel[0] * op.kernel[1] * channels, 1 + below(70),
                                pattern[0], pattern[1], 0};
  const size_t outputs = op.shape.outputs, inputs = op.shape.inputs;
  const size_t row = inputs / op.shape.group * op.shape.kept, count = op.groups * outputs * row;
  void *values = random_values(op.shape.type, count);
  uint8_t *indices = memory(count);
  for (size_t at = 0; at < count; at += op.shape.kept)
    for (size_t position = 0, chosen = 0; chosen < op.shape.kept; position++)
      if (below(op.shape.group - position) < op.shape.kept - chosen)
        indices[at + chosen++] = (uint8_t)position;
  if (op.shape.type == SWL_S8)
    for (size_t i = 0; i < count; i++)
      if (((int8_t *)values)[i] == -128)
        ((int8_t *)values)[i] = -127;

  const size_t positions = op.size[0] * op.size[1];
  op.x_type = op.shape.type == SWL_S8 ? SWL_U8 : op.shape.type;
  op.x_zero_point = op.shape.type == SWL_S8 ? (int32_t)below(256) : 0;
  op.x_channel = 1, op.x_column = all + below(2) * below(5);
  if (below(3) == 0)
    op.x_channel = positions, op.x_column = 1;
  op.x_row = op.size[1] * op.x_column;
  op.x_sample = op.x_channel == 1 ? op.size[0] * op.x_row : all * positions;
  const size_t x_count = (op.batch - 1) * op.x_sample + (op.size[0] - 1) * op.x_row +
                         (op.size[1] - 1) * op.x_column + (all - 1) * op.x_channel + 1;
  op.x = random_values(op.x_type, x_count);
  const size_t height = op.output_size[0], width = op.output_size[1];
  op.y_stride = op.groups * outputs + below(2) * below(5);
  op.output = (swl_output){SWL_F32, 1, 0};
  const size_t y_count = (op.batch * height * width - 1) * op.y_stride + op.groups * outputs;
  float *bias = random_values(SWL_F32, op.groups * outputs);
  op.epilogue.bias = below(2) ? bias : NULL;
  op.epilogue.activation = below(2) ? SWL_RELU : SWL_IDENTITY;

  double *expected = memory(op.batch * height * width * op.groups * outputs * sizeof *expected);
  for (size_t at = 0; at < op.batch * height * width * op.groups * outputs; at++) {
    const size_t output = at % (op.groups * outputs), group = output / outputs;
    const size_t position = at / (op.groups * outputs), left = position % width, down = position / width % height;
    double sum = 0;
    for (size_t k = 0; k < row; k++) {
      const size_t stored = output * row + k;
      const size_t input = pattern[1] == 1 ? k : k / op.shape.kept * op.shape.group + indices[stored];
      const size_t tap = input / channels;
      const size_t y = down * op.stride[0] + tap / op.kernel[1] * op.dilation[0] - op.padding[0];
      const size_t x = left * op.stride[1] + tap % op.kernel[1] * op.dilation[1] - op.padding[1];
      if (y >= op.size[0] || x >= op.size[1]) // below 0 as well
        continue;
      const size_t from = position / width / height * op.x_sample + y * op.x_row + x * op.x_column +
                          (group * channels + input % channels) * op.x_channel;
      const double factor = op.x_type == SWL_U8 ? ((const uint8_t *)op.x)[from] - (double)op.x_zero_point
                                                : number(op.x, op.x_type, from);
      sum += factor * number(values, op.shape.type, stored);
    }
    sum += op.epilogue.bias ? bias[output] : 0;
    expected[at] = op.epilogue.activation == SWL_RELU && sum < 0 ? 0 : sum;
  }

  size_t kernels;
  const swl_linear_kernel *kernel = swl_linear_kernels(&kernels);
  for (size_t k = 0; k < kernels; k++) {
    if (!swl_isa_has(swl_isa_of_processor(), kernel[k].needs) || !swl_linear_accepts(&kernel[k], &op.shape))
      continue;
    op.linear = &kernel[k];
    op.packed_stride = (swl_linear_packed_size(&kernel[k], &op.shape) + 63) / 64 * 64;
    void *packed = memory(op.groups * op.packed_stride);
    float *y = memory(y_count * sizeof *y);
    for (size_t group = 0; group < op.groups; group++) {
      const size_t first = group * outputs * row;
      swl_linear_weights weights = {.shape = op.shape,
                                    .values = (const char *)values + first * size_of(op.shape.type),
                                    .indices = pattern[1] == 1 ? NULL : indices + first};
      swl_linear_pack(&kernel[k], &weights, (char *)packed + group * op.packed_stride);
    }
    op.packed = packed, op.y = y;
    run_on_two_threads(&op, run_convolution, swl_convolution_tiles(&op), swl_convolution_scratch_size(&op));
    bool good = swl_convolution_share(&op, 0, 3) == 0 &&
                swl_convolution_share(&op, 3, 3) == swl_convolution_tiles(&op);
    for (size_t i = 0; i < y_count; i++) {
      const size_t output = i % op.y_stride;
      good &= output < op.groups * outputs ? y[i] == (float)expected[i / op.y_stride * op.groups * outputs + output]
                                           : isnan(y[i]) != 0;
    }
    check(good, kernel[k].name, "convolution: kernel channels outputs groups kept", op.kernel[0] * op.kernel[1],
          channels, outputs, op.groups, op.shape.kept);
    free(packed), free(y);
  }
  free(values), free(indices), free((void *)op.x), free(bias), free(expected);
}

static void *random_heads(swl_type type, size_t count) {
  if (type == SWL_U8)
    return random_values(type, count);
  float *values = random_floats(count, 2);
  void *heads = memory(count * size_of(type));
  swl_write(SWL_ISA_SCALAR, values, (swl_output){type, 1, 0}, heads, count);
  free(values);
  return heads;
}

static void test_attention(void) {
  swl_attention op = {.batch = 1 + below(3), .heads = 1 + below(3), .queries = 1 + below(70), .keys = 1 + below(90)};
  size_t images = op.batch;
  uint32_t *rows = NULL;
  op.windows = 1 + below(4);
  if (below(2)) { // windows whose rows lie in any order
    op.keys = op.queries;
    op.batch *= op.windows;
    size_t count = op.windows * op.queries;
    rows = memory(count * sizeof *rows);
    for (size_t i = 0; i < count; i++) {
      size_t other = below((uint32_t)i + 1);
      rows[i] = rows[other], rows[other] = (uint32_t)i;
    }
    op.rows = rows;
  }
  op.width = below(2) ? 64 : 1 + below(70);
  op.type = (swl_type[]){SWL_F32, SWL_BF16, SWL_U8}[below(3)];
  bool bytes = op.type == SWL_U8;
  op.scale = 1 / sqrtf((float)op.width);
  op.q_scale = op.k_scale = op.v_scale = bytes ? 0.03f : 1;
  if (bytes)
    op.q_zero_point = (int32_t)below(256), op.k_zero_point = (int32_t)below(256), op.v_zero_point = (int32_t)below(256);

  size_t row = op.heads * op.width, counts[3] = {op.queries, op.keys, op.keys};
  if (rows)
    counts[0] = counts[1] = counts[2] = op.windows * op.queries;
  swl_heads *parts[3] = {&op.q, &op.k, &op.v};
  for (int i = 0; i < 3; i++) {
    size_t stride = row + below(2) * below(9), batch_stride = counts[i] * stride + below(2) * below(9);
    size_t count = (images - 1) * batch_stride + (counts[i] - 1) * stride + row;
    *parts[i] = (swl_heads){random_heads(op.type, count), batch_stride, stride};
  }
  float *bias = random_floats(op.heads * op.queries * op.keys, 2),
        *mask = random_floats(op.batch * op.queries * op.keys, 1);
  for (size_t i = 0; i < op.batch * op.queries * op.keys; i++)
    mask[i] = i % op.keys == 0 || mask[i] > 0 ? 0 : -INFINITY;
  op.bias = below(2) ? bias : NULL;
  op.mask = below(2) ? mask : NULL;
  op.masks = 1 + below((uint32_t)op.batch);
  op.output = (swl_output){(swl_type[]){SWL_F32, SWL_BF16, SWL_U8}[below(3)], 0.02f, (int32_t)below(256)};

  size_t count = op.batch * op.queries * row, size = size_of(op.output.type);
  void *expected = memory(count * size);
  size_t sets;
  const swl_named_isa *set = swl_named_isas(&sets);
  for (size_t i = sets; i-- > 0;) { // the reference first
    const swl_isa isa = set[i].isa;
    if (!swl_isa_has(swl_isa_of_processor(), isa))
      continue;
    op.isa = isa;
    op.y = memory(count * size);
    run_on_two_threads(&op, run_attention, swl_attention_tiles(&op), swl_attention_scratch_size(&op));
    if (i == sets - 1)
      memcpy(expected, op.y, count * size);
    bool good = true;
    for (size_t j = 0; j < count; j++) {
      float a, b;
      swl_read(SWL_ISA_SCALAR, (char *)op.y + j * size, op.output, &a, 1);
      swl_read(SWL_ISA_SCALAR, (char *)expected + j * size, op.output, &b, 1);
      float error = bytes ? op.v_scale : op.type == SWL_BF16 ? 0.02f : 1e-5f; // a weight may round the other way
      error += op.output.type == SWL_U8 ? op.output.scale : op.output.type == SWL_BF16 ? 0.01f * fabsf(b) : 0;
      good &= fabsf(a - b) <= error * 1.001f;
    }
    check(good, "attention", "isa type queries keys width", isa, op.type, op.queries, op.keys, op.width);
    free(op.y);
  }
  free(expected), free(bias), free(mask), free(rows), free((void *)op.q.data), free((void *)op.k.data),
      free((void *)op.v.data);
}

static bool close_to(const void *a, const void *b, swl_output output, size_t count, float error) {
  bool good = true;
  for (size_t i = 0; i < count; i++) {
    float x, y;
    swl_read(SWL_ISA_SCALAR, (const char *)a + i * size_of(output.type), output, &x, 1);
    swl_read(SWL_ISA_SCALAR, (const char *)b + i * size_of(output.type), output, &y, 1);
    float step = output.type == SWL_U8 ? output.scale : output.type == SWL_BF16 ? 0.01f * fabsf(y) : 0;
    good &= fabsf(x - y) <= (error + step) * 1.001f;
  }
  return good;
}

/// Causal, grouped, capped, bounded and relative attention: every set against the reference.
static void test_streams(void) {
  size_t group = 1 + below(3), key_heads = 1 + below(2), longest = below(4) ? 90 : 600;
  swl_attention op = {.batch = 1 + below(2), .keys = 1 + below((uint32_t)longest), .key_heads = key_heads};
  bool is_relative = below(3) == 0;
  if (is_relative)
    group = 1;
  op.heads = key_heads * group;
  op.causal = below(3) > 0;
  op.queries = is_relative ? op.keys : 1 + below(op.causal ? (uint32_t)op.keys : 70);
  op.width = below(2) ? (size_t[]){16, 64, 80, 128}[below(4)] : 1 + below(70);
  op.type = below(2) ? SWL_F32 : SWL_BF16;
  op.scale = 1 / sqrtf((float)op.width), op.q_scale = op.k_scale = op.v_scale = 1;
  op.soft_cap = below(3) ? 0 : 2;
  op.windows = 1;
  const size_t widths[4] = {op.heads * op.width, key_heads * op.width, key_heads * op.width, op.heads * op.width};
  const size_t counts[4] = {op.queries, op.keys, op.keys, 2 * op.keys - 1};
  swl_heads *parts[4] = {&op.q, &op.k, &op.v, &op.r};
  for (int i = 0; i < (is_relative ? 4 : 3); i++) {
    size_t stride = widths[i] + below(2) * below(9), batch_stride = counts[i] * stride + below(2) * below(9);
    size_t count = (i < 3 ? op.batch - 1 : 0) * batch_stride + (counts[i] - 1) * stride + widths[i];
    *parts[i] = (swl_heads){random_heads(op.type, count), batch_stride, stride};
  }
  float *content = random_floats(widths[0], 1), *position = random_floats(widths[0], 1);
  if (is_relative && below(2))
    op.content_bias = content, op.position_bias = position;
  int64_t *lengths = memory(op.batch * sizeof *lengths);
  for (size_t b = 0; b < op.batch; b++)
    lengths[b] = (int64_t)below((uint32_t)op.keys + 1);
  op.lengths = below(3) ? NULL : lengths;
  float *bias = random_floats(op.heads * op.queries * op.keys, 2),
        *mask = random_floats(op.batch * op.queries * op.keys, 1);
  op.bias = below(4) ? NULL : bias;
  op.mask = below(4) ? NULL : mask;
  op.masks = 1 + below((uint32_t)op.batch);
  op.output = (swl_output){(swl_type[]){SWL_F32, SWL_BF16, SWL_U8}[below(3)], 0.02f, (int32_t)below(256)};

  size_t count = op.batch * op.queries * widths[0], size = size_of(op.output.type);
  void *expected = memory(count * size);
  size_t sets;
  const swl_named_isa *set = swl_named_isas(&sets);
  for (size_t i = sets; i-- > 0;) { // the reference first
    if (!swl_isa_has(swl_isa_of_processor(), set[i].isa))
      continue;
    op.isa = set[i].isa;
    op.y = memory(count * size);
    run_on_two_threads(&op, run_attention, swl_attention_tiles(&op), swl_attention_scratch_size(&op));
    if (i == sets - 1)
      memcpy(expected, op.y, count * size);
    // What streams nothing may be computed in bf16, which rounds the weights of the softmax.
    const float error = strstr(swl_attention_kernel_for(&op)->name, "bf16") ? 0.02f : 2e-5f;
    check(close_to(op.y, expected, op.output, count, error), "attention, streamed", "isa queries keys width relative",
          op.isa, op.queries, op.keys, op.width, is_relative);
    free(op.y);
  }
  free(expected), free(bias), free(mask), free(lengths), free(content), free(position);
  for (int i = 0; i < (is_relative ? 4 : 3); i++)
    free((void *)parts[i]->data);
}

/// A text read into a cache at once and in pieces of any length gives the same, bit for bit, which is what plain causal
/// attention gives where the cache keeps floats, and close to the reference.
static void test_cache(void) {
  swl_cache cache = {(swl_cache_type[]){SWL_CACHE_F32, SWL_CACHE_BF16, SWL_CACHE_F16}[below(3)], 1 + below(2),
                     1 + below(2), below(2) ? (size_t[]){32, 64, 80, 128}[below(4)] : 1 + below(70),
                     32 * (1 + below(below(3) ? 3 : 20))};
  const size_t group = 1 + below(4), tokens = 1 + below((uint32_t)cache.capacity), heads = cache.heads * group;
  const size_t width = heads * cache.width, key_width = cache.heads * cache.width;
  const size_t stride = width + 2 * key_width, values = cache.batch * tokens * stride;
  const swl_type type = below(2) ? SWL_F32 : SWL_BF16;
  char *qkv = random_heads(type, values);
  const size_t size = size_of(type), count = cache.batch * tokens * width;
  float *expected = memory(count * sizeof(float)), *whole = memory(count * sizeof(float)),
        *pieces = memory(count * sizeof(float));
  size_t sets;
  const swl_named_isa *set = swl_named_isas(&sets);
  for (size_t i = sets; i-- > 0;) { // the reference first
    if (!swl_isa_has(swl_isa_of_processor(), set[i].isa))
      continue;
    for (int run = 0; run < 2; run++) { // at once, then in pieces
      void *keys = memory(swl_cache_keys_size(&cache)), *kept = memory(swl_cache_values_size(&cache));
      float *y = run == 0 ? whole : pieces;
      memset(y, 0xff, count * sizeof(float));
      for (size_t start = 0, length; start < tokens; start += length) {
        length = run == 0 ? tokens : 1 + below(below(2) ? 3 : (uint32_t)(tokens - start));
        length = length < tokens - start ? length : tokens - start;
        for (int side = 0; side < 2; side++) {
          swl_cache_append append = {.cache = cache, .values = side, .data = side ? kept : keys, .x_type = type};
          append.x = (swl_heads){qkv + (start * stride + width + side * key_width) * size, tokens * stride, stride};
          append.tokens = length, append.position = start;
          swl_cache_append_run(&append, 0, swl_cache_append_tiles(&append));
        }
        swl_cache_attention op = {.isa = set[i].isa, .cache = cache, .heads = heads, .queries = length, .type = type};
        op.q = (swl_heads){qkv + start * stride * size, tokens * stride, stride};
        op.keys = keys, op.values = kept, op.scale = 0.3f, op.position = start;
        op.output = (swl_output){SWL_F32, 1, 0};
        op.y = memory(cache.batch * length * width * sizeof(float));
        op.shared = memory(swl_cache_attention_shared_size(&op));
        op.finished = memory(cache.batch * cache.heads * sizeof(uint32_t));
        memset(op.finished, 0, cache.batch * cache.heads * sizeof(uint32_t));
        run_on_two_threads(&op, run_cache_attention, swl_cache_attention_tiles(&op),
                           swl_cache_attention_scratch_size(&op));
        for (size_t b = 0; b < cache.batch; b++)
          memcpy(y + (b * tokens + start) * width, (float *)op.y + b * length * width, length * width * sizeof(float));
        free(op.y), free(op.shared), free(op.finished);
      }
      free(keys), free(kept);
    }
    check(!memcmp(whole, pieces, count * sizeof(float)), "cache: in pieces", "isa type tokens width group", set[i].isa,
          cache.type, tokens, cache.width, group);
    if (i == sets - 1)
      memcpy(expected, whole, count * sizeof(float));
    check(close_to(whole, expected, (swl_output){0}, count, 2e-5f), "cache", "isa type tokens width group", set[i].isa,
          cache.type, tokens, cache.width, group);
    if (cache.type != SWL_CACHE_F32 && !(cache.type == SWL_CACHE_BF16 && type == SWL_BF16))
      continue;
    swl_attention op = {.isa = set[i].isa, .batch = cache.batch, .heads = heads, .queries = tokens, .keys = tokens};
    op.width = cache.width, op.type = type, op.q_scale = op.k_scale = op.v_scale = 1, op.scale = 0.3f;
    op.q = (swl_heads){qkv, tokens * stride, stride};
    op.k = (swl_heads){qkv + width * size, tokens * stride, stride};
    op.v = (swl_heads){qkv + (width + key_width) * size, tokens * stride, stride};
    op.key_heads = cache.heads, op.causal = true, op.masks = op.windows = 1, op.y = pieces;
    op.output = (swl_output){SWL_F32, 1, 0};
    run_on_two_threads(&op, run_attention, swl_attention_tiles(&op), swl_attention_scratch_size(&op));
    check(!memcmp(whole, pieces, count * sizeof(float)), "cache: as without", "isa type tokens width group",
          set[i].isa, cache.type, tokens, cache.width, group);
  }
  free(qkv), free(expected), free(whole), free(pieces);
}

/// A side of a memory in any format: heads, or latents of neighbouring heads.
static swl_memory_side random_memory_side(size_t key_heads, size_t width, size_t most, bool values) {
  swl_memory_side side = {.format = {.parts = key_heads, .width = width}};
  if (below(2)) {
    side.format.parts = below(2) ? 1 : key_heads;
    side.format.width = 1 + below((uint32_t)most);
    const size_t columns = values ? (width + 15) / 16 * 16 : width;
    side.up = random_floats(key_heads * columns * side.format.width, 0.4f);
    side.bias = below(2) ? random_floats(key_heads * width, 0.4f) : NULL;
  }
  side.format.type = (swl_cache_type[]){SWL_CACHE_F32, SWL_CACHE_BF16, SWL_CACHE_F16}[below(3)];
  side.format.bits = (size_t[]){0, 8, 4, 3, 2}[below(5)];
  side.format.slice = side.format.width % 8 == 0 && below(2) ? 8 * (1 + below(2)) : side.format.width;
  if (side.format.width % side.format.slice != 0)
    side.format.slice = side.format.width;
  return side;
}

/// A text remembered at once and in pieces of any length gives the same, bit for bit, beside another text too, and close to
/// the reference.
static void test_memory(void) {
  const size_t key_heads = 1 + below(4), group = 1 + below(3), heads = key_heads * group;
  const bool is_long = below(4) == 0; // more than a page, of small heads: the reference makes keys anew for each query
  const size_t width = is_long ? 2 * (1 + below(8)) : below(2) ? 2 * (1 + below(36)) : (size_t[]){32, 64, 128}[below(3)];
  const size_t tokens = 1 + below(is_long ? 600 : 50), most = is_long ? 8 : 60, pages = (tokens + 255) / 256, all = heads * width;
  swl_memory_attention plan = {.heads = heads, .key_heads = key_heads, .width = width, .scale = 0.2f};
  plan.keys = random_memory_side(key_heads, width, most, false), plan.values = random_memory_side(key_heads, width, most, true);
  plan.values.offset = (swl_memory_side_size(&plan.keys.format, false) + 63) / 64 * 64;
  const size_t page = plan.values.offset + swl_memory_side_size(&plan.values.format, true);
  float *angles = NULL, *slopes = below(4) ? NULL : random_floats(heads, 0.1f);
  if (plan.keys.up && below(2)) {
    angles = random_floats(2 * pages * 8 * (width / 2) * 32, 1);
    plan.cosines = angles, plan.sines = angles + pages * 8 * (width / 2) * 32;
  }
  plan.slopes = slopes, plan.window = below(4) ? 0 : 1 + below((uint32_t)tokens);
  plan.q_stride = all + below(3), plan.y_stride = all;
  const size_t key_stride = plan.keys.format.parts * plan.keys.format.width;
  const size_t value_stride = plan.values.format.parts * plan.values.format.width;
  float *q = random_floats(tokens * plan.q_stride, 2), *k = random_floats(tokens * key_stride, 2),
        *v = random_floats(tokens * value_stride, 2), *expected = memory(tokens * all * sizeof(float)),
        *whole = memory(tokens * all * sizeof(float)), *pieces = memory(tokens * all * sizeof(float));
  size_t sets;
  const swl_named_isa *set = swl_named_isas(&sets);
  for (size_t i = sets; i-- > 0;) { // the reference first
    if (!swl_isa_has(swl_isa_of_processor(), set[i].isa))
      continue;
    for (int run = 0; run < 2; run++) { // at once, then in pieces
      char *kept[3];
      for (size_t p = 0; p < pages; p++)
        memset(kept[p] = memory(page), 0, page);
      float *y = run == 0 ? whole : pieces;
      memset(y, 0xff, tokens * all * sizeof(float));
      for (size_t start = 0, length; start < tokens; start += length) {
        length = run == 0 ? tokens : 1 + below(below(2) ? 3 : (uint32_t)(tokens - start));
        length = length < tokens - start ? length : tokens - start;
        swl_memory_append keys = {plan.keys.format, false, kept, 0, k + start * key_stride, key_stride, length, start};
        swl_memory_append values = {plan.values.format,         true,  kept,  plan.values.offset,
                                    v + start * value_stride, value_stride, length, start};
        swl_memory_append_run(&keys, 0, swl_memory_append_tiles(&keys));
        swl_memory_append_run(&values, 0, swl_memory_append_tiles(&values));
        swl_memory_attention op = plan;
        float *other = memory(all * sizeof(float)); // the first token as a text of its own
        const swl_memory_queries texts[2] = {
            {(const char *const *)kept, start, length, q + start * plan.q_stride, y + start * all},
            {(const char *const *)kept, 0, 1, q, other}};
        op.isa = set[i].isa, op.texts = texts, op.count = run == 0 ? 1 : 2;
        op.shared = memory(swl_memory_attention_shared_size(&op));
        op.finished = memory(op.count * key_heads * sizeof(uint32_t));
        memset(op.finished, 0, op.count * key_heads * sizeof(uint32_t));
        run_on_two_threads(&op, run_memory_attention, swl_memory_attention_tiles(&op),
                           swl_memory_attention_scratch_size(&op));
        check(run == 0 || !memcmp(other, whole, all * sizeof(float)), "memory: beside another text",
              "isa tokens width bits", set[i].isa, tokens, width, plan.keys.format.bits, plan.values.format.bits);
        free(op.shared), free(op.finished), free(other);
      }
      for (size_t p = 0; p < pages; p++)
        free(kept[p]);
    }
    check(!memcmp(whole, pieces, tokens * all * sizeof(float)), "memory: in pieces", "isa tokens width bits",
          set[i].isa, tokens, width, plan.keys.format.bits, plan.values.format.bits);
    if (i == sets - 1)
      memcpy(expected, whole, tokens * all * sizeof(float));
    check(close_to(whole, expected, (swl_output){0}, tokens * all, 2e-4f), "memory", "isa tokens width bits",
          set[i].isa, tokens, width, plan.keys.format.bits, plan.values.format.bits);
  }
  free(q), free(k), free(v), free(expected), free(whole), free(pieces), free(angles), free(slopes);
  free((void *)plan.keys.up), free((void *)plan.values.up), free((void *)plan.keys.bias), free((void *)plan.values.bias);
}

/// Rows whose greatest magnitude is zero, infinite or NaN among others.
static void test_quantized_rows(void) {
  size_t rows = 1 + below(5), width = 1 + below(150), count = rows * width, sets;
  float *x = random_floats(count, 8);
  for (size_t row = 0; row < rows; row++) {
    const uint32_t kind = below(6);
    if (kind == 0)
      memset(x + row * width, 0, width * sizeof(float));
    else if (kind <= 2)
      x[row * width + below(width)] = kind == 1 ? NAN : -INFINITY;
  }
  uint8_t *expected = memory(count);
  float *expected_scales = memory(rows * sizeof(float));
  swl_quantize_rows(SWL_ISA_SCALAR, x, expected, expected_scales, rows, width);
  const swl_named_isa *set = swl_named_isas(&sets);
  for (size_t i = 0; i < sets; i++) {
    if (!swl_isa_has(swl_isa_of_processor(), set[i].isa))
      continue;
    uint8_t *y = memory(count);
    float *scales = memory(rows * sizeof(float));
    swl_quantize_rows(set[i].isa, x, y, scales, rows, width);
    bool good = !memcmp(y, expected, count);
    for (size_t row = 0; row < rows; row++)
      good &= scales[row] == expected_scales[row] || (isnan(scales[row]) && isnan(expected_scales[row]));
    check(good, set[i].name, "quantised rows: rows width", rows, width, 0, 0, 0);
    free(y), free(scales);
  }
  free(x), free(expected), free(expected_scales);
}

/// Cutting images into patches is the elementwise writing of every set; a thread takes some rows of patches.
static void test_patches(void) {
  swl_patchify op = {.batch = 1 + below(3), .channels = 1 + below(4), .patch = 1 + below(20)};
  op.height = op.patch * (1 + below(4)), op.width = op.patch * (1 + below(4));
  op.output = (swl_output){(swl_type[]){SWL_F32, SWL_BF16, SWL_U8}[below(3)], 0.02f, (int32_t)below(256)};
  size_t count = op.batch * op.channels * op.height * op.width, size = size_of(op.output.type), sets;
  float *x = random_floats(count, 4);
  void *expected = memory(count * size);
  op.x = x;
  const swl_named_isa *set = swl_named_isas(&sets);
  for (size_t i = sets; i-- > 0;) { // the reference first
    if (!swl_isa_has(swl_isa_of_processor(), set[i].isa))
      continue;
    op.y = memory(count * size);
    size_t tiles = swl_patchify_tiles(&op), cut = below(tiles + 1);
    swl_patchify_run(set[i].isa, &op, cut, tiles - cut);
    swl_patchify_run(set[i].isa, &op, 0, cut);
    if (i == sets - 1)
      memcpy(expected, op.y, count * size);
    check(!memcmp(op.y, expected, count * size), set[i].name, "patches: patch height width type", op.patch, op.height,
          op.width, op.output.type, 0);
    free(op.y);
  }
  free(x), free(expected);
}

/// Both give the same to the last bit.
static void test_rotation_and_top_k(swl_isa isa, const float *x, const float *angles, size_t rows, size_t width) {
  const size_t pairs = below(width / 2 + 1), k = 1 + below(width), count = rows * width;
  const swl_pairing pairing = below(2) ? SWL_HALVES : SWL_NEIGHBOURS;
  float *cosines = memory(pairs * 4), *sines = memory(pairs * 4), *y = memory(count * 4), *z = memory(count * 4);
  for (size_t i = 0; i < pairs; i++)
    cosines[i] = cosf(angles[i]), sines[i] = sinf(angles[i]);
  swl_rotate(SWL_ISA_SCALAR, pairing, x, cosines, sines, z, rows, width, pairs);
  swl_rotate(isa, pairing, x, cosines, sines, y, rows, width, pairs);
  check(!memcmp(y, z, count * 4), "rotate", "isa pairing rows width pairs", isa, pairing, rows, width, pairs);

  float *rounded = memory(count * 4), *values = memory(rows * k * 4), *expected = memory(rows * k * 4);
  int64_t *indices = memory(rows * k * 8), *expected_indices = memory(rows * k * 8);
  for (size_t i = 0; i < count; i++) // ties, and now and then NaN
    rounded[i] = below(40) ? rintf(x[i]) : NAN;
  swl_top_k(SWL_ISA_SCALAR, rounded, expected, expected_indices, rows, width, k);
  swl_top_k(isa, rounded, values, indices, rows, width, k);
  check(!memcmp(indices, expected_indices, rows * k * 8), "top k", "isa rows width k", isa, rows, width, k, 0);
  for (size_t i = 0; i < rows * k; i++) {
    const float found = rounded[i / k * width + (size_t)indices[i]];
    check(!memcmp(&found, values + i, 4), "top k", "isa rows width k at", isa, rows, width, k, i);
  }
  free(cosines), free(sines), free(y), free(z), free(rounded), free(values), free(expected), free(indices);
  free(expected_indices);
}

static void test_others(void) {
  size_t rows = 1 + below(5), width = 1 + below(100), count = rows * width;
  float *x = random_floats(count, 8), *a = random_floats(count, 8), *y = memory(count * 4), *z = memory(count * 4);
  swl_output output = {(swl_type[]){SWL_F32, SWL_BF16, SWL_U8}[below(3)], 0.02f, (int32_t)below(256)};
  size_t sets;
  const swl_named_isa *set = swl_named_isas(&sets);
  for (size_t i = 0; i + 1 < sets; i++) { // all but the reference
    const swl_isa isa = set[i].isa;
    if (!swl_isa_has(swl_isa_of_processor(), isa))
      continue;
    for (swl_activation activation = SWL_IDENTITY; activation <= SWL_LEAKY_RELU; activation++) {
      swl_activate(SWL_ISA_SCALAR, activation, 0.1f, x, z, count);
      swl_activate(isa, activation, 0.1f, x, y, count);
      check(close_to(y, z, (swl_output){0}, count, 2e-6f), "activate", "isa activation count", isa, activation, count,
            0, 0);
    }
    uint8_t table[256], *bytes = random_values(SWL_U8, 7 * count), *mapped = memory(7 * count);
    for (size_t b = 0; b < 256; b++)
      table[b] = (uint8_t)random_bits();
    swl_map_bytes(isa, table, bytes, mapped, 7 * count);
    bool maps = true;
    for (size_t b = 0; b < 7 * count; b++)
      maps &= mapped[b] == table[bytes[b]];
    check(maps, "map bytes", "isa count", isa, 7 * count, 0, 0, 0);
    free(bytes), free(mapped);
    swl_softmax(SWL_ISA_SCALAR, x, z, rows, width);
    swl_softmax(isa, x, y, rows, width);
    check(close_to(y, z, (swl_output){0}, count, 1e-6f), "softmax", "isa rows width", isa, rows, width, 0, 0);
    const float *gamma = below(3) ? a : NULL, *beta = below(3) ? a + count - width : NULL;
    swl_layer_norm(SWL_ISA_SCALAR, x, gamma, beta, 1e-6f, z, output, rows, width);
    swl_layer_norm(isa, x, gamma, beta, 1e-6f, y, output, rows, width);
    check(close_to(y, z, output, count, 1e-4f), "layer norm", "isa type rows width", isa, output.type, rows, width, 0);
    swl_rms_norm(SWL_ISA_SCALAR, x, a, 1e-6f, z, output, rows, width);
    swl_rms_norm(isa, x, a, 1e-6f, y, output, rows, width);
    check(close_to(y, z, output, count, 1e-4f), "rms norm", "isa type rows width", isa, output.type, rows, width, 0);
    swl_gate(SWL_ISA_SCALAR, SWL_SILU, 0, x, a, z, count);
    swl_gate(isa, SWL_SILU, 0, x, a, y, count);
    check(close_to(y, z, (swl_output){0}, count, 2e-5f), "gate", "isa count", isa, count, 0, 0, 0);
    test_rotation_and_top_k(isa, x, a, rows, width);
    swl_mean_rows(SWL_ISA_SCALAR, x, z, 1, rows, width);
    swl_mean_rows(isa, x, y, 1, rows, width);
    check(close_to(y, z, (swl_output){0}, width, 1e-5f), "mean", "isa rows width", isa, rows, width, 0, 0);
    swl_add(isa, x, a, y, count), swl_add(SWL_ISA_SCALAR, x, a, z, count);
    check(!memcmp(y, z, count * 4), "add", "isa count", isa, count, 0, 0, 0);
    swl_mul(isa, x, a, y, count), swl_mul(SWL_ISA_SCALAR, x, a, z, count);
    check(!memcmp(y, z, count * 4), "mul", "isa count", isa, count, 0, 0, 0);
    swl_scale(isa, x, 3, -1, y, count), swl_scale(SWL_ISA_SCALAR, x, 3, -1, z, count);
    check(!memcmp(y, z, count * 4), "scale", "isa count", isa, count, 0, 0, 0);
    swl_write(isa, x, output, y, count), swl_write(SWL_ISA_SCALAR, x, output, z, count);
    check(!memcmp(y, z, count * size_of(output.type)), "write", "isa type count", isa, output.type, count, 0, 0);
    float *back = memory(count * 4), *expected = memory(count * 4);
    swl_read(isa, y, output, back, count), swl_read(SWL_ISA_SCALAR, y, output, expected, count);
    check(!memcmp(back, expected, count * 4), "read", "isa type count", isa, output.type, count, 0, 0);
    free(back), free(expected);
  }
  free(x), free(a), free(y), free(z);
}

/// The loops that benchmarks compare with, on a buffer that ends in the middle of a block.
static void test_peaks(void) {
  size_t count;
  const swl_peak *const *peaks = swl_peaks(&count);
  for (size_t i = 0; i < count; i++)
    if (swl_isa_has(swl_isa_of_processor(), peaks[i]->needs))
      check(peaks[i]->run(0) == 0 && peaks[i]->run(3) != 0, peaks[i]->name, "sums", i, 0, 0, 0, 0);
  const size_t words = 1 + below(100);
  uint64_t *buffer = memory(words * 8), sum = 0;
  for (size_t i = 0; i < words; i++)
    buffer[i] = random_bits();
  for (size_t i = 0; i < words / 8 * 8; i++)
    sum += buffer[i];
  check(swl_read_memory(buffer, words * 8) == sum, "read", "words", words, 0, 0, 0, 0);
  free(buffer);
}

static void run_pool(const void *op, size_t first, size_t count, void *scratch) {
  swl_pool_run(op, first, count, scratch);
}

static void run_resize(const void *op, size_t first, size_t count, void *scratch) {
  swl_resize_run(op, first, count, scratch);
}

/// Pictures with or without gaps, and how many elements they take.
static swl_pictures random_pictures(size_t batch, size_t rows, size_t columns, size_t channels, size_t *count) {
  swl_pictures p = {.column = channels + below(2) * below(9)};
  p.row = columns * p.column + below(2) * below(9);
  p.image = rows * p.row + below(2) * below(9);
  *count = (batch - 1) * p.image + (rows - 1) * p.row + (columns - 1) * p.column + channels;
  return p;
}

/// A length of at most `most`, and a kernel that fits into it.
static swl_side random_side(size_t most) {
  swl_side s = {.kernel = 1 + below(6), .stride = 1 + below(3), .dilation = 1 + below(2)};
  const size_t span = (s.kernel - 1) * s.dilation + 1;
  s.padding = below(2) * below((uint32_t)(span / 2 + 1));
  s.inputs = 1 + below((uint32_t)most);
  if (s.inputs + 2 * s.padding < span)
    s.inputs = span;
  s.outputs = (s.inputs + 2 * s.padding - span) / s.stride + 1;
  return s;
}

/// Every set of instructions gives the bytes of the reference, gaps included.
#define CHECK_EXACTLY(op, kind, run, tiles, scratch_size, count, name)                                                 \
  do {                                                                                                                 \
    size_t sets, bytes = (count) * size_of((op).output.type);                                                          \
    const swl_named_isa *set = swl_named_isas(&sets);                                                                  \
    void *expected = memory(bytes);                                                                                    \
    for (size_t i = sets; i-- > 0;) { /* the reference first */                                                        \
      if (!swl_isa_has(swl_isa_of_processor(), set[i].isa))                                                            \
        continue;                                                                                                      \
      (op).isa = set[i].isa;                                                                                           \
      (op).y = memory(bytes);                                                                                          \
      run_on_two_threads(&(op), run, tiles(&(op)), scratch_size(&(op)));                                               \
      if (i == sets - 1)                                                                                               \
        memcpy(expected, (op).y, bytes);                                                                               \
      check(!memcmp(expected, (op).y, bytes), name, "isa type rows columns channels", set[i].isa, kind,                \
            (op).rows.inputs, (op).columns.inputs, (op).channels);                                                     \
      free((op).y);                                                                                                    \
    }                                                                                                                  \
    free(expected);                                                                                                    \
  } while (0)

static const swl_type picture_types[] = {SWL_F32, SWL_U8};

static void *random_elements(swl_type type, size_t count) {
  return type == SWL_U8 ? random_values(type, count) : (void *)random_floats(count, 8);
}

static void test_pool(void) {
  swl_pool op = {.batch = 1 + below(2), .channels = 1 + below(below(4) ? 70 : 600), .pooling = (swl_pooling)below(2)};
  op.rows = random_side(12), op.columns = random_side(20);
  op.counts_padding = below(2);
  op.input = op.output = (swl_output){picture_types[below(2)], 0.05f, (int32_t)below(256)};
  if (op.pooling == SWL_POOL_AVERAGE && below(2))
    op.output = (swl_output){(swl_type[]){SWL_F32, SWL_BF16, SWL_U8}[below(3)], 0.06f, (int32_t)below(256)};
  size_t x_count, y_count;
  op.x_pictures = random_pictures(op.batch, op.rows.inputs, op.columns.inputs, op.channels, &x_count);
  op.y_pictures = random_pictures(op.batch, op.rows.outputs, op.columns.outputs, op.channels, &y_count);
  op.x = random_elements(op.input.type, x_count);
  CHECK_EXACTLY(op, op.input.type, run_pool, swl_pool_tiles, swl_pool_scratch_size, y_count, "pool");
  free((void *)op.x);
}

static void test_resize(void) {
  swl_resize op = {.batch = 1 + below(2), .channels = 1 + below(150), .interpolation = (swl_interpolation)below(2)};
  op.rows = (swl_resized_side){1 + below(9), 1 + below(12), 0};
  op.columns = (swl_resized_side){1 + below(9), 1 + below(20), 0};
  op.rows.step = (float)op.rows.inputs / (float)op.rows.outputs;
  op.columns.step = (float)op.columns.inputs / (float)op.columns.outputs;
  op.half_pixels = below(2);
  op.input = op.output = (swl_output){picture_types[below(2)], 0.05f, (int32_t)below(256)};
  if (op.interpolation == SWL_BILINEAR && below(2))
    op.output = (swl_output){(swl_type[]){SWL_F32, SWL_BF16, SWL_U8}[below(3)], 0.06f, (int32_t)below(256)};
  size_t x_count, y_count;
  op.x_pictures = random_pictures(op.batch, op.rows.inputs, op.columns.inputs, op.channels, &x_count);
  op.y_pictures = random_pictures(op.batch, op.rows.outputs, op.columns.outputs, op.channels, &y_count);
  op.x = random_elements(op.input.type, x_count);
  CHECK_EXACTLY(op, op.input.type, run_resize, swl_resize_tiles, swl_resize_scratch_size, y_count, "resize");
  free((void *)op.x);
}

static void run_depthwise(const void *op, size_t first, size_t count, void *scratch) {
  swl_depthwise_run(op, first, count, scratch);
}

static void test_depthwise(void) {
  swl_depthwise op = {.type = (swl_type[]){SWL_F32, SWL_BF16, SWL_S8}[below(3)], .batch = 1 + below(2)};
  op.channels = 1 + below(70), op.outputs = op.channels * (below(3) ? 1 : 1 + below(3));
  op.rows = random_side(12), op.columns = random_side(40);
  op.x_type = op.type == SWL_S8 ? SWL_U8 : op.type == SWL_BF16 && below(2) ? SWL_BF16 : SWL_F32;
  op.x_zero_point = op.x_type == SWL_U8 ? (int32_t)below(256) : 0;
  op.output = (swl_output){(swl_type[]){SWL_F32, SWL_BF16, SWL_U8}[below(3)], 0.06f, (int32_t)below(256)};
  op.activation = (swl_activation[]){SWL_IDENTITY, SWL_RELU, SWL_LEAKY_RELU, SWL_HARD_SWISH}[below(4)], op.slope = 0.1f;
  const size_t positions = op.rows.kernel * op.columns.kernel, weights = op.outputs * positions;
  size_t x_count, y_count;
  op.x_pictures = random_pictures(op.batch, op.rows.inputs, op.columns.inputs, op.channels, &x_count);
  op.y_pictures = random_pictures(op.batch, op.rows.outputs, op.columns.outputs, op.outputs, &y_count);
  float *x = random_floats(x_count, 8), *values = random_floats(weights, 1), *bias = random_floats(op.outputs, 2);
  float *scale = random_floats(op.outputs, 1e-3f);
  void *inputs = op.x_type == SWL_U8 ? random_values(SWL_U8, x_count) : memory(x_count * size_of(op.x_type));
  if (op.x_type != SWL_U8)
    swl_write(SWL_ISA_SCALAR, x, (swl_output){op.x_type, 1, 0}, inputs, x_count);
  int8_t *integers = memory(weights);
  for (size_t i = 0; i < weights; i++)
    integers[i] = (int8_t)((int)below(255) - 127);
  void *packed = memory(swl_depthwise_packed_size(op.type, op.outputs, positions));
  swl_depthwise_pack(op.type, op.outputs, positions, op.type == SWL_S8 ? (void *)integers : (void *)values, packed);
  op.x = inputs, op.packed = packed, op.scale = scale, op.bias = below(2) ? bias : NULL;
  CHECK_EXACTLY(op, op.type, run_depthwise, swl_depthwise_tiles, swl_depthwise_scratch_size, y_count,
                "depthwise");
  free(x), free(values), free(bias), free(scale), free(inputs), free(integers), free(packed);
}

int main(int argc, char **argv) {
  uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
  size_t rounds = argc > 2 ? strtoul(argv[2], NULL, 10) : 200;
  state = seed * 0x9e3779b97f4a7c15u + 1;
  for (int i = 0; i < 8; i++)
    random_bits();
  printf("isa %s, seed %llu, %zu rounds\n", swl_isa_name(swl_isa_of_processor()), (unsigned long long)seed, rounds);
  for (size_t round = 0; round < rounds; round++) {
    test_linear();
    test_neighbours();
    test_convolution();
    test_attention();
    test_streams();
    test_cache();
    test_memory();
    test_others();
    test_quantized_rows();
    test_patches();
    test_peaks();
    test_pool();
    test_resize();
    test_depthwise();
  }
  printf("%d failures\n", failures);
  return failures > 0;
}
