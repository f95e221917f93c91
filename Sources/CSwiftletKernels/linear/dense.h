#ifndef SWL_DENSE_H
#define SWL_DENSE_H

#include "linear_kernels.h"

/// Adds up a register tile: 1...6 tokens and `vectors` vectors of outputs, to sums[tokens][SWL_BLOCK].
typedef void swl_dense_sums(size_t tokens, size_t vectors, const void *x, size_t x_stride_in_bytes, const void *weights,
                            size_t inputs, void *sums);

/// The same for one token and all SWL_BLOCK outputs of a tile, whose blocks lie `block_size` bytes apart.
typedef void swl_dense_one_token(const void *x, const void *weights, size_t block_size, size_t inputs, void *sums);

/// A dense kernel; dense.c is the frame.
typedef struct {
  swl_type type;        // of the plain weights
  size_t weight_size;   // bytes of a weight that `sums` reads
  size_t k_step;        // inputs that one instruction multiplies
  size_t lanes, width;  // outputs of a vector, of a block
  size_t convert_size;  // bytes of an element of x that `sums` reads
  swl_type direct_type; // the x_type that needs no conversion
  void (*convert)(const void *x, swl_type x_type, size_t inputs, void *converted); // one token; or NULL: never needed
  int32_t taken; // that `convert` takes away from every byte
  swl_dense_sums *sums;
  swl_dense_one_token *one_token; // reads weights as they are packed; NULL where `sums` is as fast
  // Where weights are packed in fewer bytes than `sums` reads, else NULL:
  swl_dense_sums *narrow_sums;                                       // reads them as they are packed
  void (*widen)(const void *packed, size_t vectors, void *wide); // vectors of `lanes` outputs and k_step inputs
  swl_linear_finish *finish;
} swl_dense;

extern const swl_dense swl_dense_f32_avx2, swl_dense_f32_avx512;
extern const swl_dense swl_dense_bf16_avx2, swl_dense_bf16_avx512, swl_dense_bf16_avx512bf16;
extern const swl_dense swl_dense_s8_avx2, swl_dense_s8_avx512vnni;
extern const swl_dense swl_dense_f32_neon, swl_dense_bf16_neon, swl_dense_bf16_neonbf16;
extern const swl_dense swl_dense_s8_neon, swl_dense_s8_neondot, swl_dense_s8_neoni8mm;

#endif
