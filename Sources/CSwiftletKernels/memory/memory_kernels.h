#ifndef SWL_MEMORY_KERNELS_H
#define SWL_MEMORY_KERNELS_H

#include "../common/scalar.h"
#include "../common/target.h"
#include "swl_memory.h"

enum {
  SWL_MEMORY_TILES = SWL_MEMORY_SEGMENT / SWL_MEMORY_TILE,
  SWL_MEMORY_ROWS = 48, // rows that are computed together, unless one query of a unit has more
};

/// A row of the list that dispatch and tests share.
///
/// A unit are the heads of keys that must be taken together, as latents of keys or of values stand for them; its rows are
/// `queries` queries of all heads that read it, head by head.
typedef struct {
  swl_kernel kernel;
  size_t (*scratch_size)(const swl_memory_attention *op);
  /// Computes rows over all that they see.
  void (*attend)(const swl_memory_attention *op, const swl_memory_queries *text, size_t unit, size_t query,
                 size_t queries, void *scratch);
  /// The same of one segment alone, into `shared`.
  void (*attend_segment)(const swl_memory_attention *op, const swl_memory_queries *text, size_t unit, size_t segment,
                         float *shared, void *scratch);
  /// Joins what `shared` holds of all segments.
  void (*join)(const swl_memory_attention *op, const swl_memory_queries *text, size_t unit, const float *shared,
               void *scratch);
} swl_memory_attention_kernel;

static inline size_t swl_memory_slices(const swl_memory_format *format) { return format->width / format->slice; }

/// Bytes that the codes of a tile begin and end with, in front of the scales: of the array of lower bits, and of all.
static inline size_t swl_memory_low_size(const swl_memory_format *format, bool values) {
  const size_t bits = format->bits == 3 ? 2 : format->bits, in_byte = 8 / bits;
  return values ? SWL_MEMORY_TILE / in_byte * format->width : swl_divide_up(format->width, in_byte) * SWL_MEMORY_TILE;
}

static inline size_t swl_memory_codes_size(const swl_memory_format *format, bool values) {
  const size_t high = values ? SWL_MEMORY_TILE / 8 * format->width : swl_divide_up(format->width, 8) * SWL_MEMORY_TILE;
  return swl_memory_low_size(format, values) + (format->bits == 3 ? high : 0);
}

/// Of 3 bits: the bit of its byte that holds the upper bit of element `first`. Moved up by 2, or by 1 where the element is in
/// the second half of the byte's eight, it stands above the lower bits of the same element in theirs.
static inline size_t swl_memory_high_shift(size_t first) { return first % 4 * 2 + first / 4 % 2; }

/// Heads of keys that a part of a side stands for.
static inline size_t swl_memory_heads(const swl_memory_attention *op, const swl_memory_side *side) {
  return op->key_heads / side->format.parts;
}

/// Heads of keys of a unit: the least number that both sides' parts divide.
static inline size_t swl_memory_unit(const swl_memory_attention *op) {
  const size_t a = swl_memory_heads(op, &op->keys), b = swl_memory_heads(op, &op->values);
  size_t unit = a;
  while (unit % b != 0)
    unit += a;
  return unit;
}

static inline size_t swl_memory_group(const swl_memory_attention *op) { return op->heads / op->key_heads; }
static inline size_t swl_memory_units(const swl_memory_attention *op) { return op->key_heads / swl_memory_unit(op); }

/// Rows that one query has in a unit, and queries that are computed together.
static inline size_t swl_memory_query_rows(const swl_memory_attention *op) {
  return swl_memory_unit(op) * swl_memory_group(op);
}
static inline size_t swl_memory_panel(const swl_memory_attention *op) {
  return swl_max(1, SWL_MEMORY_ROWS / swl_memory_query_rows(op));
}

/// Elements of a mixed value, in whole parts of 16.
static inline size_t swl_memory_mixed(const swl_memory_attention *op) {
  return swl_round_up(op->values.format.width, SWL_CACHE_PART);
}

static inline size_t swl_memory_segments(const swl_memory_queries *text) {
  return swl_divide_up(text->position + text->tokens, SWL_MEMORY_SEGMENT);
}

/// Floats that a segment of `rows` rows leaves: greatest scores, sums of weights, mixed values.
static inline size_t swl_memory_shared_floats(const swl_memory_attention *op, size_t rows) {
  return rows * (2 + swl_memory_mixed(op));
}

/// The tile that position `segment * SWL_MEMORY_SEGMENT + place` is in.
static inline const char *swl_memory_tile(const swl_memory_queries *text, const swl_memory_side *side, bool values,
                                          size_t part, size_t segment, size_t place) {
  return text->pages[segment] + side->offset +
         (part * SWL_MEMORY_TILES + place / SWL_MEMORY_TILE) * swl_memory_tile_size(&side->format, values);
}

extern const swl_memory_attention_kernel swl_memory_attention_reference;
extern const swl_memory_attention_kernel swl_memory_attention_avx2, swl_memory_attention_avx512,
    swl_memory_attention_neon;

#endif
