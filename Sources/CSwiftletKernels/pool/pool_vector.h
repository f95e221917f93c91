// Windows of pictures on vectors of channels. Included by the ISA files.

#include "../common/vector.h"
#include "pool_kernels.h"

enum { BYTES = 4 * LANES }; // as many as fill a vector

typedef uint8_t byte_vector __attribute__((vector_size(BYTES)));

/// The second where it is greater or NaN.
SWL_INLINE floats greater_or_nan(floats most, floats x) { return choose((x > most) | (x != x), x, most); }

SWL_INLINE void greatest_floats(size_t vectors, const swl_pool_window *w, const float *x, float *y) {
  floats most[4];
  for (size_t v = 0; v < vectors; v++)
    most[v] = splat(-INFINITY);
  for (size_t i = 0; i < w->rows; i++)
    for (size_t j = 0; j < w->columns; j++)
#pragma clang loop unroll(full)
      for (size_t v = 0; v < vectors; v++)
        most[v] = greater_or_nan(most[v], load(x + i * w->row_stride + j * w->column_stride + v * LANES));
  for (size_t v = 0; v < vectors; v++)
    store(y + v * LANES, most[v]);
}

/// The last vector starts where it ends with the last channel: what it shares with the one before is found twice.
static void greatest_f32(const swl_pool_window *w, float *y) {
  const float *x = w->x;
  size_t c = 0;
  for (; c + 4 * LANES <= w->count; c += 4 * LANES)
    greatest_floats(4, w, x + c, y + c);
  for (; c + LANES <= w->count; c += LANES)
    greatest_floats(1, w, x + c, y + c);
  if (c == w->count)
    return;
  if (w->count >= LANES)
    return greatest_floats(1, w, x + w->count - LANES, y + w->count - LANES);
  floats most = splat(-INFINITY);
  for (size_t i = 0; i < w->rows; i++)
    for (size_t j = 0; j < w->columns; j++)
      most = greater_or_nan(most, load_part(x + i * w->row_stride + j * w->column_stride, w->count));
  store_part(y, most, w->count);
}

SWL_INLINE void greatest_bytes(size_t vectors, const swl_pool_window *w, const uint8_t *x, uint8_t *y) {
  byte_vector most[4] = {};
  for (size_t i = 0; i < w->rows; i++)
    for (size_t j = 0; j < w->columns; j++)
#pragma clang loop unroll(full)
      for (size_t v = 0; v < vectors; v++) {
        byte_vector bytes;
        memcpy(&bytes, x + i * w->row_stride + j * w->column_stride + v * BYTES, BYTES);
        most[v] = __builtin_elementwise_max(most[v], bytes);
      }
  for (size_t v = 0; v < vectors; v++)
    memcpy(y + v * BYTES, &most[v], BYTES);
}

static void greatest_u8(const swl_pool_window *w, uint8_t *y) {
  const uint8_t *x = w->x;
  size_t c = 0;
  for (; c + 4 * BYTES <= w->count; c += 4 * BYTES)
    greatest_bytes(4, w, x + c, y + c);
  for (; c + BYTES <= w->count; c += BYTES)
    greatest_bytes(1, w, x + c, y + c);
  if (c == w->count)
    return;
  if (w->count >= BYTES)
    return greatest_bytes(1, w, x + w->count - BYTES, y + w->count - BYTES);
  for (; c < w->count; c++) {
    uint8_t most = 0;
    for (size_t i = 0; i < w->rows; i++)
      for (size_t j = 0; j < w->columns; j++)
        most = __builtin_elementwise_max(most, x[i * w->row_stride + j * w->column_stride + c]);
    y[c] = most;
  }
}

/// Up to `count` bytes as integers, zeros above.
SWL_INLINE ints load_integers(const uint8_t *x, size_t count) {
  bytes b = {};
  if (count >= LANES)
    memcpy(&b, x, LANES);
  else
    memcpy(&b, x, count);
  return __builtin_convertvector(b, ints);
}

/// Of `vectors` from channel c on, of which each has `count` channels.
SWL_INLINE void mean_of(size_t vectors, const swl_pool *op, const swl_pool_window *w, size_t c, size_t count,
                        size_t at) {
  const bool is_bytes = op->input.type == SWL_U8;
  floats sums[4];
  ints integer_sums[4] = {};
  for (size_t v = 0; v < vectors; v++)
    sums[v] = splat(0);
  for (size_t i = 0; i < w->rows; i++) {
    floats of_row[4];
    for (size_t v = 0; v < vectors; v++)
      of_row[v] = splat(0);
    const size_t row = i * w->row_stride + c;
    for (size_t j = 0; j < w->columns; j++)
#pragma clang loop unroll(full)
      for (size_t v = 0; v < vectors; v++) {
        const size_t from = row + j * w->column_stride + v * LANES;
        if (is_bytes)
          integer_sums[v] += load_integers((const uint8_t *)w->x + from, count);
        else
          of_row[v] += load_part((const float *)w->x + from, count);
      }
    for (size_t v = 0; v < vectors; v++)
      sums[v] += of_row[v];
  }
  const float divisor = w->divisor, factor = swl_mean_factor(op), inverse_scale = swl_mean_inverse_scale(op);
  const int32_t zeros = (int32_t)(w->rows * w->columns) * op->input.zero_point;
  for (size_t v = 0; v < vectors; v++) {
    const floats sum = is_bytes ? __builtin_convertvector(integer_sums[v] - zeros, floats) : sums[v];
    write_part(op->y, at + c + v * LANES, op->output, inverse_scale, sum / divisor * factor, count);
  }
}

static void mean(const swl_pool *op, const swl_pool_window *w, size_t at) {
  size_t c = 0;
  for (; c + 4 * LANES <= w->count; c += 4 * LANES)
    mean_of(4, op, w, c, LANES, at);
  for (; c + LANES <= w->count; c += LANES)
    mean_of(1, op, w, c, LANES, at);
  if (c < w->count)
    mean_of(1, op, w, c, w->count - c, at);
}

const swl_pool_kernel SWL_ISA_NAME(swl_pool) = {
    {SWL_ISA_TITLE("pool"), SWL_NEEDS}, greatest_f32, greatest_u8, mean};
