// Attention, layer norm, GELU and softmax at the shapes of DeiT-S (197 tokens, width 384, 6 heads), and what stands
// around the convolutions of a driving network for 384 x 640 pixels: one image, one thread, every instruction set that this
// processor runs, best of n.
#include "bench.h"

enum { TOKENS = 197, WIDTH = 384, HEADS = 6 };

static void report(const char *name, swl_isa isa, double seconds, double work, const char *unit) {
  printf("%-16s %-12s %8.4f ms %8.1f %s\n", name, swl_isa_name(isa), seconds * 1e3, work / seconds * 1e-9, unit);
}

/// Best time of a statement, of as many runs as half a second allows.
#define BEST(statement)                                                                                                \
  ({                                                                                                                   \
    double best = 1e9, begin = now();                                                                                  \
    while (now() - begin < 0.5) {                                                                                      \
      double start = now();                                                                                            \
      statement;                                                                                                       \
      best = fmin(best, now() - start);                                                                                \
    }                                                                                                                  \
    best;                                                                                                              \
  })

static void attention(swl_isa isa, swl_type type) {
  const size_t size = type == SWL_F32 ? 4 : type == SWL_BF16 ? 2 : 1, count = TOKENS * 3 * WIDTH;
  const bool bytes = type == SWL_U8;
  float *values = random_floats(count);
  char *qkv = memory(count * size);
  swl_write(SWL_ISA_SCALAR, values, (swl_output){type, 0.01f, 128}, qkv, count);
  swl_attention op = {
      .isa = isa, .batch = 1, .heads = HEADS, .queries = TOKENS, .keys = TOKENS, .width = WIDTH / HEADS};
  op.type = type;
  op.q = (swl_heads){qkv, 0, 3 * WIDTH};
  op.k = (swl_heads){qkv + WIDTH * size, 0, 3 * WIDTH};
  op.v = (swl_heads){qkv + 2 * WIDTH * size, 0, 3 * WIDTH};
  op.q_scale = op.k_scale = op.v_scale = bytes ? 0.01f : 1;
  op.q_zero_point = op.k_zero_point = op.v_zero_point = bytes ? 128 : 0;
  op.scale = 0.125f;
  op.output = (swl_output){type, 0.01f, 128};
  op.y = memory(TOKENS * WIDTH * size);
  void *scratch = memory(swl_attention_scratch_size(&op));
  double best = BEST(swl_attention_run(&op, 0, swl_attention_tiles(&op), scratch));
  const char *name = bytes ? "attention u8" : type == SWL_BF16 ? "attention bf16" : "attention f32";
  report(name, isa, best, 4.0 * TOKENS * TOKENS * WIDTH, "GOP/s");
  free(values), free(qkv), free(op.y), free(scratch);
}

/// A map of some type whose channels are neighbours.
static swl_pictures packed_pictures(size_t rows, size_t columns, size_t channels) {
  return (swl_pictures){rows * columns * channels, columns * channels, channels};
}

static void *random_map(swl_type type, size_t count) {
  float *values = random_floats(count);
  void *map = memory(count * 4);
  swl_write(SWL_ISA_SCALAR, values, (swl_output){type, 0.01f, 128}, map, count);
  free(values);
  return map;
}

static void pool(swl_isa isa, swl_type type, swl_pooling pooling, size_t side, size_t stride, size_t rows,
                 size_t columns, size_t channels, const char *name) {
  const size_t padding = stride == 1 ? side / 2 : 0;
  swl_pool op = {.isa = isa, .pooling = pooling, .batch = 1, .channels = channels, .counts_padding = true};
  op.rows = (swl_side){rows, (rows + 2 * padding - side) / stride + 1, side, stride, padding, 1};
  op.columns = (swl_side){columns, (columns + 2 * padding - side) / stride + 1, side, stride, padding, 1};
  op.input = op.output = (swl_output){type, 0.01f, 128};
  op.x = random_map(type, rows * columns * channels), op.x_pictures = packed_pictures(rows, columns, channels);
  op.y_pictures = packed_pictures(op.rows.outputs, op.columns.outputs, channels);
  op.y = memory(op.rows.outputs * op.columns.outputs * channels * 4);
  void *scratch = memory(swl_pool_scratch_size(&op));
  const double best = BEST(swl_pool_run(&op, 0, swl_pool_tiles(&op), scratch));
  report(name, isa, best, (double)(op.rows.outputs * op.columns.outputs * channels), "G elements/s");
  free((void *)op.x), free(op.y), free(scratch);
}

static void resize(swl_isa isa, swl_type type, swl_interpolation interpolation, size_t rows, size_t columns,
                   size_t channels, const char *name) {
  swl_resize op = {.isa = isa, .interpolation = interpolation, .batch = 1, .channels = channels};
  op.half_pixels = interpolation == SWL_BILINEAR;
  op.rows = (swl_resized_side){rows, 2 * rows, 0.5f}, op.columns = (swl_resized_side){columns, 2 * columns, 0.5f};
  op.input = op.output = (swl_output){type, 0.01f, 128};
  op.x = random_map(type, rows * columns * channels), op.x_pictures = packed_pictures(rows, columns, channels);
  // Into one half of a join.
  op.y_pictures = packed_pictures(2 * rows, 2 * columns, 2 * channels);
  op.y = memory(8 * rows * columns * channels * 4);
  void *scratch = memory(swl_resize_scratch_size(&op));
  const double best = BEST(swl_resize_run(&op, 0, swl_resize_tiles(&op), scratch));
  report(name, isa, best, 4.0 * (double)(rows * columns * channels), "G elements/s");
  free((void *)op.x), free(op.y), free(scratch);
}

static void depthwise(swl_isa isa, swl_type type, size_t down, size_t across, size_t rows, size_t columns,
                      size_t channels, const char *name) {
  const size_t positions = down * across;
  float *values = random_floats(channels * positions), *scale = random_floats(channels);
  int8_t *bytes = memory(channels * positions);
  for (size_t i = 0; i < channels * positions; i++)
    bytes[i] = (int8_t)(127 * values[i]);
  void *packed = memory(swl_depthwise_packed_size(type, channels, positions));
  swl_depthwise_pack(type, channels, positions, type == SWL_S8 ? (void *)bytes : (void *)values, packed);
  const swl_type x_type = type == SWL_S8 ? SWL_U8 : SWL_F32;
  swl_depthwise op = {.isa = isa, .type = type, .batch = 1, .channels = channels, .outputs = channels};
  op.rows = (swl_side){rows, rows, down, 1, down / 2, 1};
  op.columns = (swl_side){columns, columns, across, 1, across / 2, 1};
  op.packed = packed, op.scale = scale, op.bias = scale, op.activation = SWL_RELU;
  op.x_type = x_type, op.x_zero_point = type == SWL_S8 ? 128 : 0, op.output = (swl_output){x_type, 0.01f, 128};
  op.x = random_map(x_type, rows * columns * channels), op.y = memory(rows * columns * channels * 4);
  op.x_pictures = op.y_pictures = packed_pictures(rows, columns, channels);
  void *scratch = memory(swl_depthwise_scratch_size(&op));
  const double best = BEST(swl_depthwise_run(&op, 0, swl_depthwise_tiles(&op), scratch));
  report(name, isa, best, 2.0 * (double)(rows * columns * channels * positions), "GOP/s");
  free(values), free(scale), free(bytes), free(packed), free((void *)op.x), free(op.y), free(scratch);
}

static void pictures(swl_isa isa) {
  uint8_t table[256];
  const size_t count = 48 * 80 * 128;
  uint8_t *x = random_map(SWL_U8, count), *y = memory(count);
  for (size_t i = 0; i < 256; i++)
    table[i] = (uint8_t)random_bits();
  report("table of bytes", isa, BEST(swl_map_bytes(isa, table, x, y, count)), (double)count, "G elements/s");
  free(x), free(y);
  pool(isa, SWL_F32, SWL_POOL_MAX, 2, 2, 96, 160, 256, "max 2 f32");
  pool(isa, SWL_U8, SWL_POOL_MAX, 2, 2, 96, 160, 256, "max 2 u8");
  pool(isa, SWL_F32, SWL_POOL_MAX, 13, 1, 12, 20, 512, "max 13 f32");
  pool(isa, SWL_U8, SWL_POOL_MAX, 13, 1, 12, 20, 512, "max 13 u8");
  pool(isa, SWL_U8, SWL_POOL_AVERAGE, 3, 1, 48, 80, 128, "mean 3 u8");
  resize(isa, SWL_F32, SWL_NEAREST, 24, 40, 128, "nearest f32");
  resize(isa, SWL_U8, SWL_NEAREST, 24, 40, 128, "nearest u8");
  resize(isa, SWL_F32, SWL_BILINEAR, 48, 80, 64, "bilinear f32");
  resize(isa, SWL_U8, SWL_BILINEAR, 48, 80, 64, "bilinear u8");
  depthwise(isa, SWL_F32, 3, 3, 48, 80, 128, "depthwise 3 f32");
  depthwise(isa, SWL_S8, 3, 3, 48, 80, 128, "depthwise 3 s8");
  depthwise(isa, SWL_F32, 1, 31, 1, 600, 256, "depthwise 31 f32");
  depthwise(isa, SWL_S8, 1, 31, 1, 600, 256, "depthwise 31 s8");
}

int main(void) {
  const size_t count = TOKENS * 4 * WIDTH;
  float *x = random_floats(count), *y = memory(count * sizeof(float));
  size_t sets;
  const swl_named_isa *set = swl_named_isas(&sets);
  for (size_t i = sets; i-- > 0;) { // the reference first
    const swl_isa isa = set[i].isa;
    if (!swl_isa_has(swl_isa_of_processor(), isa))
      continue;
    attention(isa, SWL_F32);
    attention(isa, SWL_BF16);
    attention(isa, SWL_U8);
    pictures(isa);
    report("layer norm to u8", isa,
           BEST(swl_layer_norm(isa, x, x, x, 1e-6f, y, (swl_output){SWL_U8, 0.02f, 128}, TOKENS, WIDTH)),
           (double)TOKENS * WIDTH, "G elements/s");
    report("gelu", isa, BEST(swl_activate(isa, SWL_GELU, 0, x, y, count)), (double)count, "G elements/s");
    report("softmax", isa, BEST(swl_softmax(isa, x, y, count / TOKENS, TOKENS)), (double)count, "G elements/s");
  }
}
