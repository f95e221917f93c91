#ifndef SWL_TYPES_H
#define SWL_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "swl_isa.h"

/// The type of one element.
typedef enum {
  SWL_F32,
  SWL_BF16, // uint16_t: the upper half of a float
  SWL_U8,   // activations: value = scale * (byte - zero_point)
  SWL_S8,   // weights: value = scale[output] * byte, byte in -127...127
  SWL_U4,   // weights, two codes a byte: value = offset + scale * code of a group of inputs, code in 0...15
} swl_type;

/// Activation functions; gelu is x * Phi(x) through erf, gelu_tanh its approximation by tanh, quick_gelu the one by
/// x * sigmoid(1.702 x); leaky_relu is x above 0 and slope * x elsewhere; hard_sigmoid is x / 6 + 1/2 within 0 and 1,
/// hard_swish x times that.
typedef enum {
  SWL_IDENTITY,
  SWL_RELU,
  SWL_GELU,
  SWL_SILU,
  SWL_SIGMOID,
  SWL_GELU_TANH,
  SWL_QUICK_GELU,
  SWL_TANH,
  SWL_HARD_SIGMOID,
  SWL_HARD_SWISH,
  SWL_LEAKY_RELU, // the only one with a slope
} swl_activation;

/// The tanh approximation is x / 2 (1 + tanh(u)) = x * sigmoid(2 u) with 2 u = x (linear + cubic x^2).
#define SWL_GELU_TANH_LINEAR 1.5957691216f // 2 sqrt(2 / pi)
#define SWL_GELU_TANH_CUBIC 0.0713548162726f // 0.044715 of it
#define SWL_QUICK_GELU_SLOPE 1.702f

/// How an operation writes its result. The last two fields only matter for SWL_U8:
/// byte = clamp(round_half_even(value * (1 / scale)) + zero_point, 0, 255), with 1 / scale rounded to float first.
typedef struct {
  swl_type type; // SWL_F32, SWL_BF16 or SWL_U8
  float scale;
  int32_t zero_point; // 0...255
} swl_output;

#endif
