// The epilogue of the linear layers on vectors. Included by the ISA files.

#include "../common/vector.h"
#include "linear_kernels.h"

enum { VECTORS = SWL_BLOCK / LANES };

/// What the outputs of a vector need.
typedef struct {
  floats scale, bias;
  ints correction;
} constants;

SWL_INLINE constants constants_of(const swl_finishing *f, size_t v) {
  constants c = {load(f->scale + v * LANES), load(f->bias + v * LANES), {}};
  memcpy(&c.correction, f->correction + v * LANES, sizeof c.correction);
  return c;
}

/// Sums with scales, bias and activation. `x_scale` is NULL, or where the token's scale lies.
SWL_INLINE floats finished(bool integer, swl_activation activation, float slope, bool to_bytes, constants c,
                           const float *x_scale, floats sums) {
  const floats numbers = integer ? __builtin_convertvector((ints)sums - c.correction, floats) : sums;
  floats value = integer ? multiply_add(numbers, c.scale, c.bias) : sums + c.bias;
  if (x_scale)
    value = multiply_add(numbers, c.scale * *x_scale, c.bias);
  return activation == SWL_GELU && to_bytes ? gelu_for_bytes(value) : activate(activation, slope, value);
}

/// Whole blocks stay in registers from the sums to the outputs.
SWL_INLINE void finish_blocks(const swl_finishing *f, bool integer, swl_activation activation, bool to_bytes,
                              const float *x_scales, const float *sums, size_t first_token, size_t tokens) {
  const swl_output output = f->op->output;
  const float *residual = f->op->epilogue.residual, inverse_scale = f->inverse_scale;
  const float slope = f->op->epilogue.slope;
  void *y = f->op->y;
  constants c[VECTORS]; // here, because outputs in bytes may be anything for all that a compiler knows, these too
  for (size_t v = 0; v < VECTORS; v++)
    c[v] = constants_of(f, v);
  size_t stride = f->op->y_stride, at = first_token * stride + f->first_output;
  for (size_t t = first_token; t < first_token + tokens; t++, at += stride, sums += SWL_BLOCK) {
    const float *x_scale = x_scales ? x_scales + t : NULL;
    floats values[VECTORS];
    for (size_t v = 0; v < VECTORS; v++)
      values[v] = finished(integer, activation, slope, to_bytes, c[v], x_scale, load(sums + v * LANES));
    if (residual)
      for (size_t v = 0; v < VECTORS; v++)
        values[v] += load(residual + at + v * LANES);
    if (to_bytes)
      store_u8((uint8_t *)y + at, values, VECTORS, inverse_scale, output.zero_point);
    else if (output.type == SWL_F32)
      for (size_t v = 0; v < VECTORS; v++)
        store((float *)y + at + v * LANES, values[v]);
    else
      for (size_t v = 0; v < VECTORS; v++)
        write_part(y, at + v * LANES, output, inverse_scale, values[v], LANES);
  }
}

/// One vector of outputs, of which the first `count` exist. Inlined for whole vectors, as parts take longer to write.
SWL_INLINE void finish_vector(const swl_finishing *f, size_t v, size_t count, const float *sums, size_t first_token,
                              size_t tokens) {
  const swl_linear *op = f->op;
  const swl_linear_epilogue e = op->epilogue;
  const swl_output output = op->output;
  const constants c = constants_of(f, v);
  const float inverse_scale = f->inverse_scale;
  const bool integer = f->integer, to_bytes = output.type == SWL_U8;
  size_t at = first_token * op->y_stride + f->first_output + v * LANES;
  for (size_t t = 0; t < tokens; t++, at += op->y_stride) {
    const float *x_scale = e.x_scales ? e.x_scales + first_token + t : NULL;
    floats value =
        finished(integer, e.activation, e.slope, to_bytes, c, x_scale, load(sums + t * SWL_BLOCK + v * LANES));
    if (e.residual)
      value += load_part(e.residual + at, count);
    write_part(op->y, at, output, inverse_scale, value, count);
  }
}

/// The last block, where it is narrower.
static void finish_part(const swl_finishing *f, const float *sums, size_t first_token, size_t tokens) {
  const size_t whole = f->outputs / LANES;
  for (size_t v = 0; v < whole; v++)
    finish_vector(f, v, LANES, sums, first_token, tokens);
  if (f->outputs % LANES)
    finish_vector(f, whole, f->outputs % LANES, sums, first_token, tokens);
}

void SWL_ISA_NAME(swl_linear_finish)(const swl_finishing *f, const void *sums, size_t first_token, size_t tokens) {
  if (f->outputs < SWL_BLOCK)
    return finish_part(f, sums, first_token, tokens);
  const swl_activation activation = f->op->epilogue.activation;
  const bool to_bytes = f->op->output.type == SWL_U8;
  const float *x_scales = f->op->epilogue.x_scales;
  // Outside the loops, so that what is common has a loop of its own.
  if (x_scales)
    finish_blocks(f, f->integer, activation, to_bytes, x_scales, sums, first_token, tokens);
  else if (f->integer && activation == SWL_IDENTITY && to_bytes)
    finish_blocks(f, true, SWL_IDENTITY, true, NULL, sums, first_token, tokens);
  else if (f->integer && activation == SWL_IDENTITY)
    finish_blocks(f, true, SWL_IDENTITY, false, NULL, sums, first_token, tokens);
  else if (f->integer && activation == SWL_GELU && to_bytes)
    finish_blocks(f, true, SWL_GELU, true, NULL, sums, first_token, tokens);
  else if (activation == SWL_IDENTITY)
    finish_blocks(f, f->integer, SWL_IDENTITY, to_bytes, NULL, sums, first_token, tokens);
  else if (activation == SWL_GELU)
    finish_blocks(f, f->integer, SWL_GELU, to_bytes, NULL, sums, first_token, tokens);
  else if (activation == SWL_RELU)
    finish_blocks(f, f->integer, SWL_RELU, to_bytes, NULL, sums, first_token, tokens);
  else if (activation == SWL_SILU)
    finish_blocks(f, f->integer, SWL_SILU, to_bytes, NULL, sums, first_token, tokens);
  else
    finish_blocks(f, f->integer, activation, to_bytes, NULL, sums, first_token, tokens);
}
