#ifndef SWL_CACHE_KERNELS_H
#define SWL_CACHE_KERNELS_H

#include "../common/scalar.h"
#include "../common/target.h"
#include "swl_cache.h"

/// A row of the list that dispatch and tests share.
typedef struct {
  swl_kernel kernel;
  size_t step, steps; // rows computed together; most steps of a panel
  size_t (*scratch_size)(const swl_cache_attention *op);
  /// Computes rows of a head of keys: row r is query r / group of head `head * group + r % group`, group being the
  /// heads that share keys.
  void (*attend)(const swl_cache_attention *op, size_t batch, size_t head, size_t row, size_t rows, void *scratch);
  /// The same of some segments alone, into op->shared.
  void (*attend_segments)(const swl_cache_attention *op, size_t batch, size_t head, size_t first, size_t count,
                          void *scratch);
  /// Joins what op->shared holds of all segments.
  void (*join)(const swl_cache_attention *op, size_t batch, size_t head, void *scratch);
} swl_cache_attention_kernel;

static inline size_t swl_cache_group(const swl_cache_attention *op) { return op->heads / op->cache.heads; }
static inline size_t swl_cache_rows(const swl_cache_attention *op) { return op->queries * swl_cache_group(op); }
static inline size_t swl_cache_parts(const swl_cache *cache) { return swl_divide_up(cache->width, SWL_CACHE_PART); }
static inline size_t swl_cache_tiles(const swl_cache *cache) { return cache->capacity / SWL_CACHE_TILE; }

/// Elements of a head of keys, and of values.
static inline size_t swl_cache_head_keys(const swl_cache *cache) { return cache->capacity * cache->width; }
static inline size_t swl_cache_head_values(const swl_cache *cache) {
  return cache->capacity * swl_cache_parts(cache) * SWL_CACHE_PART;
}

/// Segments that hold what the last query sees.
static inline size_t swl_cache_segments(const swl_cache_attention *op) {
  return swl_divide_up(op->position + op->queries, SWL_SEGMENT);
}

/// Floats of a segment in op->shared: the greatest score of each row, the sum of its weights, and its weighted values.
static inline size_t swl_cache_shared_floats(const swl_cache_attention *op) {
  return swl_cache_rows(op) * (2 + swl_cache_parts(&op->cache) * SWL_CACHE_PART);
}

static inline float *swl_cache_shared_at(const swl_cache_attention *op, size_t batch, size_t head, size_t segment) {
  const size_t segments = swl_divide_up(op->cache.capacity, SWL_SEGMENT);
  return op->shared + ((batch * op->cache.heads + head) * segments + segment) * swl_cache_shared_floats(op);
}

/// Where one head of a query's result begins.
static inline size_t swl_cache_result(const swl_cache_attention *op, size_t batch, size_t head, size_t query) {
  return ((batch * op->queries + query) * op->heads + head) * op->cache.width;
}

extern const swl_cache_attention_kernel swl_cache_attention_reference;
extern const swl_cache_attention_kernel swl_cache_attention_avx2, swl_cache_attention_avx512,
    swl_cache_attention_neon;

#endif
