#include "elementwise_kernels.h"

static void activate_scalar(swl_activation activation, float slope, const float *x, float *y, size_t count) {
  for (size_t i = 0; i < count; i++)
    y[i] = swl_activate_scalar(activation, slope, x[i]);
}

static void map_bytes_scalar(const uint8_t *table, const uint8_t *x, uint8_t *y, size_t count) {
  for (size_t i = 0; i < count; i++)
    y[i] = table[x[i]];
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

static const swl_elementwise reference = {
    {"elementwise", SWL_ISA_SCALAR}, activate_scalar, map_bytes_scalar, add_scalar, mul_scalar, scale_scalar,
    write_scalar, read_scalar};

static const swl_elementwise *const kernels[] = {
#if SWL_X86
    &swl_elementwise_avx512, &swl_elementwise_avx2,
#endif
#if SWL_ARM
    &swl_elementwise_neon,
#endif
    &reference,
};

const swl_elementwise *swl_elementwise_for(swl_isa isa) {
  const swl_elementwise *const *row = kernels;
  while (!swl_isa_has(isa, (*row)->kernel.needs))
    row++;
  return *row;
}

const swl_kernel *swl_elementwise_kernel_at(size_t row) {
  return row < sizeof kernels / sizeof kernels[0] ? &kernels[row]->kernel : NULL;
}

const swl_kernel *swl_elementwise_kernel_for(swl_isa isa) { return &swl_elementwise_for(isa)->kernel; }

void swl_activate(swl_isa isa, swl_activation activation, float slope, const float *x, float *y, size_t count) {
  swl_elementwise_for(isa)->activate(activation, slope, x, y, count);
}

void swl_map_bytes(swl_isa isa, const uint8_t table[256], const uint8_t *x, uint8_t *y, size_t count) {
  swl_elementwise_for(isa)->map_bytes(table, x, y, count);
}

void swl_add(swl_isa isa, const float *a, const float *b, float *y, size_t count) {
  swl_elementwise_for(isa)->add(a, b, y, count);
}

void swl_mul(swl_isa isa, const float *a, const float *b, float *y, size_t count) {
  swl_elementwise_for(isa)->mul(a, b, y, count);
}

void swl_scale(swl_isa isa, const float *a, float scale, float shift, float *y, size_t count) {
  swl_elementwise_for(isa)->scale(a, scale, shift, y, count);
}

void swl_write(swl_isa isa, const float *x, swl_output output, void *y, size_t count) {
  swl_elementwise_for(isa)->write(x, output, y, count);
}

void swl_read(swl_isa isa, const void *x, swl_output input, float *y, size_t count) {
  swl_elementwise_for(isa)->read(x, input, y, count);
}
