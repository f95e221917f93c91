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
  void (*rms_norm)(const float *x, const float *gamma, float epsilon, void *y, swl_output output, size_t rows,
                   size_t width);
  void (*gate)(swl_activation activation, float slope, const float *a, const float *b, float *y, size_t count);
  void (*rotate_halves)(const float *x, const float *cosines, const float *sines, float *y, size_t pairs);
  void (*top_k)(const float *x, float *values, int64_t *indices, size_t rows, size_t width, size_t k);
} swl_rows;

/// What elements of a row are multiplied by whose greatest magnitude is given; 0 where there is nothing to multiply.
static inline float swl_row_factor(float greatest) { return greatest > 0 ? 127 / greatest : 0; }

/// The greatest magnitude so far; NaN from the first NaN on.
static inline float swl_greatest(float greatest, float x) {
  return fabsf(x) <= greatest || greatest != greatest ? greatest : fabsf(x);
}

/// Whether a comes before b among the greatest: NaN before all numbers.
static inline bool swl_comes_before(float a, float b) { return a > b || (a != a && b == b); }

/// Puts a value into a sorted list of `count`, at most `most`, behind those that are as great: returns the new count.
static inline size_t swl_insert(float *values, int64_t *indices, size_t count, size_t most, float value,
                                int64_t index) {
  if (count == most && !swl_comes_before(value, values[count - 1]))
    return count;
  size_t at = count == most ? count - 1 : count;
  for (; at > 0 && swl_comes_before(value, values[at - 1]); at--)
    values[at] = values[at - 1], indices[at] = indices[at - 1];
  values[at] = value, indices[at] = index;
  return count == most ? count : count + 1;
}

extern const swl_rows swl_rows_avx2, swl_rows_avx512, swl_rows_neon;

#endif
