// The operations on rows, on vectors. Included by the ISA files.

#include "../common/vector.h"
#include "rows_kernels.h"

/// Up to `count` lanes of the result from element i on.
SWL_INLINE floats normalised(const float *x, const float *gamma, const float *beta, float mean, float factor, size_t i,
                             size_t count) {
  floats value = (load_part(x + i, count) - mean) * factor;
  if (gamma)
    value *= load_part(gamma + i, count);
  if (beta)
    value += load_part(beta + i, count);
  return value;
}

void SWL_ISA_NAME(swl_layer_norm)(const float *x, const float *gamma, const float *beta, float epsilon, void *y,
                                  swl_output output, size_t rows, size_t width) {
  const float inverse_scale = 1 / output.scale;
  const size_t whole = width / LANES * LANES;
  for (size_t row = 0; row < rows; row++, x += width) {
    floats sums[4] = {splat(0), splat(0), splat(0), splat(0)}; // four chains of additions
    size_t i = 0;
    for (; i + 4 * LANES <= whole; i += 4 * LANES)
      for (size_t j = 0; j < 4; j++)
        sums[j] += load(x + i + j * LANES);
    for (; i < width; i += LANES)
      sums[0] += load_part(x + i, width - i);
    const float mean = sum_of((sums[0] + sums[1]) + (sums[2] + sums[3])) / (float)width;

    // The second pass over the row, from the cache, avoids the cancellation of E[x^2] - E[x]^2.
    for (size_t j = 0; j < 4; j++)
      sums[j] = splat(0);
    for (i = 0; i + 4 * LANES <= whole; i += 4 * LANES)
      for (size_t j = 0; j < 4; j++) {
        floats d = load(x + i + j * LANES) - mean;
        sums[j] = multiply_add(d, d, sums[j]);
      }
    for (; i < width; i += LANES) {
      floats d = load_part(x + i, width - i) - mean;
      if (width - i < LANES) // lanes past the end are zero, not minus the mean
        d = first_lanes(d, width - i, 0);
      sums[0] = multiply_add(d, d, sums[0]);
    }
    const float variance = sum_of((sums[0] + sums[1]) + (sums[2] + sums[3])) / (float)width;
    const float factor = 1 / sqrtf(variance + epsilon);

    i = 0;
    if (output.type == SWL_U8)
      for (; i + 4 * LANES <= whole; i += 4 * LANES) {
        floats values[4];
        for (size_t j = 0; j < 4; j++)
          values[j] = normalised(x, gamma, beta, mean, factor, i + j * LANES, LANES);
        store_u8((uint8_t *)y + row * width + i, values, 4, inverse_scale, output.zero_point);
      }
    for (; i < width; i += LANES)
      write_part(y, row * width + i, output, inverse_scale, normalised(x, gamma, beta, mean, factor, i, width - i),
                 width - i);
  }
}

void SWL_ISA_NAME(swl_softmax)(const float *x, float *y, size_t rows, size_t width) {
  for (size_t row = 0; row < rows; row++, x += width, y += width) {
    floats greatest = splat(-INFINITY);
    size_t whole = width / LANES * LANES;
    for (size_t i = 0; i < whole; i += LANES)
      greatest = greater(greatest, load(x + i));
    float top = greatest_of(greatest);
    for (size_t i = whole; i < width; i++)
      top = x[i] > top ? x[i] : top;

    floats sums = splat(0);
    for (size_t i = 0; i < whole; i += LANES) {
      floats e = exponential(load(x + i) - top);
      store(y + i, e);
      sums += e;
    }
    float sum = sum_of(sums);
    if (whole < width) {
      store_part(y + whole, exponential(load_part(x + whole, width - whole) - top), width - whole);
      for (size_t i = whole; i < width; i++)
        sum += y[i];
    }

    const float factor = 1 / sum;
    for (size_t i = 0; i < width; i += LANES)
      store_part(y + i, load_part(y + i, width - i) * factor, width - i);
  }
}

void SWL_ISA_NAME(swl_mean_rows)(const float *x, float *y, size_t batch, size_t rows, size_t width) {
  for (size_t b = 0; b < batch; b++)
    for (size_t i = 0; i < width; i += LANES) {
      floats sum = splat(0);
      for (size_t row = 0; row < rows; row++)
        sum += load_part(x + (b * rows + row) * width + i, width - i);
      store_part(y + b * width + i, sum / (float)rows, width - i);
    }
}
