// Convolutions of the ELAN driving network at 384 x 640: every kernel that accepts a pattern, against the same kernel on a
// linear layer of as many tokens, inputs and outputs, whose tokens lie ready. The ratio is what finding them costs.
// Usage: convolution [filter] [rounds]
#include "bench.h"

typedef struct {
  size_t height, width, channels, outputs, kernel, stride;
  bool planar; // channels lie apart, as in a picture of the caller's
} layer;

typedef struct {
  swl_convolution op;
  swl_linear ready;
  void *scratch;
  double best, best_ready;
} run;

static double difference(const swl_convolution *op, const swl_linear_weights *weights) {
  swl_convolution reference = *op;
  size_t kernels;
  reference.linear = swl_linear_kernels(&kernels) + kernels - 1; // the last row
  reference.packed = memory(swl_linear_packed_size(reference.linear, &op->shape));
  swl_linear_pack(reference.linear, weights, (void *)reference.packed);
  const size_t size = value_size(op->output.type), positions = swl_convolution_tiles(&reference);
  reference.y = memory(positions * op->y_stride * size);
  void *scratch = memory(swl_convolution_scratch_size(&reference));
  double worst = 0;
  for (int check = 0; check < 8; check++) {
    const size_t position = check == 0 ? positions - 1 : random_bits() % positions;
    swl_convolution_run(&reference, position, 1, scratch);
    for (size_t at = position * op->y_stride; at < (position + 1) * op->y_stride; at++) {
      double a = size == 4 ? ((float *)op->y)[at] : ((uint8_t *)op->y)[at];
      double b = size == 4 ? ((float *)reference.y)[at] : ((uint8_t *)reference.y)[at];
      if (!(fabs(a - b) <= worst))
        worst = fabs(a - b);
    }
  }
  free(reference.y), free((void *)reference.packed), free(scratch);
  return worst;
}

static void bench(swl_type type, layer l, const char *filter, int rounds) {
  static const size_t patterns[][2] = {{1, 1}, {2, 4}, {1, 4}};
  run runs[32];
  size_t count = 0, kernels;
  const swl_linear_kernel *kernel = swl_linear_kernels(&kernels);
  const bool is_integer = type == SWL_S8;
  const swl_type x_type = is_integer ? SWL_U8 : SWL_F32;
  const size_t pixels = l.height * l.width, inputs = l.kernel * l.kernel * l.channels, padding = l.kernel / 2;
  const size_t positions = pixels / (l.stride * l.stride);
  float *x = random_floats(pixels * l.channels), *rows = random_floats(positions * inputs);
  float *bias = random_floats(l.outputs), *scale = random_floats(l.outputs);

  for (size_t k = kernels - 1; k-- > 0;)
    for (size_t p = 0; p < sizeof patterns / sizeof patterns[0]; p++) {
      swl_linear_shape shape = {type, inputs, l.outputs, patterns[p][0], patterns[p][1], 0};
      if (l.channels % shape.group || !swl_isa_has(swl_isa_of_processor(), kernel[k].needs) ||
          (kernel[k].most_tokens && kernel[k].most_tokens < positions) ||
          (filter && !strstr(kernel[k].name, filter)) || !swl_linear_accepts(&kernel[k], &shape))
        continue;
      swl_linear_weights weights = random_weights(shape);
      void *packed = memory(swl_linear_packed_size(&kernel[k], &shape));
      swl_linear_pack(&kernel[k], &weights, packed);
      swl_convolution op = {.linear = &kernel[k], .shape = shape, .groups = 1, .packed = packed};
      for (size_t axis = 0; axis < 2; axis++) {
        op.kernel[axis] = l.kernel, op.stride[axis] = l.stride, op.padding[axis] = padding, op.dilation[axis] = 1;
        op.size[axis] = axis ? l.width : l.height;
        op.output_size[axis] = op.size[axis] / l.stride;
      }
      op.batch = 1, op.x = x, op.x_type = x_type, op.x_zero_point = is_integer ? 117 : 0;
      op.x_channel = l.planar ? pixels : 1, op.x_column = l.planar ? 1 : l.channels;
      op.x_row = l.width * op.x_column, op.x_sample = pixels * l.channels;
      op.y_stride = l.outputs;
      op.output = is_integer ? (swl_output){SWL_U8, 2e3f, 120} : (swl_output){SWL_F32, 1, 0};
      op.epilogue = (swl_linear_epilogue){.scale = is_integer ? scale : NULL, .bias = bias, .activation = SWL_RELU};
      op.y = memory(positions * l.outputs * 4);
      memset(op.y, 0xff, positions * l.outputs * 4);
      swl_linear ready = {.kernel = &kernel[k],
                          .shape = shape,
                          .packed = packed,
                          .tokens = positions,
                          .x = rows,
                          .x_stride = inputs,
                          .x_type = x_type,
                          .x_zero_point = op.x_zero_point,
                          .y = memory(positions * l.outputs * 4),
                          .y_stride = l.outputs,
                          .output = op.output,
                          .epilogue = op.epilogue};
      const size_t scratch = swl_convolution_scratch_size(&op), other = swl_linear_scratch_size(&ready);
      runs[count] = (run){op, ready, memory(scratch > other ? scratch : other), 1e9, 1e9};
      swl_convolution_run(&op, 0, swl_convolution_tiles(&op), runs[count].scratch);
      const double worst = difference(&op, &weights);
      if (worst > (is_integer ? 0 : 2e-3))
        printf("WRONG %s %zu:%zu by %g\n", kernel[k].name, shape.kept, shape.group, worst);
      count++;
      free((void *)weights.values), free((void *)weights.indices), free((void *)weights.group_scales);
    }

  for (int round = 0; round < rounds; round++)
    for (size_t i = 0; i < count; i++) {
      double start = now();
      swl_convolution_run(&runs[i].op, 0, swl_convolution_tiles(&runs[i].op), runs[i].scratch);
      runs[i].best = fmin(runs[i].best, now() - start);
      start = now();
      swl_linear_run(&runs[i].ready, 0, swl_linear_tiles(&runs[i].ready), runs[i].scratch);
      runs[i].best_ready = fmin(runs[i].best_ready, now() - start);
    }
  for (size_t i = 0; i < count; i++) {
    const swl_linear_shape *shape = &runs[i].ready.shape;
    printf("%-22s %zu:%zu %3zux%-3zu %4zu to %-4zu %zux%zu/%zu %8.3f ms %7.1f GOP/s  %.2f of ready rows\n",
           runs[i].ready.kernel->name, shape->kept, shape->group, l.height, l.width, l.channels, l.outputs, l.kernel,
           l.kernel, l.stride, runs[i].best * 1e3, 2e-9 * (double)(positions * inputs * l.outputs) / runs[i].best,
           runs[i].best / runs[i].best_ready);
    free((void *)runs[i].op.packed), free(runs[i].op.y), free(runs[i].ready.y), free(runs[i].scratch);
  }
  free(x), free(rows), free(bias), free(scale);
}

int main(int argc, char **argv) {
  static const layer layers[] = {
      {384, 640, 3, 32, 3, 1, true},    {384, 640, 32, 64, 3, 2, false},  {192, 320, 64, 64, 3, 1, false},
      {192, 320, 64, 128, 3, 2, false}, {96, 160, 64, 64, 3, 1, false},   {96, 160, 256, 256, 1, 1, false},
      {48, 80, 128, 128, 3, 1, false},  {48, 80, 512, 512, 1, 1, false},  {24, 40, 256, 256, 3, 1, false},
      {24, 40, 1024, 1024, 1, 1, false}, {12, 20, 256, 256, 3, 1, false},  {12, 20, 512, 512, 3, 1, false},
      {192, 320, 64, 32, 3, 1, false},  {384, 640, 16, 8, 3, 1, false},   {384, 640, 8, 3, 3, 1, false}};
  const char *filter = argc > 1 ? argv[1] : NULL;
  const int rounds = argc > 2 ? atoi(argv[2]) : 7;
  const swl_type types[] = {SWL_F32, SWL_BF16, SWL_S8};
  for (size_t t = 0; t < 3; t++)
    for (size_t i = 0; i < sizeof layers / sizeof layers[0]; i++)
      bench(types[t], layers[i], filter, rounds);
}
