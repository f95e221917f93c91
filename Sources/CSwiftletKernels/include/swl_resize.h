#ifndef SWL_RESIZE_H
#define SWL_RESIZE_H

#include "swl_pictures.h"

/// How pixels between pixels come about.
typedef enum {
  SWL_NEAREST,
  SWL_BILINEAR,
} swl_interpolation;

/// Along height or width: output o lies at input o * step, or with half pixels at (o + 1/2) * step - 1/2, but not below 0.
/// The position is computed in f32. The nearest pixel is the one before it; pixels beyond the last are the last.
typedef struct {
  size_t inputs, outputs; // lengths, at least 1
  float step;             // how far neighbours of the output lie apart in the input
} swl_resized_side;

/// Enlarges or shrinks pictures, channel by channel.
///
/// The nearest pixel is copied: input and output are of one type and grid. Between two pixels a and b at a share s of the
/// way lies a + s (b - a) in f32 with one rounding after the difference, first from row to row, then from column to
/// column; of bytes the difference to the zero point is meant, and the result is multiplied by input scale / output scale
/// and rounded half to even.
typedef struct {
  swl_isa isa;
  swl_interpolation interpolation;
  bool half_pixels;       // else output 0 is input 0
  size_t batch, channels; // at least 1
  swl_resized_side rows, columns;
  const void *x;
  swl_pictures x_pictures;
  swl_output input; // nearest: any type; else SWL_F32 or SWL_U8
  void *y;
  swl_pictures y_pictures;
  swl_output output;
} swl_resize;

/// As in swl_linear.h: tiles, bytes of scratch for each thread (aligned to 64 bytes), and the work on a range of tiles.
size_t swl_resize_tiles(const swl_resize *op);
size_t swl_resize_scratch_size(const swl_resize *op);
void swl_resize_run(const swl_resize *op, size_t first, size_t count, void *scratch);

/// Row `row` of the list, NULL behind the last, and the row that `isa` takes.
const swl_kernel *swl_resize_kernel_at(size_t row);
const swl_kernel *swl_resize_kernel_for(swl_isa isa);

#endif
