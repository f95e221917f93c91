// The elementwise operations on vectors. Included by the ISA files.

#include "../common/byte_table.h"
#include "../common/vector.h"
#include "elementwise_kernels.h"

static void activate_all(swl_activation activation, float slope, const float *x, float *y, size_t count) {
  for (size_t i = 0; i < count; i += LANES)
    store_part(y + i, activate(activation, slope, load_part(x + i, count - i)), count - i);
}

static void map_bytes(const uint8_t *table, const uint8_t *x, uint8_t *y, size_t count) {
  size_t i = 0;
  for (; i + TABLE_STEP <= count; i += TABLE_STEP)
    look_up_bytes(table, x + i, y + i);
  for (; i < count; i++)
    y[i] = table[x[i]];
}

static void add_all(const float *a, const float *b, float *y, size_t count) {
  for (size_t i = 0; i < count; i += LANES)
    store_part(y + i, load_part(a + i, count - i) + load_part(b + i, count - i), count - i);
}

static void mul_all(const float *a, const float *b, float *y, size_t count) {
  for (size_t i = 0; i < count; i += LANES)
    store_part(y + i, load_part(a + i, count - i) * load_part(b + i, count - i), count - i);
}

static void scale_all(const float *a, float scale, float shift, float *y, size_t count) {
  for (size_t i = 0; i < count; i += LANES)
    store_part(y + i, multiply_add(splat(scale), load_part(a + i, count - i), splat(shift)), count - i);
}

static void write_all(const float *x, swl_output output, void *y, size_t count) {
  const float inverse_scale = 1 / output.scale;
  for (size_t i = 0; i < count; i += LANES)
    write_part(y, i, output, inverse_scale, load_part(x + i, count - i), count - i);
}

static void read_all(const void *x, swl_output input, float *y, size_t count) {
  for (size_t i = 0; i < count; i += LANES)
    store_part(y + i, read_part(x, i, input, count - i), count - i);
}

const swl_elementwise SWL_ISA_NAME(swl_elementwise) = {
    {SWL_ISA_TITLE("elementwise"), SWL_NEEDS}, activate_all, map_bytes, add_all, mul_all, scale_all, write_all,
    read_all};
