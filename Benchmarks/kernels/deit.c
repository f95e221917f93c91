// The blocks of DeiT-S (or deit [tokens width depth batch]) from kernels alone, one thread: dense, 2:4 and 1:4
// interleaved, best of n, and where the time goes. Weights are random; the head and the patch embedding are left out.
#include "bench.h"

enum { QKV, PROJECTION, FC1, FC2, ATTENTION, NORM, PARTS };
static const char *const names[PARTS] = {"qkv", "projection", "fc1+gelu", "fc2", "attention", "norm"};

typedef struct {
  swl_type type; // of the weights
  size_t kept, group;
  swl_linear linear[4];
  double best, part[PARTS];
} network;

static void *random_bytes(size_t count) {
  uint8_t *p = memory(count);
  for (size_t i = 0; i < count; i++)
    p[i] = (uint8_t)random_bits();
  return p;
}

static swl_linear make_linear(const network *n, size_t tokens, size_t inputs, size_t outputs) {
  swl_linear_shape shape = {n->type, inputs, outputs, n->kept, n->group, 0};
  size_t count = outputs * inputs / n->group * n->kept;
  void *values = n->type == SWL_F32 ? (void *)random_floats(count) : random_bytes(count * 2);
  if (n->type == SWL_BF16)
    for (size_t i = 0; i < count; i++)
      ((uint16_t *)values)[i] = (uint16_t)(0x3c00 + (random_bits() & 0x80ff)); // small numbers
  uint8_t *indices = memory(count);
  for (size_t at = 0; at < count; at += n->kept)
    for (size_t position = 0, chosen = 0; chosen < n->kept; position++)
      if (random_bits() % (n->group - position) < n->kept - chosen)
        indices[at + chosen++] = (uint8_t)position;
  swl_linear_weights weights = {.shape = shape, .values = values, .indices = n->kept < n->group ? indices : NULL};
  swl_linear op = {.shape = shape, .tokens = tokens};
  op.kernel = swl_linear_kernel_for(&shape, tokens, swl_isa_of_processor());
  void *packed = memory(swl_linear_packed_size(op.kernel, &shape));
  swl_linear_pack(op.kernel, &weights, packed);
  free(values), free(indices);
  op.packed = packed;
  op.x_type = n->type == SWL_S8 ? SWL_U8 : n->type;
  op.x_zero_point = n->type == SWL_S8 ? 128 : 0;
  op.x_stride = inputs;
  op.y_stride = outputs;
  op.output = (swl_output){op.x_type, 0.05f, 128};
  op.epilogue.bias = random_floats(outputs);
  float *scale = memory(outputs * sizeof(float));
  for (size_t o = 0; o < outputs; o++)
    scale[o] = 1e-4f;
  op.epilogue.scale = n->type == SWL_S8 ? scale : NULL;
  return op;
}

static void run_linear(network *n, int which, const void *x, void *y, const float *residual, void *scratch) {
  swl_linear *op = &n->linear[which];
  op->x = x;
  op->y = y;
  if (residual)
    op->output.type = SWL_F32;
  op->epilogue.residual = residual;
  op->epilogue.activation = which == FC1 ? SWL_GELU : SWL_IDENTITY;
  double start = now();
  swl_linear_run(op, 0, swl_linear_tiles(op), scratch);
  n->part[which] += now() - start;
}

static void forward(network *n, size_t batch, size_t tokens, size_t width, size_t depth, float *stream,
                    void *buffers[3], void *scratch) {
  const swl_isa isa = swl_isa_of_processor();
  const size_t rows = batch * tokens;
  const swl_output narrow = n->linear[0].output;
  const swl_type type = n->linear[0].x_type;
  for (size_t block = 0; block < depth; block++) {
    double start = now();
    swl_layer_norm(isa, stream, NULL, NULL, 1e-6f, buffers[0], narrow, rows, width);
    n->part[NORM] += now() - start;
    run_linear(n, QKV, buffers[0], buffers[1], NULL, scratch);
    start = now();
    swl_attention attention = {.isa = isa,
                               .batch = batch,
                               .heads = width / 64,
                               .queries = tokens,
                               .keys = tokens,
                               .width = 64,
                               .type = type,
                               .q_scale = 1,
                               .k_scale = 1,
                               .v_scale = 1,
                               .scale = 0.125f,
                               .y = buffers[0],
                               .output = narrow};
    if (type == SWL_U8) {
      attention.q_scale = attention.k_scale = attention.v_scale = 0.05f;
      attention.q_zero_point = attention.k_zero_point = attention.v_zero_point = 128;
    }
    size_t size = value_size(type);
    attention.q = (swl_heads){buffers[1], tokens * 3 * width, 3 * width};
    attention.k = (swl_heads){(char *)buffers[1] + width * size, tokens * 3 * width, 3 * width};
    attention.v = (swl_heads){(char *)buffers[1] + 2 * width * size, tokens * 3 * width, 3 * width};
    swl_attention_run(&attention, 0, swl_attention_tiles(&attention), scratch);
    n->part[ATTENTION] += now() - start;
    run_linear(n, PROJECTION, buffers[0], stream, stream, scratch);
    start = now();
    swl_layer_norm(isa, stream, NULL, NULL, 1e-6f, buffers[0], narrow, rows, width);
    n->part[NORM] += now() - start;
    run_linear(n, FC1, buffers[0], buffers[1], NULL, scratch);
    run_linear(n, FC2, buffers[1], stream, stream, scratch);
  }
}

static void bench(swl_type type, size_t batch, size_t tokens, size_t width, size_t depth, int repeats) {
  static const size_t patterns[][2] = {{1, 1}, {2, 4}, {1, 4}};
  network networks[3];
  size_t rows = batch * tokens;
  float *stream = memory(rows * width * 4);
  void *buffers[3] = {memory(rows * width * 4), memory(rows * width * 4 * 4)};
  for (int i = 0; i < 3; i++) {
    network *n = &networks[i];
    *n = (network){.type = type, .kept = patterns[i][0], .group = patterns[i][1], .best = 1e9};
    n->linear[QKV] = make_linear(n, rows, width, 3 * width);
    n->linear[PROJECTION] = make_linear(n, rows, width, width);
    n->linear[FC1] = make_linear(n, rows, width, 4 * width);
    n->linear[FC2] = make_linear(n, rows, 4 * width, width);
  }
  void *scratch = memory(64 << 20);
  for (int repeat = 0; repeat < repeats; repeat++)
    for (int i = 0; i < 3; i++) {
      network *n = &networks[i];
      double parts[PARTS];
      memcpy(parts, n->part, sizeof parts);
      memset(n->part, 0, sizeof n->part);
      for (size_t j = 0; j < rows * width; j++)
        stream[j] = random_float();
      double start = now();
      forward(n, batch, tokens, width, depth, stream, buffers, scratch);
      double time = now() - start;
      if (time < n->best)
        n->best = time;
      else
        memcpy(n->part, parts, sizeof parts);
    }
  printf("%s batch %zu tokens %zu width %zu depth %zu\n",
         type == SWL_F32    ? "f32"
         : type == SWL_BF16 ? "bf16"
                            : "int8",
         batch, tokens, width, depth);
  for (int i = 0; i < 3; i++) {
    network *n = &networks[i];
    printf("  %zu:%zu %8.2f ms an image, %.2fx |", n->kept, n->group, n->best * 1e3 / (double)batch,
           networks[0].best / n->best);
    for (int part = 0; part < PARTS; part++)
      printf(" %s %.2f", names[part], n->part[part] * 1e3 / (double)batch);
    printf("\n");
  }
}

int main(int argc, char **argv) {
  size_t tokens = argc > 4 ? strtoul(argv[1], NULL, 10) : 197, width = argc > 4 ? strtoul(argv[2], NULL, 10) : 384;
  size_t depth = argc > 4 ? strtoul(argv[3], NULL, 10) : 12;
  for (swl_type type = SWL_F32; type <= SWL_S8; type++)
    if (type != SWL_U8)
      for (size_t batch = 1; batch <= 8; batch *= 8)
        bench(type, batch, tokens, width, depth, batch == 1 ? 12 : 4);
}
