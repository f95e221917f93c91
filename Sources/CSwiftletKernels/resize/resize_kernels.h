#ifndef SWL_RESIZE_KERNELS_H
#define SWL_RESIZE_KERNELS_H

#include "../common/scalar.h"
#include "../common/target.h"
#include "swl_resize.h"

/// A tile is this many channels of a row of the output.
enum { SWL_RESIZE_BLOCK = 64 };

/// A row of the list that dispatch and tests share: a and b lie one above or beside the other, `count` elements each.
typedef struct {
  swl_kernel kernel;
  /// y = a + share * (b - a) of elements of the input, bytes as their difference to the zero point.
  void (*between_rows)(swl_output input, const void *a, const void *b, float share, float *y, size_t count);
  /// The same of floats, times `factor`, written from element `at` of y on.
  void (*between_columns)(const float *a, const float *b, float share, float factor, swl_output output, void *y,
                          size_t at, size_t count);
} swl_resize_kernel;

extern const swl_resize_kernel swl_resize_avx2, swl_resize_avx512, swl_resize_neon;

#endif
