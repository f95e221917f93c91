#include "resize_kernels.h"

static float element(swl_output input, const void *x, size_t i) {
  if (input.type == SWL_U8)
    return (float)(((const uint8_t *)x)[i] - input.zero_point);
  return ((const float *)x)[i];
}

static void between_rows(swl_output input, const void *a, const void *b, float share, float *y, size_t count) {
  for (size_t i = 0; i < count; i++) {
    const float low = element(input, a, i);
    y[i] = fmaf(share, element(input, b, i) - low, low);
  }
}

static void between_columns(const float *a, const float *b, float share, float factor, swl_output output, void *y,
                            size_t at, size_t count) {
  for (size_t i = 0; i < count; i++)
    swl_write_scalar(y, at + i, output, fmaf(share, b[i] - a[i], a[i]) * factor);
}

static const swl_resize_kernel reference = {{"resize", SWL_ISA_SCALAR}, between_rows, between_columns};

static const swl_resize_kernel *const kernels[] = {
#if SWL_X86
    &swl_resize_avx512, &swl_resize_avx2,
#endif
#if SWL_ARM
    &swl_resize_neon,
#endif
    &reference,
};

static const swl_resize_kernel *kernel_for(swl_isa isa) {
  const swl_resize_kernel *const *row = kernels;
  while (!swl_isa_has(isa, (*row)->kernel.needs))
    row++;
  return *row;
}

const swl_kernel *swl_resize_kernel_at(size_t row) {
  return row < sizeof kernels / sizeof kernels[0] ? &kernels[row]->kernel : NULL;
}

const swl_kernel *swl_resize_kernel_for(swl_isa isa) { return &kernel_for(isa)->kernel; }

static size_t blocks_of(const swl_resize *op) { return swl_divide_up(op->channels, SWL_RESIZE_BLOCK); }

size_t swl_resize_tiles(const swl_resize *op) { return op->batch * op->rows.outputs * blocks_of(op); }

size_t swl_resize_scratch_size(const swl_resize *op) {
  if (op->interpolation == SWL_NEAREST)
    return 0;
  return op->columns.inputs * swl_min(op->channels, SWL_RESIZE_BLOCK) * sizeof(float);
}

/// The pixels on both sides of an output, and the share of the way from one to the other. Here alone, where every set of
/// instructions has the same roundings.
typedef struct {
  size_t low, high;
  float share;
} place;

static place place_of(const swl_resized_side *side, bool half_pixels, size_t output) {
  float at = side->step * (half_pixels ? (float)output + 0.5f : (float)output);
  if (half_pixels) // a statement of its own, which no compiler fuses with the product
    at -= 0.5f;
  at = at > 0 ? at : 0;
  const size_t last = side->inputs - 1;
  place p = {.low = at < (float)last ? (size_t)at : last};
  p.high = swl_min(p.low + 1, last);
  const float share = at - (float)p.low;
  p.share = share < 1 ? share : 1;
  return p;
}

static void copy_nearest(const swl_resize *op, size_t image, size_t row, size_t channel, size_t channels) {
  const size_t size = swl_size_of(op->input.type);
  const size_t source = place_of(&op->rows, op->half_pixels, row).low;
  const char *x = (const char *)op->x + (image * op->x_pictures.image + source * op->x_pictures.row + channel) * size;
  char *y = (char *)op->y + (image * op->y_pictures.image + row * op->y_pictures.row + channel) * size;
  for (size_t column = 0; column < op->columns.outputs; column++, y += op->y_pictures.column * size)
    memcpy(y, x + place_of(&op->columns, op->half_pixels, column).low * op->x_pictures.column * size, channels * size);
}

static void interpolate(const swl_resize *op, size_t image, size_t row, size_t channel, size_t channels, float *line) {
  const swl_resize_kernel *kernel = kernel_for(op->isa);
  const size_t size = swl_size_of(op->input.type), pixel = op->x_pictures.column;
  const place rows = place_of(&op->rows, op->half_pixels, row);
  const char *x = (const char *)op->x + (image * op->x_pictures.image + channel) * size;
  const char *low = x + rows.low * op->x_pictures.row * size, *high = x + rows.high * op->x_pictures.row * size;
  if (pixel == channels) // a row of the picture is one run of elements
    kernel->between_rows(op->input, low, high, rows.share, line, op->columns.inputs * channels);
  else
    for (size_t column = 0; column < op->columns.inputs; column++)
      kernel->between_rows(op->input, low + column * pixel * size, high + column * pixel * size, rows.share,
                           line + column * channels, channels);
  swl_output output = op->output;
  float factor = 1;
  if (op->input.type == SWL_U8) {
    factor = output.type == SWL_U8 ? op->input.scale / output.scale : op->input.scale;
    output.scale = 1;
  }
  size_t at = image * op->y_pictures.image + row * op->y_pictures.row + channel;
  for (size_t column = 0; column < op->columns.outputs; column++, at += op->y_pictures.column) {
    const place columns = place_of(&op->columns, op->half_pixels, column);
    kernel->between_columns(line + columns.low * channels, line + columns.high * channels, columns.share, factor,
                            output, op->y, at, channels);
  }
}

void swl_resize_run(const swl_resize *op, size_t first, size_t count, void *scratch) {
  const size_t blocks = blocks_of(op);
  for (size_t tile = first; tile < first + count; tile++) {
    const size_t channel = tile % blocks * SWL_RESIZE_BLOCK, row = tile / blocks % op->rows.outputs;
    const size_t image = tile / blocks / op->rows.outputs, channels = swl_min(op->channels - channel, SWL_RESIZE_BLOCK);
    if (op->interpolation == SWL_NEAREST)
      copy_nearest(op, image, row, channel, channels);
    else
      interpolate(op, image, row, channel, channels, scratch);
  }
}
