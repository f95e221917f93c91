#include "depthwise_kernels.h"

size_t swl_depthwise_packed_size(swl_type type, size_t outputs, size_t positions) {
  const size_t padded = swl_padded_outputs(outputs);
  return type == SWL_S8 ? padded * (4 + 4 * swl_divide_up(positions, 2)) : padded * positions * 4;
}

void swl_depthwise_pack(swl_type type, size_t outputs, size_t positions, const void *values, void *packed) {
  const size_t padded = swl_padded_outputs(outputs);
  memset(packed, 0, swl_depthwise_packed_size(type, outputs, positions));
  int32_t *sums = packed;
  int16_t *pairs = (int16_t *)(sums + padded);
  for (size_t o = 0; o < outputs; o++)
    for (size_t k = 0; k < positions; k++) {
      const size_t at = o * positions + k;
      if (type == SWL_S8) {
        sums[o] += ((const int8_t *)values)[at];
        pairs[(k / 2 * padded + o) * 2 + k % 2] = ((const int8_t *)values)[at];
      } else {
        ((float *)packed)[k * padded + o] = ((const float *)values)[at];
      }
    }
}

/// The sum of an output of a pixel, before the epilogue.
static float sum_of(const swl_depthwise *op, const swl_tap *taps, size_t pixel, size_t output) {
  const size_t channel = output / (op->outputs / op->channels), padded = swl_padded_outputs(op->outputs);
  const size_t positions = swl_positions(op);
  float sum = 0;
  int32_t integer_sum = 0;
  for (size_t k = 0; k < positions; k++) {
    const float x = swl_read_scalar(taps[k].x + pixel * taps[k].step, channel, op->x_type);
    if (op->type == SWL_S8)
      integer_sum += ((int32_t)x - op->x_zero_point) * swl_pair_weights(op)[(k / 2 * padded + output) * 2 + k % 2];
    else
      sum = fmaf(op->type == SWL_BF16 ? swl_from_bf16(swl_to_bf16(x)) : x, swl_float_weights(op)[k * padded + output],
                 sum);
  }
  return op->type == SWL_S8 ? (float)integer_sum : sum;
}

static void run(const swl_depthwise *op, const swl_tap *taps, size_t pixels, size_t at) {
  for (size_t pixel = 0; pixel < pixels; pixel++, at += op->y_pictures.column)
    for (size_t o = 0; o < op->outputs; o++) {
      const float bias = op->bias ? op->bias[o] : 0;
      float value = sum_of(op, taps, pixel, o);
      value = op->type == SWL_S8 ? fmaf(value, op->scale[o], bias) : value + bias;
      swl_write_scalar(op->y, at + o, op->output, swl_activate_scalar(op->activation, op->slope, value));
    }
}

static const swl_depthwise_kernel reference = {{"depthwise", SWL_ISA_SCALAR}, run};

static const swl_depthwise_kernel *const kernels[] = {
#if SWL_X86
    &swl_depthwise_avx512, &swl_depthwise_avx2,
#endif
#if SWL_ARM
    &swl_depthwise_neon,
#endif
    &reference,
};

static const swl_depthwise_kernel *kernel_for(swl_isa isa) {
  const swl_depthwise_kernel *const *row = kernels;
  while (!swl_isa_has(isa, (*row)->kernel.needs))
    row++;
  return *row;
}

const swl_kernel *swl_depthwise_kernel_at(size_t row) {
  return row < sizeof kernels / sizeof kernels[0] ? &kernels[row]->kernel : NULL;
}

const swl_kernel *swl_depthwise_kernel_for(swl_isa isa) { return &kernel_for(isa)->kernel; }

static size_t tiles_of_row(const swl_depthwise *op) { return swl_divide_up(op->columns.outputs, SWL_DEPTHWISE_TILE); }

size_t swl_depthwise_tiles(const swl_depthwise *op) { return op->batch * op->rows.outputs * tiles_of_row(op); }

static size_t taps_size(const swl_depthwise *op) {
  return swl_round_up((swl_positions(op) + 1) * sizeof(swl_tap), 64);
}

/// The taps, and what lies outside of the picture.
size_t swl_depthwise_scratch_size(const swl_depthwise *op) {
  return taps_size(op) + op->channels * swl_size_of(op->x_type);
}

/// Where the kernel of a pixel of the output finds its channels.
static void find_taps(const swl_depthwise *op, const char *image, size_t row, size_t column, const char *outside,
                      swl_tap *taps) {
  const size_t size = swl_size_of(op->x_type), step = op->columns.stride * op->x_pictures.column * size;
  for (size_t i = 0; i < op->rows.kernel; i++) {
    // Where padding lies, the number wraps around, and is no row of the picture.
    const size_t y = row * op->rows.stride + i * op->rows.dilation - op->rows.padding;
    for (size_t j = 0; j < op->columns.kernel; j++) {
      const size_t x = column * op->columns.stride + j * op->columns.dilation - op->columns.padding;
      const bool is_inside = y < op->rows.inputs && x < op->columns.inputs;
      *taps++ = is_inside ? (swl_tap){image + (y * op->x_pictures.row + x * op->x_pictures.column) * size, step}
                          : (swl_tap){outside, 0};
    }
  }
  *taps = (swl_tap){outside, 0};
}

/// Whether all positions of the kernel meet the picture.
static bool lies_inside(const swl_side *side, size_t output) {
  const size_t start = output * side->stride, last = start + (side->kernel - 1) * side->dilation;
  return start >= side->padding && last - side->padding < side->inputs;
}

void swl_depthwise_run(const swl_depthwise *op, size_t first, size_t count, void *scratch) {
  const swl_depthwise_kernel *kernel = kernel_for(op->isa);
  swl_tap *taps = scratch;
  char *outside = (char *)scratch + taps_size(op);
  const size_t size = swl_size_of(op->x_type), tiles = tiles_of_row(op);
  memset(outside, op->x_zero_point, op->channels * size);
  for (size_t tile = first; tile < first + count; tile++) {
    const size_t row = tile / tiles % op->rows.outputs, image = tile / tiles / op->rows.outputs;
    const char *x = (const char *)op->x + image * op->x_pictures.image * size;
    const size_t y = image * op->y_pictures.image + row * op->y_pictures.row;
    const size_t start = tile % tiles * SWL_DEPTHWISE_TILE;
    const size_t end = swl_min(start + SWL_DEPTHWISE_TILE, op->columns.outputs);
    size_t behind = 0; // pixels since the taps were found that step from pixel to pixel
    for (size_t column = start, pixels; column < end; column += pixels) {
      pixels = swl_min(end - column, SWL_DEPTHWISE_PIXELS);
      const bool is_inside = lies_inside(&op->columns, column) && lies_inside(&op->columns, column + pixels - 1);
      if (!is_inside)
        pixels = 1; // the border, where each pixel has taps of its own
      if (is_inside && behind > 0)
        for (size_t k = 0; k < swl_positions(op); k++)
          taps[k].x += behind * taps[k].step;
      else
        find_taps(op, x, row, column, outside, taps);
      behind = is_inside ? pixels : 0;
      kernel->run(op, taps, pixels, y + column * op->y_pictures.column);
    }
  }
}
