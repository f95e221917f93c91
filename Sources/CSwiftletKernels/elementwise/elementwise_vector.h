// The elementwise operations on vectors. Included by the ISA files.

#include "../common/vector.h"
#include "elementwise_kernels.h"

void SWL_ISA_NAME(swl_activate)(swl_activation activation, const float *x, float *y, size_t count) {
  for (size_t i = 0; i < count; i += LANES)
    store_part(y + i, activate(activation, load_part(x + i, count - i)), count - i);
}

void SWL_ISA_NAME(swl_add)(const float *a, const float *b, float *y, size_t count) {
  for (size_t i = 0; i < count; i += LANES)
    store_part(y + i, load_part(a + i, count - i) + load_part(b + i, count - i), count - i);
}

void SWL_ISA_NAME(swl_mul)(const float *a, const float *b, float *y, size_t count) {
  for (size_t i = 0; i < count; i += LANES)
    store_part(y + i, load_part(a + i, count - i) * load_part(b + i, count - i), count - i);
}

void SWL_ISA_NAME(swl_scale)(const float *a, float scale, float shift, float *y, size_t count) {
  for (size_t i = 0; i < count; i += LANES)
    store_part(y + i, multiply_add(splat(scale), load_part(a + i, count - i), splat(shift)), count - i);
}

void SWL_ISA_NAME(swl_write)(const float *x, swl_output output, void *y, size_t count) {
  const float inverse_scale = 1 / output.scale;
  for (size_t i = 0; i < count; i += LANES)
    write_part(y, i, output, inverse_scale, load_part(x + i, count - i), count - i);
}

void SWL_ISA_NAME(swl_read)(const void *x, swl_output input, float *y, size_t count) {
  for (size_t i = 0; i < count; i += LANES)
    store_part(y + i, read_part(x, i, input, count - i), count - i);
}
