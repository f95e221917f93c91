#include "cache_elements.h"
#include "cache_kernels.h"

static float read_key(const swl_cache_attention *op, size_t b, size_t head, size_t key, size_t i) {
  const swl_cache *cache = &op->cache;
  const size_t tile = (b * cache->heads + head) * swl_cache_tiles(cache) + key / SWL_CACHE_TILE;
  return swl_read_cached(op->keys, (tile * cache->width + i) * SWL_CACHE_TILE + key % SWL_CACHE_TILE, cache->type);
}

static float read_value(const swl_cache_attention *op, size_t b, size_t head, size_t key, size_t i) {
  const swl_cache *cache = &op->cache;
  const size_t tile = (b * cache->heads + head) * swl_cache_tiles(cache) + key / SWL_CACHE_TILE;
  const size_t part = tile * swl_cache_parts(cache) + i / SWL_CACHE_PART;
  return swl_read_cached(op->values, (part * SWL_CACHE_TILE + key % SWL_CACHE_TILE) * SWL_CACHE_PART + i % SWL_CACHE_PART,
                      cache->type);
}

/// One head of one query; `weights` has room for all keys.
static void attend_query(const swl_cache_attention *op, size_t b, size_t h, size_t query, float *weights) {
  const size_t width = op->cache.width, head = h / swl_cache_group(op), keys = op->position + query + 1;
  const size_t at = b * op->q.batch_stride + query * op->q.token_stride + h * width;
  float greatest = -INFINITY, sum = 0;
  for (size_t key = 0; key < keys; key++) {
    float score = 0;
    for (size_t i = 0; i < width; i++)
      score += swl_read_scalar(op->q.data, at + i, op->type) * read_key(op, b, head, key, i);
    score *= op->scale;
    weights[key] = op->soft_cap != 0 ? op->soft_cap * tanhf(score / op->soft_cap) : score;
    greatest = fmaxf(greatest, weights[key]);
  }
  for (size_t key = 0; key < keys; key++)
    sum += weights[key] = expf(weights[key] - greatest);
  for (size_t i = 0; i < width; i++) {
    float weighted = 0;
    for (size_t key = 0; key < keys; key++)
      weighted += weights[key] * read_value(op, b, head, key, i);
    swl_write_scalar(op->y, swl_cache_result(op, b, h, query) + i, op->output, weighted / sum);
  }
}

static size_t scratch_size(const swl_cache_attention *op) { return op->cache.capacity * sizeof(float); }

static void attend(const swl_cache_attention *op, size_t batch, size_t head, size_t row, size_t rows, void *scratch) {
  const size_t group = swl_cache_group(op);
  for (size_t i = row; i < row + rows; i++)
    attend_query(op, batch, head * group + i % group, i / group, scratch);
}

/// Nothing: the reference takes all positions at once, where the segments would be joined.
static void attend_segments(const swl_cache_attention *op, size_t batch, size_t head, size_t first, size_t count,
                            void *scratch) {
  (void)op, (void)batch, (void)head, (void)first, (void)count, (void)scratch;
}

static void join(const swl_cache_attention *op, size_t batch, size_t head, void *scratch) {
  attend(op, batch, head, 0, swl_cache_rows(op), scratch);
}

const swl_cache_attention_kernel swl_cache_attention_reference = {
    {"cache_attention", SWL_ISA_SCALAR}, 1, 16, scratch_size, attend, attend_segments, join};
