#ifndef SWL_ATTENTION_KERNELS_H
#define SWL_ATTENTION_KERNELS_H

#include "../common/scalar.h"
#include "../common/target.h"
#include "swl_attention.h"

/// A row of the list that dispatch and tests share.
typedef struct {
  swl_kernel kernel;
  bool accepts[SWL_S8 + 1]; // by type
  size_t step, steps;       // queries computed together; most steps of a tile
  size_t (*scratch_size)(const swl_attention *op);
  /// Prepares the keys and values of one head in scratch, then computes queries of it.
  void (*prepare)(const swl_attention *op, size_t batch, size_t head, void *scratch);
  void (*attend)(const swl_attention *op, size_t batch, size_t head, size_t first, size_t queries, void *scratch);
} swl_attention_kernel;

/// Where a token stands: its image, and the row of it.
static inline size_t swl_attention_image(const swl_attention *op, size_t batch) {
  return op->rows ? batch / op->windows : batch;
}

static inline size_t swl_attention_row(const swl_attention *op, size_t batch, size_t token) {
  return op->rows ? op->rows[batch % op->windows * op->queries + token] : token;
}

/// Where one head of a query's result begins.
static inline size_t swl_attention_result(const swl_attention *op, size_t batch, size_t head, size_t query) {
  const size_t image_rows = op->queries * (op->rows ? op->windows : 1);
  const size_t row = swl_attention_image(op, batch) * image_rows + swl_attention_row(op, batch, query);
  return (row * op->heads + head) * op->width;
}

static inline const float *swl_attention_mask_row(const swl_attention *op, size_t batch, size_t query) {
  return op->mask ? op->mask + (batch % op->masks * op->queries + query) * op->keys : NULL;
}

extern const swl_attention_kernel swl_attention_reference;
extern const swl_attention_kernel swl_attention_f32_avx2, swl_attention_f32_avx512;
extern const swl_attention_kernel swl_attention_u8_avx2, swl_attention_u8_avx512vnni;
extern const swl_attention_kernel swl_attention_bf16_avx512bf16;

#endif
