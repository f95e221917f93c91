// The epilogue of the linear layers on vectors. Included by the ISA files.

#include "../common/vector.h"
#include "linear_kernels.h"

void SWL_ISA_NAME(swl_linear_finish)(const swl_finishing *f, const void *sums, size_t first_token, size_t tokens) {
  const swl_linear *op = f->op;
  for (size_t t = 0; t < tokens; t++)
    for (size_t i = 0; i < f->outputs; i += LANES) {
      floats value;
      if (f->integer) {
        ints sum, correction;
        memcpy(&sum, (const int32_t *)sums + t * SWL_BLOCK + i, sizeof sum);
        memcpy(&correction, f->correction + i, sizeof correction);
        value = multiply_add(__builtin_convertvector(sum - correction, floats), load(f->scale + i), load(f->bias + i));
      } else {
        value = load((const float *)sums + t * SWL_BLOCK + i) + load(f->bias + i);
      }
      value = activate(op->epilogue.activation, value);
      size_t at = (first_token + t) * op->y_stride + f->first_output + i, left = f->outputs - i;
      if (op->epilogue.residual)
        value += load_part(op->epilogue.residual + at, left);
      write_part(op->y, at, op->output, f->inverse_scale, value, left);
    }
}
