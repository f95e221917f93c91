#include "pool_kernels.h"

static void greatest_f32(const swl_pool_window *w, float *y) {
  for (size_t c = 0; c < w->count; c++) {
    float most = -INFINITY;
    for (size_t i = 0; i < w->rows; i++)
      for (size_t j = 0; j < w->columns; j++) {
        const float x = ((const float *)w->x)[i * w->row_stride + j * w->column_stride + c];
        most = x > most || x != x ? x : most;
      }
    y[c] = most;
  }
}

static void greatest_u8(const swl_pool_window *w, uint8_t *y) {
  for (size_t c = 0; c < w->count; c++) {
    uint8_t most = 0;
    for (size_t i = 0; i < w->rows; i++)
      for (size_t j = 0; j < w->columns; j++) {
        const uint8_t x = ((const uint8_t *)w->x)[i * w->row_stride + j * w->column_stride + c];
        most = x > most ? x : most;
      }
    y[c] = most;
  }
}

static void mean(const swl_pool *op, const swl_pool_window *w, size_t at) {
  swl_output output = op->output;
  output.scale = 1 / swl_mean_inverse_scale(op);
  for (size_t c = 0; c < w->count; c++) {
    float sum = 0;
    int32_t integer_sum = 0;
    for (size_t i = 0; i < w->rows; i++) {
      float of_row = 0;
      for (size_t j = 0; j < w->columns; j++) {
        const size_t from = i * w->row_stride + j * w->column_stride + c;
        if (op->input.type == SWL_U8)
          integer_sum += ((const uint8_t *)w->x)[from] - op->input.zero_point;
        else
          of_row += ((const float *)w->x)[from];
      }
      sum += of_row;
    }
    const float value = (op->input.type == SWL_U8 ? (float)integer_sum : sum) / w->divisor;
    swl_write_scalar(op->y, at + c, output, value * swl_mean_factor(op));
  }
}

static const swl_pool_kernel reference = {{"pool", SWL_ISA_SCALAR}, greatest_f32, greatest_u8, mean};

static const swl_pool_kernel *const kernels[] = {
#if SWL_X86
    &swl_pool_avx512, &swl_pool_avx2,
#endif
#if SWL_ARM
    &swl_pool_neon,
#endif
    &reference,
};

static const swl_pool_kernel *kernel_for(swl_isa isa) {
  const swl_pool_kernel *const *row = kernels;
  while (!swl_isa_has(isa, (*row)->kernel.needs))
    row++;
  return *row;
}

const swl_kernel *swl_pool_kernel_at(size_t row) {
  return row < sizeof kernels / sizeof kernels[0] ? &kernels[row]->kernel : NULL;
}

const swl_kernel *swl_pool_kernel_for(swl_isa isa) { return &kernel_for(isa)->kernel; }

static size_t blocks_of(const swl_pool *op) { return swl_divide_up(op->channels, SWL_POOL_BLOCK); }

size_t swl_pool_tiles(const swl_pool *op) { return op->batch * op->rows.outputs * blocks_of(op); }

size_t swl_pool_scratch_size(const swl_pool *op) {
  if (!swl_pool_is_split(op))
    return 0;
  return op->columns.inputs * swl_min(op->channels, SWL_POOL_BLOCK) * swl_size_of(op->input.type);
}

static void greatest(const swl_pool_kernel *kernel, swl_type type, const swl_pool_window *w, void *y, size_t at) {
  if (type == SWL_U8)
    kernel->greatest_u8(w, (uint8_t *)y + at);
  else
    kernel->greatest_f32(w, (float *)y + at);
}

/// The greatest of each column of the input, in one line of `w.count` channels a column.
static void split(const swl_pool_kernel *kernel, const swl_pool *op, swl_pool_window w, void *line) {
  const size_t size = swl_size_of(op->input.type), width = op->columns.inputs;
  const size_t channels = w.count;
  if (op->x_pictures.column == channels) { // a row of the picture is one run of elements
    w.columns = 1, w.count = width * channels;
    return greatest(kernel, op->input.type, &w, line, 0);
  }
  w.columns = 1;
  for (size_t column = 0; column < width; column++) {
    greatest(kernel, op->input.type, &w, line, column * channels);
    w.x = (const char *)w.x + op->x_pictures.column * size;
  }
}

void swl_pool_run(const swl_pool *op, size_t first, size_t count, void *scratch) {
  const swl_pool_kernel *kernel = kernel_for(op->isa);
  const size_t size = swl_size_of(op->input.type), blocks = blocks_of(op);
  const bool is_split = swl_pool_is_split(op);
  for (size_t tile = first; tile < first + count; tile++) {
    const size_t channel = tile % blocks * SWL_POOL_BLOCK, row = tile / blocks % op->rows.outputs;
    const size_t image = tile / blocks / op->rows.outputs;
    const swl_window rows = swl_window_of(&op->rows, row);
    const size_t from = image * op->x_pictures.image + rows.at * op->x_pictures.row + channel;
    const char *x = (const char *)op->x + from * size;
    size_t at = image * op->y_pictures.image + row * op->y_pictures.row + channel;
    swl_pool_window w = {.x = x, .rows = rows.count, .row_stride = op->x_pictures.row};
    w.count = swl_min(op->channels - channel, SWL_POOL_BLOCK);
    size_t column_stride = op->x_pictures.column;
    w.row_stride *= op->rows.dilation;
    if (is_split) {
      split(kernel, op, w, scratch);
      x = scratch, column_stride = w.count, w.rows = 1;
    }
    w.column_stride = column_stride * op->columns.dilation;
    for (size_t column = 0; column < op->columns.outputs; column++, at += op->y_pictures.column) {
      const swl_window columns = swl_window_of(&op->columns, column);
      w.x = x + columns.at * column_stride * size;
      w.columns = columns.count;
      if (op->pooling == SWL_POOL_MAX) {
        greatest(kernel, op->input.type, &w, op->y, at);
        continue;
      }
      w.divisor = (float)(op->counts_padding ? op->rows.kernel * op->columns.kernel : rows.count * columns.count);
      kernel->mean(op, &w, at);
    }
  }
}
