#ifndef SWL_SCALAR_H
#define SWL_SCALAR_H

// One element at a time: what the references are made of.

#include <math.h>
#include <string.h>

#include "swl_types.h"

static inline size_t swl_size_of(swl_type type) { return type == SWL_F32 ? 4 : type == SWL_BF16 ? 2 : 1; }

static inline size_t swl_min(size_t a, size_t b) { return a < b ? a : b; }
static inline size_t swl_max(size_t a, size_t b) { return a > b ? a : b; }
static inline size_t swl_divide_up(size_t a, size_t b) { return (a + b - 1) / b; }
static inline size_t swl_round_up(size_t a, size_t b) { return swl_divide_up(a, b) * b; }

/// Where part `index` of `parts` nearly equal parts of `count` begins.
static inline size_t swl_split(size_t count, size_t parts, size_t index) {
  return count / parts * index + swl_min(index, count % parts);
}

static inline float swl_from_bf16(uint16_t half) {
  uint32_t bits = (uint32_t)half << 16;
  float value;
  memcpy(&value, &bits, 4);
  return value;
}

/// Of 1 sign, 5 exponent and 10 fraction bits.
static inline float swl_from_f16(uint16_t half) {
  const uint32_t exponent = half >> 10 & 31, fraction = half & 1023;
  const float magnitude = exponent == 0    ? ldexpf((float)fraction, -24)
                          : exponent == 31 ? (fraction ? NAN : INFINITY)
                                           : ldexpf((float)(1024 + fraction), (int)exponent - 25);
  return half >> 15 ? -magnitude : magnitude;
}

/// Ties to even; NaN stays NaN.
static inline uint16_t swl_to_f16(float value) {
  uint32_t bits;
  memcpy(&bits, &value, 4);
  const uint16_t sign = (uint16_t)(bits >> 16 & 0x8000);
  const uint32_t magnitude = bits & 0x7fffffff;
  if (magnitude >= 0x7f800000) // infinite, or NaN
    return sign | 0x7c00 | (magnitude > 0x7f800000 ? 0x200 : 0);
  if (magnitude >= 0x477ff000) // rounds to what is too large
    return sign | 0x7c00;
  if (magnitude < 0x38800000) // in steps of 2^-24
    return sign | (uint16_t)rintf(fabsf(value) * 0x1p24f);
  return sign | (uint16_t)((magnitude + 0xfff + (magnitude >> 13 & 1) - 0x38000000) >> 13);
}

static inline uint16_t swl_to_bf16(float value) {
  uint32_t bits;
  memcpy(&bits, &value, 4);
  if ((bits & 0x7fffffff) > 0x7f800000)
    return (uint16_t)(bits >> 16 | 0x40); // NaN stays NaN
  return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

/// NaN becomes 0.
static inline uint8_t swl_to_u8(float value, float inverse_scale, int32_t zero_point) {
  float byte = rintf(value * inverse_scale) + (float)zero_point;
  return byte >= 255 ? 255 : byte > 0 ? (uint8_t)byte : 0;
}

static inline float swl_read_scalar(const void *x, size_t i, swl_type type) {
  switch (type) {
  case SWL_F32:
    return ((const float *)x)[i];
  case SWL_BF16:
    return swl_from_bf16(((const uint16_t *)x)[i]);
  case SWL_U8:
    return ((const uint8_t *)x)[i];
  case SWL_S8:
    return ((const int8_t *)x)[i];
  case SWL_U4:
    return ((const uint8_t *)x)[i / 2] >> i % 2 * 4 & 15;
  }
  return NAN;
}

static inline void swl_write_scalar(void *y, size_t i, swl_output output, float value) {
  switch (output.type) {
  case SWL_F32:
    ((float *)y)[i] = value;
    break;
  case SWL_BF16:
    ((uint16_t *)y)[i] = swl_to_bf16(value);
    break;
  case SWL_U8:
  case SWL_S8:
  case SWL_U4:
    ((uint8_t *)y)[i] = swl_to_u8(value, 1 / output.scale, output.zero_point);
    break;
  }
}

/// (x + 3) / 6 within 0 and 1, by the same operations as on vectors; NaN stays NaN.
static inline float swl_hard_sigmoid(float x) {
  const float shifted = x + 3;
  return (shifted < 0 ? 0 : shifted > 6 ? 6 : shifted) * (1.0f / 6);
}

static inline float swl_activate_scalar(swl_activation activation, float slope, float x) {
  switch (activation) {
  case SWL_IDENTITY:
    return x;
  case SWL_RELU:
    return x > 0 ? x : 0;
  case SWL_GELU:
    return x * 0.5f * (1 + erff(x * 0.70710678f));
  case SWL_SILU:
    return x / (1 + expf(-x));
  case SWL_SIGMOID:
    return 1 / (1 + expf(-x));
  case SWL_GELU_TANH:
    return x / (1 + expf(-x * (SWL_GELU_TANH_LINEAR + SWL_GELU_TANH_CUBIC * x * x)));
  case SWL_QUICK_GELU:
    return x / (1 + expf(-SWL_QUICK_GELU_SLOPE * x));
  case SWL_TANH:
    return tanhf(x);
  case SWL_HARD_SIGMOID:
    return swl_hard_sigmoid(x);
  case SWL_HARD_SWISH:
    return x * swl_hard_sigmoid(x);
  case SWL_LEAKY_RELU:
    return x > 0 ? x : slope * x;
  }
  return NAN;
}

#endif
