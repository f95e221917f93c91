#include "rows_kernels.h"

static void layer_norm_scalar(const float *x, const float *gamma, const float *beta, float epsilon, void *y,
                              swl_output output, size_t rows, size_t width) {
  for (size_t row = 0; row < rows; row++, x += width) {
    double mean = 0, variance = 0;
    for (size_t i = 0; i < width; i++)
      mean += x[i];
    mean /= (double)width;
    for (size_t i = 0; i < width; i++)
      variance += (x[i] - mean) * (x[i] - mean);
    variance /= (double)width;
    for (size_t i = 0; i < width; i++) {
      double normal = (x[i] - mean) / sqrt(variance + (double)epsilon);
      swl_write_scalar(y, row * width + i, output, (float)normal * (gamma ? gamma[i] : 1) + (beta ? beta[i] : 0));
    }
  }
}

static void softmax_scalar(const float *x, float *y, size_t rows, size_t width) {
  for (size_t row = 0; row < rows; row++, x += width, y += width) {
    float greatest = -INFINITY, sum = 0;
    for (size_t i = 0; i < width; i++)
      greatest = fmaxf(greatest, x[i]);
    for (size_t i = 0; i < width; i++)
      sum += y[i] = expf(x[i] - greatest);
    for (size_t i = 0; i < width; i++)
      y[i] /= sum;
  }
}

static void mean_rows_scalar(const float *x, float *y, size_t batch, size_t rows, size_t width) {
  for (size_t b = 0; b < batch; b++)
    for (size_t i = 0; i < width; i++) {
      float sum = 0;
      for (size_t row = 0; row < rows; row++)
        sum += x[(b * rows + row) * width + i];
      y[b * width + i] = sum / (float)rows;
    }
}

static void quantize_rows_scalar(const float *x, uint8_t *y, float *scales, size_t rows, size_t width) {
  for (size_t row = 0; row < rows; row++, x += width, y += width) {
    float greatest = 0;
    for (size_t i = 0; i < width; i++)
      greatest = swl_greatest(greatest, x[i]);
    scales[row] = greatest / 127;
    const float factor = swl_row_factor(greatest);
    for (size_t i = 0; i < width; i++)
      y[i] = swl_to_u8(x[i], factor, 128);
  }
}

static void rms_norm_scalar(const float *x, const float *gamma, float epsilon, void *y, swl_output output, size_t rows,
                            size_t width) {
  for (size_t row = 0; row < rows; row++, x += width) {
    double squares = 0;
    for (size_t i = 0; i < width; i++)
      squares += (double)x[i] * x[i];
    const double root = sqrt(squares / (double)width + (double)epsilon);
    for (size_t i = 0; i < width; i++)
      swl_write_scalar(y, row * width + i, output, (float)(x[i] / root) * (gamma ? gamma[i] : 1));
  }
}

static void gate_scalar(swl_activation activation, float slope, const float *a, const float *b, float *y,
                        size_t count) {
  for (size_t i = 0; i < count; i++)
    y[i] = swl_activate_scalar(activation, slope, a[i]) * b[i];
}

static void rotate_pair(float a, float b, float cosine, float sine, float *first, float *second) {
  *first = fmaf(a, cosine, -(b * sine));
  *second = fmaf(b, cosine, a * sine);
}

static void rotate_halves_scalar(const float *x, const float *cosines, const float *sines, float *y, size_t pairs) {
  for (size_t i = 0; i < pairs; i++)
    rotate_pair(x[i], x[pairs + i], cosines[i], sines[i], y + i, y + pairs + i);
}

static void top_k_scalar(const float *x, float *values, int64_t *indices, size_t rows, size_t width, size_t k) {
  for (size_t row = 0; row < rows; row++, x += width, values += k, indices += k)
    for (size_t i = 0, count = 0; i < width; i++)
      count = swl_insert(values, indices, count, k, x[i], (int64_t)i);
}

static const swl_rows reference = {{"rows", SWL_ISA_SCALAR}, layer_norm_scalar, softmax_scalar, mean_rows_scalar,
                                   quantize_rows_scalar,     rms_norm_scalar,   gate_scalar,    rotate_halves_scalar,
                                   top_k_scalar};

static const swl_rows *const kernels[] = {
#if SWL_X86
    &swl_rows_avx512, &swl_rows_avx2,
#endif
#if SWL_ARM
    &swl_rows_neon,
#endif
    &reference,
};

static const swl_rows *rows_for(swl_isa isa) {
  const swl_rows *const *row = kernels;
  while (!swl_isa_has(isa, (*row)->kernel.needs))
    row++;
  return *row;
}

const swl_kernel *swl_rows_kernel_at(size_t row) {
  return row < sizeof kernels / sizeof kernels[0] ? &kernels[row]->kernel : NULL;
}

const swl_kernel *swl_rows_kernel_for(swl_isa isa) { return &rows_for(isa)->kernel; }

void swl_layer_norm(swl_isa isa, const float *x, const float *gamma, const float *beta, float epsilon, void *y,
                    swl_output output, size_t rows, size_t width) {
  rows_for(isa)->layer_norm(x, gamma, beta, epsilon, y, output, rows, width);
}

void swl_softmax(swl_isa isa, const float *x, float *y, size_t rows, size_t width) {
  rows_for(isa)->softmax(x, y, rows, width);
}

void swl_quantize_rows(swl_isa isa, const float *x, uint8_t *y, float *scales, size_t rows, size_t width) {
  rows_for(isa)->quantize_rows(x, y, scales, rows, width);
}

void swl_mean_rows(swl_isa isa, const float *x, float *y, size_t batch, size_t rows, size_t width) {
  rows_for(isa)->mean_rows(x, y, batch, rows, width);
}

void swl_rms_norm(swl_isa isa, const float *x, const float *gamma, float epsilon, void *y, swl_output output,
                  size_t rows, size_t width) {
  rows_for(isa)->rms_norm(x, gamma, epsilon, y, output, rows, width);
}

void swl_gate(swl_isa isa, swl_activation activation, float slope, const float *a, const float *b, float *y,
              size_t count) {
  rows_for(isa)->gate(activation, slope, a, b, y, count);
}

void swl_rotate(swl_isa isa, swl_pairing pairing, const float *x, const float *cosines, const float *sines, float *y,
                size_t heads, size_t width, size_t pairs) {
  for (size_t head = 0; head < heads; head++, x += width, y += width) {
    if (pairing == SWL_HALVES)
      rows_for(isa)->rotate_halves(x, cosines, sines, y, pairs);
    else // neighbours, which compilers turn into vectors as they are
      for (size_t i = 0; i < pairs; i++)
        rotate_pair(x[2 * i], x[2 * i + 1], cosines[i], sines[i], y + 2 * i, y + 2 * i + 1);
    if (y != x)
      memcpy(y + 2 * pairs, x + 2 * pairs, (width - 2 * pairs) * sizeof(float));
  }
}

void swl_top_k(swl_isa isa, const float *x, float *values, int64_t *indices, size_t rows, size_t width, size_t k) {
  rows_for(isa)->top_k(x, values, indices, rows, width, k);
}
