#ifndef SWL_ATTENTION_KERNELS_H
#define SWL_ATTENTION_KERNELS_H

#include "../common/scalar.h"
#include "../common/target.h"
#include "swl_attention.h"

/// One way to compute attention: a row of the list that dispatch and tests share.
typedef struct {
  swl_isa isa;
  bool accepts[SWL_S8 + 1]; // by type
  size_t step, steps;       // queries computed together; most steps of a tile
  size_t (*scratch_size)(const swl_attention *op);
  /// Prepares the keys and values of one head in scratch, then computes queries of it.
  void (*prepare)(const swl_attention *op, size_t batch, size_t head, void *scratch);
  void (*attend)(const swl_attention *op, size_t batch, size_t head, size_t first, size_t queries, void *scratch);
} swl_attention_kernel;

extern const swl_attention_kernel swl_attention_reference;
extern const swl_attention_kernel swl_attention_f32_avx2, swl_attention_f32_avx512;
extern const swl_attention_kernel swl_attention_u8_avx2, swl_attention_u8_avx512vnni;
extern const swl_attention_kernel swl_attention_bf16_avx512bf16;

#endif
