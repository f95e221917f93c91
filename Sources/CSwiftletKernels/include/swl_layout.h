#ifndef SWL_LAYOUT_H
#define SWL_LAYOUT_H

#include "swl_types.h"

/// Cuts images into patches, as a convolution whose stride equals its kernel reads them:
/// y[b][row * (image_width / patch) + column][(channel * patch + i) * patch + j]
///   = x[b][channel][row * patch + i][column * patch + j].
typedef struct {
  const float *x; // [batch][channels][height][width]
  size_t batch, channels, height, width;
  size_t patch; // divides height and width
  void *y;      // [batch][patches][channels * patch * patch]
  swl_output output;
} swl_patchify;

/// Rows of patches, the unit of work: batch * height / patch.
size_t swl_patchify_tiles(const swl_patchify *op);
void swl_patchify_run(swl_isa isa, const swl_patchify *op, size_t first, size_t count);

enum { SWL_MAX_RANK = 8 };

/// Copies a strided view, for permutations, slices, broadcasts (stride 0) and concatenation:
/// y[i0 * y_stride[0] + i1 * y_stride[1] + ...] = x[i0 * x_stride[0] + ...] for every index below shape.
/// Strides count elements.
typedef struct {
  size_t element_size; // bytes: 1, 2, 4 or 8
  size_t rank;         // at most SWL_MAX_RANK
  size_t shape[SWL_MAX_RANK];
  size_t x_stride[SWL_MAX_RANK];
  size_t y_stride[SWL_MAX_RANK];
  const void *x;
  void *y; // must not overlap x
} swl_copy;

void swl_copy_run(const swl_copy *op);

#endif
