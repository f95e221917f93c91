// Linear layers of DeiT-S and DeiT-B: every kernel that accepts a pattern, dense and sparse interleaved, best of n.
// Packing the input and the epilogue (bias; int8 requantises) are part of the time. Usage: linear [filter] [tokens
// inputs outputs] [gelu]
#include "bench.h"

typedef struct {
  swl_linear op;
  void *scratch;
  double best;
} run;

/// Weights that take bytes.
static bool takes_bytes(swl_type type) { return type == SWL_S8 || type == SWL_U4; }

static double difference(const swl_linear *op, const swl_linear_weights *weights) {
  swl_linear reference = *op;
  size_t kernels;
  reference.kernel = swl_linear_kernels(&kernels);
  reference.kernel += kernels - 1; // the last row
  reference.packed = memory(swl_linear_packed_size(reference.kernel, &op->shape));
  swl_linear_pack(reference.kernel, weights, (void *)reference.packed);
  size_t size = value_size(op->output.type), bytes = op->tokens * op->y_stride * size;
  reference.y = memory(bytes);
  double worst = 0;
  for (int check = 0; check < 8; check++) {
    size_t token = random_bits() % op->tokens;
    if (check == 0)
      token = op->tokens - 1;
    swl_linear_run(&reference, token, 1, NULL);
    for (size_t o = 0; o < op->shape.outputs; o++) {
      size_t at = token * op->y_stride + o;
      double a = size == 4 ? ((float *)op->y)[at] : ((uint8_t *)op->y)[at];
      double b = size == 4 ? ((float *)reference.y)[at] : ((uint8_t *)reference.y)[at];
      if (!(fabs(a - b) <= worst))
        worst = fabs(a - b);
    }
  }
  free(reference.y);
  free((void *)reference.packed);
  return worst;
}

static void bench(swl_type type, size_t tokens, size_t inputs, size_t outputs, const char *filter, bool gelu) {
  static const size_t patterns[][2] = {{1, 1}, {2, 4}, {1, 4}, {4, 8}, {2, 8}, {1, 8}, {4, 16}, {3, 8}};
  run runs[64];
  size_t count = 0, kernels;
  const swl_linear_kernel *kernel = swl_linear_kernels(&kernels);
  float *x = random_floats(tokens * inputs), *bias = random_floats(outputs), *scale = random_floats(outputs);
  uint8_t *bytes = memory(tokens * inputs);
  uint16_t *halves = memory(tokens * inputs * 2);
  for (size_t i = 0; i < tokens * inputs; i++)
    bytes[i] = (uint8_t)random_bits(), halves[i] = bf16(x[i]);

  for (size_t k = kernels - 1; k-- > 0;) // all but the reference, the plain ones first
    for (size_t p = 0; p < sizeof patterns / sizeof patterns[0]; p++) {
      swl_linear_shape shape = {type, inputs, outputs, patterns[p][0], patterns[p][1], type == SWL_U4 ? 32 : 0};
      if (!swl_isa_has(swl_isa_of_processor(), kernel[k].needs) || (filter && !strstr(kernel[k].name, filter)) ||
          !swl_linear_accepts(&kernel[k], &shape))
        continue;
      swl_linear_weights weights = random_weights(shape);
      void *packed = memory(swl_linear_packed_size(&kernel[k], &shape));
      swl_linear_pack(&kernel[k], &weights, packed);
      swl_linear op = {.kernel = &kernel[k],
                       .shape = shape,
                       .packed = packed,
                       .tokens = tokens,
                       .x_stride = inputs,
                       .y_stride = outputs};
      op.x = type == SWL_F32 ? (void *)x : type == SWL_BF16 ? (void *)halves : (void *)bytes;
      op.x_type = takes_bytes(type) ? SWL_U8 : type;
      op.x_zero_point = type == SWL_S8 ? 117 : type == SWL_U4 ? 128 : 0;
      op.output = type == SWL_S8 ? (swl_output){SWL_U8, 2e3f, 120} : (swl_output){SWL_F32, 1, 0};
      op.epilogue.bias = bias;
      op.epilogue.scale = type == SWL_S8 ? scale : NULL;
      op.epilogue.activation = gelu ? SWL_GELU : SWL_IDENTITY;
      op.y = memory(tokens * outputs * 4);
      memset(op.y, 0xff, tokens * outputs * 4);
      runs[count] = (run){op, memory(swl_linear_scratch_size(&op)), 1e9};
      swl_linear_run(&op, 0, swl_linear_tiles(&op), runs[count].scratch);
      double worst = difference(&op, &weights);
      if (worst > (type == SWL_S8 ? gelu : 1e-3))
        printf("WRONG %s %zu:%zu by %g\n", kernel[k].name, shape.kept, shape.group, worst);
      count++;
      free((void *)weights.values);
      free((void *)weights.indices);
      free((void *)weights.group_scales);
    }

  for (int repeat = 0; repeat < 15; repeat++)
    for (size_t i = 0; i < count; i++) {
      double start = now();
      swl_linear_run(&runs[i].op, 0, swl_linear_tiles(&runs[i].op), runs[i].scratch);
      runs[i].best = fmin(runs[i].best, now() - start);
    }
  for (size_t i = 0; i < count; i++) {
    const swl_linear *op = &runs[i].op;
    printf("%-24s %zu:%-3zu T=%-5zu K=%-5zu O=%-5zu %8.3f ms %8.1f GOP/s\n", op->kernel->name, op->shape.kept,
           op->shape.group, tokens, inputs, outputs, runs[i].best * 1e3,
           2e-9 * (double)tokens * (double)inputs * (double)outputs / runs[i].best);
    free((void *)op->packed);
    free(op->y);
    free(runs[i].scratch);
  }
  free(x), free(bias), free(scale), free(bytes), free(halves);
}

int main(int argc, char **argv) {
  static const size_t shapes[][3] = {{1576, 384, 1536}, {1576, 768, 3072}, {1576, 1536, 384}, {197, 384, 1536},
                                     {197, 1536, 384},  {197, 384, 384},   {1, 384, 1536}};
  const char *filter = argc > 1 ? argv[1] : NULL;
  bool gelu = argc > 2 && !strcmp(argv[argc - 1], "gelu");
  for (swl_type type = SWL_F32; type <= SWL_U4; type++) {
    if (type == SWL_U8)
      continue;
    if (argc > 4)
      bench(type, strtoul(argv[2], NULL, 10), strtoul(argv[3], NULL, 10), strtoul(argv[4], NULL, 10), filter, gelu);
    else
      for (size_t s = 0; s < sizeof shapes / sizeof shapes[0]; s++)
        bench(type, shapes[s][0], shapes[s][1], shapes[s][2], filter, gelu);
  }
}
