#ifndef SWL_CONVOLUTION_H
#define SWL_CONVOLUTION_H

#include "swl_linear.h"

/// A convolution of images as a linear layer on every position: what the kernel sees there is a token.
///
/// y[b][row][column][g * outputs + o] = epilogue(sum over i, j, c of x[b][g * channels + c]
///   [row * stride[0] + i * dilation[0] - padding[0]][column * stride[1] + j * dilation[1] - padding[1]]
///   * w[g][o][(i * kernel[1] + j) * channels + c]), where beyond the edges x stands for 0.
///
/// Weights are packed group by group by swl_linear_pack: the inputs of the layer are the positions of the kernel, row by
/// row, with the channels of a group side by side, so that an N:M pattern runs along channels. y has its channels
/// innermost; x may have them anywhere.
typedef struct {
  const swl_linear_kernel *linear;
  swl_linear_shape shape; // of a group; inputs = kernel[0] * kernel[1] * channels of a group
  size_t groups;
  const void *packed;   // of the first group, aligned to 64 bytes
  size_t packed_stride; // bytes between groups, a multiple of 64

  // Along height and width.
  size_t kernel[2], stride[2], dilation[2];
  size_t padding[2]; // before the first row and column

  size_t batch, size[2];  // of x
  size_t output_size[2];  // at least 1; padding behind is what these positions see beyond x
  const void *x;
  size_t x_sample, x_channel, x_row, x_column; // elements between neighbours
  swl_type x_type;
  int32_t x_zero_point; // as in swl_linear; what stands for 0

  void *y;         // [batch][output_size[0]][output_size[1]][y_stride]
  size_t y_stride; // elements from position to position, at least groups * outputs
  swl_output output;
  swl_linear_epilogue epilogue; // scale and bias are [groups * outputs], residual lies as y; x_scales is NULL
} swl_convolution;

/// Tiles, scratch and shares as in swl_linear. Neighbouring tiles share the positions that are gathered.
size_t swl_convolution_tiles(const swl_convolution *op);
size_t swl_convolution_scratch_size(const swl_convolution *op);
size_t swl_convolution_share(const swl_convolution *op, size_t thread, size_t threads);
void swl_convolution_run(const swl_convolution *op, size_t first, size_t count, void *scratch);

#endif
