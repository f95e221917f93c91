#ifndef SWL_POOL_KERNELS_H
#define SWL_POOL_KERNELS_H

#include "../common/scalar.h"
#include "../common/target.h"
#include "../common/window.h"
#include "swl_pool.h"

/// A tile is this many channels of a row of the output.
enum { SWL_POOL_BLOCK = 256 };

/// One output: the elements of a window, `count` channels from `x` on.
typedef struct {
  const void *x;
  size_t rows, columns;            // of the window, inside the picture
  size_t row_stride, column_stride; // elements
  size_t count;
  float divisor; // of a mean
} swl_pool_window;

/// A row of the list that dispatch and tests share: what becomes of one window, written from element `at` of y on.
typedef struct {
  swl_kernel kernel;
  void (*greatest_f32)(const swl_pool_window *w, float *y);
  void (*greatest_u8)(const swl_pool_window *w, uint8_t *y);
  void (*mean)(const swl_pool *op, const swl_pool_window *w, size_t at);
} swl_pool_kernel;

extern const swl_pool_kernel swl_pool_avx2, swl_pool_avx512, swl_pool_neon;

/// Whether the greatest of columns are found first and then those of them: fewer comparisons for all but small windows.
static inline bool swl_pool_is_split(const swl_pool *op) {
  return op->pooling == SWL_POOL_MAX && op->rows.kernel > 1 && op->columns.kernel > 1 &&
         op->rows.kernel * op->columns.kernel > 9;
}

/// What a mean of bytes, or a sum of floats, is multiplied by before it is written with `inverse_scale`.
static inline float swl_mean_factor(const swl_pool *op) {
  if (op->input.type != SWL_U8)
    return 1;
  return op->output.type == SWL_U8 ? op->input.scale / op->output.scale : op->input.scale;
}

static inline float swl_mean_inverse_scale(const swl_pool *op) {
  return op->input.type == SWL_U8 ? 1 : 1 / op->output.scale;
}

#endif
