#ifndef SWL_DEPTHWISE_H
#define SWL_DEPTHWISE_H

#include "swl_pictures.h"

/// A convolution that sees one channel at a time: output o of a pixel is
/// epilogue(sum over positions k of (x[channel o / (outputs / channels)][position k] - x_zero_point) * w[o][k]).
///
/// Positions outside of the picture count for nothing. f32 weights take f32 x; bf16 weights, which are given as floats,
/// take f32 x (rounded to bf16 first) or bf16 x; both sum in f32, in the order of the positions. s8 weights take u8 x and
/// sum in int32: exact while there are at most 65536 positions.
typedef struct {
  swl_isa isa;
  swl_type type; // of the weights: SWL_F32, SWL_BF16 or SWL_S8
  size_t batch, channels, outputs; // at least 1; outputs is a multiple of channels
  swl_side rows, columns;
  const void *packed; // what swl_depthwise_pack wrote, aligned to 64 bytes
  const void *x;
  swl_pictures x_pictures;
  swl_type x_type;
  int32_t x_zero_point; // 0...255; 0 unless x is u8
  void *y;
  swl_pictures y_pictures; // of outputs
  swl_output output;
  const float *scale; // [outputs], for s8: factor of the integer sum, input scale * weight scale
  const float *bias;  // [outputs], or NULL
  swl_activation activation;
  float slope; // of SWL_LEAKY_RELU
} swl_depthwise;

/// Bytes for swl_depthwise_pack. Allocate them aligned to 64 bytes.
size_t swl_depthwise_packed_size(swl_type type, size_t outputs, size_t positions);

/// Packs `values`, [outputs][positions] of float, or of int8_t for SWL_S8. A position is row by row through the kernel.
void swl_depthwise_pack(swl_type type, size_t outputs, size_t positions, const void *values, void *packed);

/// As in swl_linear.h: tiles, bytes of scratch for each thread (aligned to 64 bytes), and the work on a range of tiles.
size_t swl_depthwise_tiles(const swl_depthwise *op);
size_t swl_depthwise_scratch_size(const swl_depthwise *op);
void swl_depthwise_run(const swl_depthwise *op, size_t first, size_t count, void *scratch);

/// Row `row` of the list, NULL behind the last, and the row that `isa` takes.
const swl_kernel *swl_depthwise_kernel_at(size_t row);
const swl_kernel *swl_depthwise_kernel_for(swl_isa isa);

#endif
