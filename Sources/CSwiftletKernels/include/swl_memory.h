#ifndef SWL_MEMORY_H
#define SWL_MEMORY_H

#include "swl_cache.h"

// What a language model remembers of the tokens that it has read: keys and values of heads, or latents that stand for
// those of several heads, as numbers or as codes of few bits.

enum {
  SWL_MEMORY_TILE = 32,     // positions of a tile
  SWL_MEMORY_SEGMENT = 256, // positions of a page, and those that one softmax is taken over
};

/// How one side, keys or values, is kept: `parts` vectors of `width` elements a token.
typedef struct {
  size_t parts, width;
  size_t bits;         // of a code: 8, 4, 3 or 2; 0 where numbers are kept
  size_t slice;        // of codes: neighbours that share a scale and an offset; the width, or a multiple of 8 that divides it
  swl_cache_type type; // of numbers
} swl_memory_format;

/// Bytes of a tile of one vector, and of all vectors of a page, `values` or keys:
///   numbers lie as in swl_cache.h, keys [width][32], values [width / 16, rounded up][32][16];
///   codes of keys [width][32] and of values [32][width] are cut into bytes along the first axis, the first element in the
///   lowest bits. Those of 3 bits are two such arrays, of the lower two bits and of the upper one, which lies at bit
///   2 (i mod 4) + i / 4 mod 2 of its byte for element i. Behind them stand scales and offsets in f16, each
///   [width / slice][32]: an element is offset + scale * code.
size_t swl_memory_tile_size(const swl_memory_format *format, bool values);
size_t swl_memory_side_size(const swl_memory_format *format, bool values);

/// Writes what is kept of `tokens` tokens from `position` on; what a tile held of these positions before is of no use.
///
/// The offset of codes is the least element of a slice, rounded down, and the scale the least that reaches the greatest, so
/// that no element misses by more than half a scale. A slice with an element that is no number, or beyond f16, becomes NaN.
typedef struct {
  swl_memory_format format;
  bool values;       // or keys
  char *const *pages; // page i holds positions i * SWL_MEMORY_SEGMENT and on; zeros before its first tokens
  size_t offset;     // of the side in a page, bytes
  const float *x;    // element (token, part, i) at x[token * x_stride + part * width + i]
  size_t x_stride;
  size_t tokens, position;
} swl_memory_append;

/// Tiles and the work on a range of them; no two tiles write one byte.
size_t swl_memory_append_tiles(const swl_memory_append *op);
void swl_memory_append_run(const swl_memory_append *op, size_t first, size_t count);

/// One side as attention reads it. Where vectors are latents, each stands for as many neighbouring heads of keys as there
/// are for a part, and `up` makes the heads of it.
typedef struct {
  swl_memory_format format;
  size_t offset;   // in a page, bytes
  const float *up; // keys [key heads][head width][width], values [key heads][width][head width, in whole 16s]; or NULL
  const float *bias; // [key heads][head width], added to what `up` makes, or NULL
} swl_memory_side;

/// The newest tokens of a text, all of whose tokens have been appended.
typedef struct {
  const char *const *pages;
  size_t position, tokens; // of the first query; their number
  const float *q;          // [tokens][q_stride], heads side by side
  float *y;                // [tokens][y_stride], the same
} swl_memory_queries;

/// Causal attention of each text's queries to its memory: query i sees the positions up to its own.
///
/// Latents of keys are read as they are where nothing turns heads: the queries are taken through `up` once, and a bias adds
/// the same to all scores. Else heads are made of them and turned, tile by tile. Values are mixed as latents, and `up` is
/// applied to what came out. Positions are taken in segments from 0 on, so that a result depends neither on the pieces
/// that queries come in, nor on other texts or threads, bit for bit.
typedef struct {
  swl_isa isa;
  size_t heads, key_heads, width; // width of a head
  swl_memory_side keys, values;
  const float *cosines, *sines; // [tile of positions][width / 2][32]: halves of heads made of latents are turned by them; or NULL
  float scale;
  const float *slopes; // [heads]: a score falls by so much for each position of distance; or NULL
  size_t window;       // positions that a query sees, its own included; 0 for all
  size_t q_stride, y_stride;
  const swl_memory_queries *texts;
  size_t count;
  float *shared;      // swl_memory_attention_shared_size bytes, aligned to 64; what they hold is of no use afterwards
  uint32_t *finished; // [count][key_heads], zeros before and after
} swl_memory_attention;

/// Row `row` of the list, NULL behind the last, and the row that computes `op`.
const swl_kernel *swl_memory_attention_kernel_at(size_t row);
const swl_kernel *swl_memory_attention_kernel_for(const swl_memory_attention *op);

/// As in swl_linear.h.
size_t swl_memory_attention_tiles(const swl_memory_attention *op);
size_t swl_memory_attention_scratch_size(const swl_memory_attention *op);
size_t swl_memory_attention_shared_size(const swl_memory_attention *op);
void swl_memory_attention_run(const swl_memory_attention *op, size_t first, size_t count, void *scratch);

#endif
