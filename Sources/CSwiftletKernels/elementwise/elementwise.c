#include "../common/scalar.h"
#include "swl_elementwise.h"

static void activate_scalar(swl_activation activation, const float *x, float *y, size_t count) {
  for (size_t i = 0; i < count; i++)
    y[i] = swl_activate_scalar(activation, x[i]);
}

void swl_activate(swl_isa isa, swl_activation activation, const float *x, float *y, size_t count) {
  (void)isa;
  activate_scalar(activation, x, y, count);
}
void swl_add(swl_isa isa, const float *a, const float *b, float *y, size_t count) {
  (void)isa;
  for (size_t i = 0; i < count; i++)
    y[i] = a[i] + b[i];
}
void swl_mul(swl_isa isa, const float *a, const float *b, float *y, size_t count) {
  (void)isa;
  for (size_t i = 0; i < count; i++)
    y[i] = a[i] * b[i];
}
void swl_scale(swl_isa isa, const float *a, float scale, float shift, float *y, size_t count) {
  (void)isa;
  for (size_t i = 0; i < count; i++)
    y[i] = fmaf(scale, a[i], shift);
}
void swl_write(swl_isa isa, const float *x, swl_output output, void *y, size_t count) {
  (void)isa;
  for (size_t i = 0; i < count; i++)
    swl_write_scalar(y, i, output, x[i]);
}
void swl_read(swl_isa isa, const void *x, swl_output input, float *y, size_t count) {
  (void)isa;
  for (size_t i = 0; i < count; i++) {
    float value = swl_read_scalar(x, i, input.type);
    y[i] = input.type == SWL_U8 ? input.scale * (value - (float)input.zero_point) : value;
  }
}
