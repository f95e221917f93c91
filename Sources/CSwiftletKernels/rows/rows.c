#include "../common/scalar.h"
#include "swl_rows.h"

void swl_layer_norm(swl_isa isa, const float *x, const float *gamma, const float *beta, float epsilon, void *y,
                    swl_output output, size_t rows, size_t width) {
  (void)isa;
  for (size_t row = 0; row < rows; row++, x += width) {
    float mean = 0, variance = 0;
    for (size_t i = 0; i < width; i++)
      mean += x[i] / (float)width;
    for (size_t i = 0; i < width; i++)
      variance += (x[i] - mean) * (x[i] - mean) / (float)width;
    for (size_t i = 0; i < width; i++)
      swl_write_scalar(y, row * width + i, output,
                       (x[i] - mean) / sqrtf(variance + epsilon) * (gamma ? gamma[i] : 1) + (beta ? beta[i] : 0));
  }
}

void swl_softmax(swl_isa isa, const float *x, float *y, size_t rows, size_t width) {
  (void)isa;
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

void swl_mean_rows(swl_isa isa, const float *x, float *y, size_t batch, size_t rows, size_t width) {
  (void)isa;
  for (size_t b = 0; b < batch; b++)
    for (size_t i = 0; i < width; i++) {
      float sum = 0;
      for (size_t row = 0; row < rows; row++)
        sum += x[(b * rows + row) * width + i];
      y[b * width + i] = sum / (float)rows;
    }
}
