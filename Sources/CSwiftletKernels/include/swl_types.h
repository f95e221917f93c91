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
} swl_type;

/// Activation functions; gelu is x * Phi(x) through erf, not the tanh approximation.
typedef enum { SWL_IDENTITY, SWL_RELU, SWL_GELU, SWL_SILU, SWL_SIGMOID } swl_activation;

/// How an operation writes its result. The last two fields only matter for SWL_U8:
/// byte = clamp(round_half_even(value * (1 / scale)) + zero_point, 0, 255), with 1 / scale rounded to float first.
typedef struct {
  swl_type type; // SWL_F32, SWL_BF16 or SWL_U8
  float scale;
  int32_t zero_point; // 0...255
} swl_output;

#endif
