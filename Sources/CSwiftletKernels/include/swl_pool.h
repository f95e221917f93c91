#ifndef SWL_POOL_H
#define SWL_POOL_H

#include "swl_pictures.h"

/// How the elements of a window become one.
typedef enum {
  SWL_POOL_MAX,
  SWL_POOL_AVERAGE,
} swl_pooling;

/// The greatest element or the mean of each window of pictures, channel by channel; what lies outside counts for nothing.
///
/// The greatest is of the input's type and grid, f32 or u8; NaN where one is, and the least of the type where a window
/// meets nothing. Means of f32 add up rows and then their sums, in f32. Means of u8 are exact sums of integers over the
/// divisor, for windows of at most 65536 elements, times input scale / output scale (which is 1 on one grid), rounded
/// half to even.
typedef struct {
  swl_isa isa;
  swl_pooling pooling;
  size_t batch, channels; // at least 1
  swl_side rows, columns;
  bool counts_padding; // means divide by the kernel's size, else by the number of elements met; 0 over 0 is NaN or zero
  const void *x;
  swl_pictures x_pictures;
  swl_output input; // SWL_F32 or SWL_U8
  void *y;
  swl_pictures y_pictures;
  swl_output output; // of means SWL_F32, SWL_BF16 or SWL_U8
} swl_pool;

/// As in swl_linear.h: tiles, bytes of scratch for each thread (aligned to 64 bytes), and the work on a range of tiles.
size_t swl_pool_tiles(const swl_pool *op);
size_t swl_pool_scratch_size(const swl_pool *op);
void swl_pool_run(const swl_pool *op, size_t first, size_t count, void *scratch);

/// Row `row` of the list, NULL behind the last, and the row that `isa` takes.
const swl_kernel *swl_pool_kernel_at(size_t row);
const swl_kernel *swl_pool_kernel_for(swl_isa isa);

#endif
