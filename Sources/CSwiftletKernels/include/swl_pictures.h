#ifndef SWL_PICTURES_H
#define SWL_PICTURES_H

#include "swl_types.h"

/// Where pictures lie whose channels are neighbours: channel c of row i and column j of image b is element
/// b * image + i * row + j * column + c.
typedef struct {
  size_t image, row, column; // elements
} swl_pictures;

/// How a kernel walks along the height or the width: position k of output o meets input
/// o * stride + k * dilation - padding.
typedef struct {
  size_t inputs, outputs; // lengths, at least 1
  size_t kernel, stride, padding, dilation;
} swl_side;

#endif
