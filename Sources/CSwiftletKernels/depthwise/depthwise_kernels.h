#ifndef SWL_DEPTHWISE_KERNELS_H
#define SWL_DEPTHWISE_KERNELS_H

#include "../common/scalar.h"
#include "../common/target.h"
#include "../common/window.h"
#include "swl_depthwise.h"

enum {
  SWL_DEPTHWISE_TILE = 32,   // pixels of a row of the output
  SWL_DEPTHWISE_PIXELS = 4,  // neighbours whose kernels lie inside are computed together
  SWL_DEPTHWISE_LANES = 16,  // outputs are filled up to a multiple of it
};

/// Where a position of the kernel finds its channels.
typedef struct {
  const char *x;
  size_t step; // bytes to the same position of the next pixel of the output
} swl_tap;

/// A row of the list that dispatch and tests share: `pixels` neighbours in a row, the first from element `at` of y on.
/// Taps are as many as positions, and one more where s8 weights have an odd number.
typedef struct {
  swl_kernel kernel;
  void (*run)(const swl_depthwise *op, const swl_tap *taps, size_t pixels, size_t at);
} swl_depthwise_kernel;

extern const swl_depthwise_kernel swl_depthwise_avx2, swl_depthwise_avx512, swl_depthwise_neon;

static inline size_t swl_positions(const swl_depthwise *op) { return op->rows.kernel * op->columns.kernel; }
static inline size_t swl_padded_outputs(size_t outputs) { return swl_round_up(outputs, SWL_DEPTHWISE_LANES); }

// Packed: floats [positions][padded outputs]; or the sums of s8 weights, int32_t [padded outputs], and the weights of two
// positions side by side, int16_t [pairs][padded outputs][2].

static inline const float *swl_float_weights(const swl_depthwise *op) { return op->packed; }
static inline const int32_t *swl_weight_sums(const swl_depthwise *op) { return op->packed; }
static inline const int16_t *swl_pair_weights(const swl_depthwise *op) {
  return (const int16_t *)((const int32_t *)op->packed + swl_padded_outputs(op->outputs));
}

#endif
