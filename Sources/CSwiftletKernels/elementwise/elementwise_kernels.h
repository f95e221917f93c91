#ifndef SWL_ELEMENTWISE_KERNELS_H
#define SWL_ELEMENTWISE_KERNELS_H

#include "../common/scalar.h"
#include "../common/target.h"
#include "swl_elementwise.h"

/// A row of the list that dispatch and tests share: the operations of swl_elementwise.h.
typedef struct {
  swl_kernel kernel;
  void (*activate)(swl_activation activation, float slope, const float *x, float *y, size_t count);
  void (*map_bytes)(const uint8_t *table, const uint8_t *x, uint8_t *y, size_t count);
  void (*add)(const float *a, const float *b, float *y, size_t count);
  void (*mul)(const float *a, const float *b, float *y, size_t count);
  void (*scale)(const float *a, float scale, float shift, float *y, size_t count);
  void (*write)(const float *x, swl_output output, void *y, size_t count);
  void (*read)(const void *x, swl_output input, float *y, size_t count);
} swl_elementwise;

/// The first row whose features `isa` has.
const swl_elementwise *swl_elementwise_for(swl_isa isa);

extern const swl_elementwise swl_elementwise_avx2, swl_elementwise_avx512, swl_elementwise_neon;

#endif
