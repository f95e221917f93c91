#ifndef SWL_ELEMENTWISE_H
#define SWL_ELEMENTWISE_H

#include "swl_types.h"

// Operations on `count` neighbouring elements. y may be x (or a). Threads split the range.

/// y[i] = activation(x[i]); the slope is for SWL_LEAKY_RELU.
void swl_activate(swl_isa isa, swl_activation activation, float slope, const float *x, float *y, size_t count);

/// y[i] = table[x[i]]: any function of 8 bits.
void swl_map_bytes(swl_isa isa, const uint8_t table[256], const uint8_t *x, uint8_t *y, size_t count);

/// y[i] = a[i] + b[i], and a[i] * b[i].
void swl_add(swl_isa isa, const float *a, const float *b, float *y, size_t count);
void swl_mul(swl_isa isa, const float *a, const float *b, float *y, size_t count);

/// y[i] = scale * a[i] + shift.
void swl_scale(swl_isa isa, const float *a, float scale, float shift, float *y, size_t count);

/// Writes f32 as output says: f32 (a copy), bf16 (round half to even, NaN stays NaN) or u8.
void swl_write(swl_isa isa, const float *x, swl_output output, void *y, size_t count);

/// Reads f32 from f32 (a copy), bf16 or u8, where input holds scale and zero point: y[i] = scale * (x[i] - zero_point).
void swl_read(swl_isa isa, const void *x, swl_output input, float *y, size_t count);

/// Row `row` of the list, NULL behind the last, and the row that `isa` takes.
const swl_kernel *swl_elementwise_kernel_at(size_t row);
const swl_kernel *swl_elementwise_kernel_for(swl_isa isa);

#endif
