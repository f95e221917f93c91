#ifndef SWL_ROWS_KERNELS_H
#define SWL_ROWS_KERNELS_H

#include "../common/scalar.h"
#include "../common/target.h"
#include "swl_rows.h"

/// A row of the list that dispatch and tests share: the operations of swl_rows.h.
typedef struct {
  swl_kernel kernel;
  void (*layer_norm)(const float *x, const float *gamma, const float *beta, float epsilon, void *y, swl_output output,
                     size_t rows, size_t width);
  void (*softmax)(const float *x, float *y, size_t rows, size_t width);
  void (*mean_rows)(const float *x, float *y, size_t batch, size_t rows, size_t width);
  void (*quantize_rows)(const float *x, uint8_t *y, float *scales, size_t rows, size_t width);
} swl_rows;

/// What elements of a row are multiplied by whose greatest magnitude is given; 0 where there is nothing to multiply.
static inline float swl_row_factor(float greatest) { return greatest > 0 ? 127 / greatest : 0; }

/// The greatest magnitude so far; NaN from the first NaN on.
static inline float swl_greatest(float greatest, float x) {
  return fabsf(x) <= greatest || greatest != greatest ? greatest : fabsf(x);
}

extern const swl_rows swl_rows_avx2, swl_rows_avx512, swl_rows_neon;

#endif
