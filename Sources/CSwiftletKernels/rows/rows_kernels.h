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
} swl_rows;

extern const swl_rows swl_rows_avx2, swl_rows_avx512;

#endif
