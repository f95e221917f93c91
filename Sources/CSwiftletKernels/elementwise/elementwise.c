#include "elementwise_kernels.h"

static void activate_scalar(swl_activation activation, const float *x, float *y, size_t count) {
  for (size_t i = 0; i < count; i++)
    y[i] = swl_activate_scalar(activation, x[i]);
}

static void add_scalar(const float *a, const float *b, float *y, size_t count) {
  for (size_t i = 0; i < count; i++)
    y[i] = a[i] + b[i];
}

static void mul_scalar(const float *a, const float *b, float *y, size_t count) {
  for (size_t i = 0; i < count; i++)
    y[i] = a[i] * b[i];
}

static void scale_scalar(const float *a, float scale, float shift, float *y, size_t count) {
  for (size_t i = 0; i < count; i++)
    y[i] = fmaf(scale, a[i], shift);
}

static void write_scalar(const float *x, swl_output output, void *y, size_t count) {
  for (size_t i = 0; i < count; i++)
    swl_write_scalar(y, i, output, x[i]);
}

static void read_scalar(const void *x, swl_output input, float *y, size_t count) {
  for (size_t i = 0; i < count; i++) {
    float value = swl_read_scalar(x, i, input.type);
    y[i] = input.type == SWL_U8 ? input.scale * (value - (float)input.zero_point) : value;
  }
}

void swl_activate(swl_isa isa, swl_activation activation, const float *x, float *y, size_t count) {
  SWL_VARIANT(isa, activate)(activation, x, y, count);
}

void swl_add(swl_isa isa, const float *a, const float *b, float *y, size_t count) {
  SWL_VARIANT(isa, add)(a, b, y, count);
}

void swl_mul(swl_isa isa, const float *a, const float *b, float *y, size_t count) {
  SWL_VARIANT(isa, mul)(a, b, y, count);
}

void swl_scale(swl_isa isa, const float *a, float scale, float shift, float *y, size_t count) {
  SWL_VARIANT(isa, scale)(a, scale, shift, y, count);
}

void swl_write(swl_isa isa, const float *x, swl_output output, void *y, size_t count) {
  SWL_VARIANT(isa, write)(x, output, y, count);
}

void swl_read(swl_isa isa, const void *x, swl_output input, float *y, size_t count) {
  SWL_VARIANT(isa, read)(x, input, y, count);
}
