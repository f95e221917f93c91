#ifndef SWL_CACHE_H
#define SWL_CACHE_H

#include "swl_attention.h"

/// How keys and values of earlier tokens are kept.
typedef enum {
  SWL_CACHE_F32,
  SWL_CACHE_BF16, // uint16_t: the upper half of a float
  SWL_CACHE_F16,  // uint16_t: 1 sign, 5 exponent and 10 fraction bits
} swl_cache_type;

enum {
  SWL_CACHE_TILE = 32, // positions of a tile
  SWL_CACHE_PART = 16, // neighbours of a value that lie together
};

/// Keys or values of earlier tokens, in tiles that attention reads where they lie:
///   keys   [batch][heads][capacity / 32][width][32], so that positions are neighbours;
///   values [batch][heads][capacity / 32][width / 16, rounded up][32][16], so that a value's elements are.
/// A tile is read from its first to its last byte. The layout is the same for every processor.
typedef struct {
  swl_cache_type type;
  size_t batch, heads, width, capacity; // heads of keys, width of one; positions, a multiple of 32
} swl_cache;

/// Bytes of an element, of all keys, and of all values.
size_t swl_cache_element_size(swl_cache_type type);
size_t swl_cache_keys_size(const swl_cache *cache);
size_t swl_cache_values_size(const swl_cache *cache);

/// Writes keys or values of `tokens` tokens into a cache from `position` on, rounded to its type, ties to even.
typedef struct {
  swl_cache cache;
  bool values; // or keys
  void *data;  // of the cache
  swl_type x_type; // SWL_F32 or SWL_BF16
  swl_heads x;
  size_t tokens, position; // position + tokens <= capacity
} swl_cache_append;

/// Tiles and the work on a range of them.
size_t swl_cache_append_tiles(const swl_cache_append *op);
void swl_cache_append_run(const swl_cache_append *op, size_t first, size_t count);

/// Causal attention on a cache: query i stands at `position + i` and sees the positions up to its own, which have been
/// written. Computes in f32 what swl_attention does with these keys and values, `causal`, bit for bit where they are finite, in whatever
/// pieces the queries come. `heads / cache.heads` neighbouring query heads share keys, which are read once for all.
///
/// Where there are few queries, positions are shared out among the tiles, and whoever finishes the last of a head joins
/// the segments, in order. That needs `shared` and `finished`, which all threads see.
typedef struct {
  swl_isa isa;
  swl_cache cache;
  size_t heads, queries;
  swl_type type; // of q: SWL_F32 or SWL_BF16
  swl_heads q;
  const void *keys, *values;
  float scale, soft_cap; // as in swl_attention
  void *y;               // [batch][queries][heads * width]
  swl_output output;
  size_t position;    // of query 0; position + queries <= capacity
  float *shared;      // swl_cache_attention_shared_size bytes, aligned to 64; what they hold is of no use afterwards
  uint32_t *finished; // [batch][cache.heads], zeros before and after
} swl_cache_attention;

/// Row `row` of the list, NULL behind the last, and the row that computes `op`.
const swl_kernel *swl_cache_attention_kernel_at(size_t row);
const swl_kernel *swl_cache_attention_kernel_for(const swl_cache_attention *op);

/// As in swl_linear.h. Neither depends on the position.
size_t swl_cache_attention_tiles(const swl_cache_attention *op);
size_t swl_cache_attention_scratch_size(const swl_cache_attention *op);
size_t swl_cache_attention_shared_size(const swl_cache_attention *op);
void swl_cache_attention_run(const swl_cache_attention *op, size_t first, size_t count, void *scratch);

#endif
