// The epilogue of the linear layers on vectors. Included by the ISA files.

#include "../common/vector.h"
#include "linear_kernels.h"

enum { VECTORS = SWL_BLOCK / LANES };

/// Vector v of the sums of a token, with scale, bias and activation.
SWL_INLINE floats finished(const swl_finishing *f, swl_activation activation, const void *sums, size_t v) {
  floats value = load((const float *)sums + v * LANES), bias = load(f->bias + v * LANES);
  if (f->integer) {
    ints correction;
    memcpy(&correction, f->correction + v * LANES, sizeof correction);
    value = multiply_add(__builtin_convertvector((ints)value - correction, floats), load(f->scale + v * LANES), bias);
  } else {
    value += bias;
  }
  return activate(activation, value);
}

/// Whole blocks stay in registers from the sums to the outputs.
SWL_INLINE void finish_blocks(const swl_finishing *f, swl_activation activation, const float *sums, size_t first_token,
                              size_t tokens) {
  const swl_output output = f->op->output;
  const float *residual = f->op->epilogue.residual, inverse_scale = f->inverse_scale;
  void *y = f->op->y;
  size_t stride = f->op->y_stride, at = first_token * stride + f->first_output;
  for (; tokens > 0; tokens--, at += stride, sums += SWL_BLOCK) {
    floats values[VECTORS];
    for (size_t v = 0; v < VECTORS; v++)
      values[v] = finished(f, activation, sums, v);
    if (residual)
      for (size_t v = 0; v < VECTORS; v++)
        values[v] += load(residual + at + v * LANES);
    if (output.type == SWL_U8)
      store_u8((uint8_t *)y + at, values, VECTORS, inverse_scale, output.zero_point);
    else if (output.type == SWL_F32)
      for (size_t v = 0; v < VECTORS; v++)
        store((float *)y + at + v * LANES, values[v]);
    else
      for (size_t v = 0; v < VECTORS; v++)
        write_part(y, at + v * LANES, output, inverse_scale, values[v], LANES);
  }
}

/// The last block, where it is narrower.
static void finish_part(const swl_finishing *f, const float *sums, size_t first_token, size_t tokens) {
  const swl_linear *op = f->op;
  for (size_t t = 0; t < tokens; t++)
    for (size_t i = 0; i < f->outputs; i += LANES) {
      floats value = finished(f, op->epilogue.activation, sums + t * SWL_BLOCK, i / LANES);
      size_t at = (first_token + t) * op->y_stride + f->first_output + i, left = f->outputs - i;
      if (op->epilogue.residual)
        value += load_part(op->epilogue.residual + at, left);
      write_part(op->y, at, op->output, f->inverse_scale, value, left);
    }
}

void SWL_ISA_NAME(swl_linear_finish)(const swl_finishing *f, const void *sums, size_t first_token, size_t tokens) {
  if (f->outputs < SWL_BLOCK)
    return finish_part(f, sums, first_token, tokens);
  switch (f->op->epilogue.activation) { // outside the loops, so that each has one
  case SWL_IDENTITY:
    return finish_blocks(f, SWL_IDENTITY, sums, first_token, tokens);
  case SWL_GELU:
    return finish_blocks(f, SWL_GELU, sums, first_token, tokens);
  default:
    return finish_blocks(f, f->op->epilogue.activation, sums, first_token, tokens);
  }
}
