#ifndef SWL_ATTENTION_KERNELS_H
#define SWL_ATTENTION_KERNELS_H

#include "../common/scalar.h"
#include "../common/target.h"
#include "swl_attention.h"

/// A row of the list that dispatch and tests share.
typedef struct {
  swl_kernel kernel;
  bool accepts[SWL_S8 + 1]; // by type
  bool streams;             // takes what swl_attention_streams is true of
  size_t step, steps;       // rows computed together; most steps of a tile
  size_t (*scratch_size)(const swl_attention *op);
  /// Prepares the keys and values of one head of keys in scratch, then computes rows of it: row r is query r / group of
  /// head `head * group + r % group`, group being the heads that share keys.
  void (*prepare)(const swl_attention *op, size_t batch, size_t head, void *scratch);
  void (*attend)(const swl_attention *op, size_t batch, size_t head, size_t first, size_t rows, void *scratch);
} swl_attention_kernel;

static inline size_t swl_attention_group(const swl_attention *op) {
  return op->key_heads ? op->heads / op->key_heads : 1;
}

/// Keys of a sample that there are.
static inline size_t swl_attention_keys(const swl_attention *op, size_t batch) {
  if (!op->lengths)
    return op->keys;
  return op->lengths[batch] < 0 ? 0 : swl_min((size_t)op->lengths[batch], op->keys);
}

/// Whether an operation has what only some kernels know: keys that are hidden, shared or judged by their distance.
static inline bool swl_attention_streams(const swl_attention *op) {
  return op->causal || swl_attention_group(op) > 1 || op->soft_cap != 0 || op->lengths || op->r.data;
}

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
extern const swl_attention_kernel swl_attention_stream_avx2, swl_attention_stream_avx512;
extern const swl_attention_kernel swl_attention_f32_neon, swl_attention_bf16_neonbf16, swl_attention_stream_neon;
extern const swl_attention_kernel swl_attention_u8_neon, swl_attention_u8_neondot, swl_attention_u8_neoni8mm;

#endif
