// The operations on rows, on vectors. Included by the ISA files.

#include "../common/vector.h"
#include "rows_kernels.h"

enum { TOGETHER = 4 }; // rows that are normalised side by side, as each waits for its sums and a root

/// Adds up to `count` elements of a row to a sum, or with `squares` their squared differences from the mean.
SWL_INLINE floats add_part(floats sum, const float *x, size_t count, bool squares, float mean) {
  const floats value = load_part(x, count);
  if (!squares)
    return sum + value;
  const floats d = first_lanes(value - mean, count, 0); // lanes past the end are zero, not minus the mean
  return multiply_add(d, d, sum);
}

/// The sums of neighbouring rows.
SWL_INLINE void sum_rows(size_t rows, const float *x, size_t width, bool squares, const float *means, float *sums) {
  floats sum[TOGETHER];
  for (size_t row = 0; row < rows; row++)
    sum[row] = splat(0);
  size_t i = 0;
  for (; i + LANES <= width; i += LANES)
#pragma clang loop unroll(full)
    for (size_t row = 0; row < rows; row++)
      sum[row] = add_part(sum[row], x + row * width + i, LANES, squares, squares ? means[row] : 0);
  for (size_t row = 0; row < rows; row++) {
    if (i < width)
      sum[row] = add_part(sum[row], x + row * width + i, width - i, squares, squares ? means[row] : 0);
    sums[row] = sum_of(sum[row]);
  }
}

/// Up to `count` lanes of the result from element i on.
SWL_INLINE floats normalised(const float *x, const float *gamma, const float *beta, float mean, float factor, size_t i,
                             size_t count) {
  floats value = (load_part(x + i, count) - mean) * factor;
  if (gamma && beta)
    return multiply_add(value, load_part(gamma + i, count), load_part(beta + i, count));
  if (gamma)
    value *= load_part(gamma + i, count);
  if (beta)
    value += load_part(beta + i, count);
  return value;
}

/// `centred`: less the mean, which is 0 otherwise.
SWL_INLINE void normalise(bool centred, size_t rows, const float *x, const float *gamma, const float *beta, float epsilon, void *y,
                          swl_output output, size_t first_row, size_t width) {
  const float inverse_scale = 1 / output.scale;
  float means[TOGETHER] = {0}, factors[TOGETHER];
  x += first_row * width;
  if (centred) {
    sum_rows(rows, x, width, false, NULL, means);
    for (size_t row = 0; row < rows; row++)
      means[row] /= (float)width;
  }
  // The second pass over the rows, from the cache, avoids the cancellation of E[x^2] - E[x]^2.
  sum_rows(rows, x, width, true, means, factors);
  for (size_t row = 0; row < rows; row++)
    factors[row] = 1 / sqrtf(factors[row] / (float)width + epsilon);
  size_t i = 0;
  if (output.type == SWL_U8)
    for (; i + 4 * LANES <= width; i += 4 * LANES)
#pragma clang loop unroll(full)
      for (size_t row = 0; row < rows; row++) {
        floats values[4];
        for (size_t j = 0; j < 4; j++)
          values[j] = normalised(x + row * width, gamma, beta, means[row], factors[row], i + j * LANES, LANES);
        store_u8((uint8_t *)y + (first_row + row) * width + i, values, 4, inverse_scale, output.zero_point);
      }
  for (; i < width; i += LANES)
#pragma clang loop unroll(full)
    for (size_t row = 0; row < rows; row++)
      write_part(y, (first_row + row) * width + i, output, inverse_scale,
                 normalised(x + row * width, gamma, beta, means[row], factors[row], i, width - i), width - i);
}

static void layer_norm(const float *x, const float *gamma, const float *beta, float epsilon, void *y, swl_output output,
                       size_t rows, size_t width) {
  size_t row = 0;
  for (; row + TOGETHER <= rows; row += TOGETHER)
    normalise(true, TOGETHER, x, gamma, beta, epsilon, y, output, row, width);
  for (; row < rows; row++)
    normalise(true, 1, x, gamma, beta, epsilon, y, output, row, width);
}

static void rms_norm(const float *x, const float *gamma, float epsilon, void *y, swl_output output, size_t rows,
                     size_t width) {
  size_t row = 0;
  for (; row + TOGETHER <= rows; row += TOGETHER)
    normalise(false, TOGETHER, x, gamma, NULL, epsilon, y, output, row, width);
  for (; row < rows; row++)
    normalise(false, 1, x, gamma, NULL, epsilon, y, output, row, width);
}

static void softmax(const float *x, float *y, size_t rows, size_t width) {
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

static void mean_rows(const float *x, float *y, size_t batch, size_t rows, size_t width) {
  for (size_t b = 0; b < batch; b++)
    for (size_t i = 0; i < width; i += LANES) {
      floats sum = splat(0);
      for (size_t row = 0; row < rows; row++)
        sum += load_part(x + (b * rows + row) * width + i, width - i);
      store_part(y + b * width + i, sum / (float)rows, width - i);
    }
}

static void quantize_rows(const float *x, uint8_t *y, float *scales, size_t rows, size_t width) {
  for (size_t row = 0; row < rows; row++, x += width, y += width) {
    const size_t whole = width / LANES * LANES;
    floats most = splat(0);
    for (size_t i = 0; i < whole; i += LANES) {
      const floats magnitude = __builtin_elementwise_abs(load(x + i));
      most = choose((magnitude <= most) | (most != most), most, magnitude);
    }
    float greatest = 0;
    for (size_t lane = 0; lane < LANES; lane++)
      greatest = swl_greatest(greatest, most[lane]);
    for (size_t i = whole; i < width; i++)
      greatest = swl_greatest(greatest, x[i]);
    scales[row] = greatest / 127;
    const float factor = swl_row_factor(greatest);
    size_t i = 0;
    for (; i + 4 * LANES <= width; i += 4 * LANES) {
      floats values[4];
      for (size_t v = 0; v < 4; v++)
        values[v] = load(x + i + v * LANES);
      store_u8(y + i, values, 4, factor, 128);
    }
    for (; i < width; i += LANES)
      store_bytes(y + i, to_u8(load_part(x + i, width - i), factor, 128), width - i);
  }
}

static void gate(swl_activation activation, float slope, const float *a, const float *b, float *y, size_t count) {
  for (size_t i = 0; i < count; i += LANES)
    store_part(y + i, activate(activation, slope, load_part(a + i, count - i)) * load_part(b + i, count - i), count - i);
}

static void rotate_halves(const float *x, const float *cosines, const float *sines, float *y, size_t pairs) {
  for (size_t i = 0; i < pairs; i += LANES) {
    const size_t left = pairs - i;
    const floats a = load_part(x + i, left), b = load_part(x + pairs + i, left);
    const floats c = load_part(cosines + i, left), s = load_part(sines + i, left);
    store_part(y + i, multiply_add(a, c, -(b * s)), left);
    store_part(y + pairs + i, multiply_add(b, c, a * s), left);
  }
}

/// Whether each lane is NaN or above `least`, that is, might be among the greatest.
SWL_INLINE bool any_above(floats x, float least) {
  const ints above = (x > least) | (x != x);
  int32_t any = 0;
  for (int lane = 0; lane < LANES; lane++)
    any |= above[lane];
  return any != 0;
}

static void top_k(const float *x, float *values, int64_t *indices, size_t rows, size_t width, size_t k) {
  for (size_t row = 0; row < rows; row++, x += width, values += k, indices += k) {
    size_t count = 0, i = 0;
    for (; i < width && count < k; i++)
      count = swl_insert(values, indices, count, k, x[i], (int64_t)i);
    for (; i + LANES <= width; i += LANES)
      if (any_above(load(x + i), values[k - 1]))
        for (size_t lane = 0; lane < LANES; lane++)
          swl_insert(values, indices, k, k, x[i + lane], (int64_t)(i + lane));
    for (; i < width; i++)
      swl_insert(values, indices, k, k, x[i], (int64_t)i);
  }
}

const swl_rows SWL_ISA_NAME(swl_rows) = {
    {SWL_ISA_TITLE("rows"), SWL_NEEDS}, layer_norm, softmax, mean_rows, quantize_rows, rms_norm, gate, rotate_halves,
    top_k};
