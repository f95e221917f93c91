// Pixels between pixels on vectors of channels. Included by the ISA files.

#include "../common/vector.h"
#include "resize_kernels.h"

SWL_INLINE floats between(floats a, floats b, float share) { return multiply_add(splat(share), b - a, a); }

/// Up to `count` elements as floats, bytes as their difference to the zero point.
SWL_INLINE floats elements(swl_output input, const void *x, size_t i, size_t count) {
  if (input.type != SWL_U8)
    return load_part((const float *)x + i, count);
  return read_part(x, i, (swl_output){SWL_U8, 1, input.zero_point}, count);
}

static void between_rows(swl_output input, const void *a, const void *b, float share, float *y, size_t count) {
  size_t i = 0;
  if (input.type == SWL_F32)
    for (; i + LANES <= count; i += LANES)
      store(y + i, between(load((const float *)a + i), load((const float *)b + i), share));
  else
    for (; i + LANES <= count; i += LANES)
      store(y + i, between(elements(input, a, i, LANES), elements(input, b, i, LANES), share));
  for (; i < count; i += LANES)
    store_part(y + i, between(elements(input, a, i, count - i), elements(input, b, i, count - i), share), count - i);
}

static void between_columns(const float *a, const float *b, float share, float factor, swl_output output, void *y,
                            size_t at, size_t count) {
  const float inverse_scale = 1 / output.scale;
  size_t i = 0;
  if (output.type == SWL_U8)
    for (; i + 4 * LANES <= count; i += 4 * LANES) {
      floats values[4];
      for (size_t v = 0; v < 4; v++)
        values[v] = between(load(a + i + v * LANES), load(b + i + v * LANES), share) * factor;
      store_u8((uint8_t *)y + at + i, values, 4, inverse_scale, output.zero_point);
    }
  if (output.type == SWL_F32)
    for (; i + LANES <= count; i += LANES)
      store((float *)y + at + i, between(load(a + i), load(b + i), share) * factor);
  for (; i < count; i += LANES)
    write_part(y, at + i, output, inverse_scale,
               between(load_part(a + i, count - i), load_part(b + i, count - i), share) * factor, count - i);
}

const swl_resize_kernel SWL_ISA_NAME(swl_resize) = {
    {SWL_ISA_TITLE("resize"), SWL_NEEDS}, between_rows, between_columns};
