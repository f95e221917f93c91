#ifndef SWL_ATTENTION_H
#define SWL_ATTENTION_H

#include "swl_types.h"

/// Keys that one softmax is taken over; those of several segments are joined in order.
enum { SWL_SEGMENT = 256 };

/// Queries, keys or values: element (b, t, h, i) is at data[b * batch_stride + t * token_stride + h * width + i], where
/// b counts images and t the rows of an image.
typedef struct {
  const void *data;
  size_t batch_stride, token_stride; // elements
} swl_heads;

/// Scaled dot-product attention, softmax(scale * Q K^T + bias + mask) V, head by head.
///
/// f32 computes in f32. bf16 multiplies in bf16, sums and takes the softmax in f32. u8 multiplies 8-bit integers, sums
/// in int32, takes the softmax in f32 and rounds exp(score - greatest) to 1/255 for the product with V.
///
/// Causal queries stand at the end of the keys: query i sees keys 0...keys - queries + i, and what it does not see is
/// not computed. Query heads may share keys: keys and values have key_heads heads, each for `heads / key_heads`
/// neighbours.
/// Relative positions add what a query makes of how far a key is from it, the scores of Transformer-XL:
///   scale * ((q + content_bias) k + (q + position_bias) r[keys - 1 - (keys - queries + i) + j]) of query i and key j,
/// row 0 of r standing for a query that is keys - 1 behind a key, the last one for a key that far behind a query.
/// These, `lengths` and `soft_cap` are for f32 and bf16, which is computed in f32 then, and without rows. Keys are
/// taken in segments of SWL_SEGMENT from key 0 on, so that the result of a query does not depend on those that run with
/// it: given the same keys that it sees, and finite values, it is the same, bit for bit.
///
/// Windows attend within an image without being cut out of it: batch b is window b % windows of image b / windows, and
/// its token t is row rows[window][t] of that image, for queries, keys, values and the result alike.
typedef struct {
  swl_isa isa;
  size_t batch, heads, queries, keys, width; // width of one head, at most 65536; at least one key
  swl_type type;                             // of q, k and v: SWL_F32, SWL_BF16 or SWL_U8
  swl_heads q, k, v;
  float q_scale, k_scale, v_scale; // for u8; 1 otherwise
  int32_t q_zero_point, k_zero_point, v_zero_point;
  float scale;       // of the scores, positive, usually 1 / sqrt(width)
  const float *bias; // [heads][queries][keys], shared over the batch, or NULL
  const float *mask; // [masks][queries][keys], shared over the heads, added to the scores, or NULL; -infinity hides a
                     // key, and every query must see at least one key
  size_t masks;      // batch b takes mask b % masks
  const uint32_t *rows; // [windows][queries], each row of an image once, or NULL: batch b is image b, and its tokens
                        // are in order; as many keys as queries
  size_t windows;       // of an image, at least 1 where there are rows
  size_t key_heads;       // divides heads; 0 for as many
  bool causal;            // not more queries than keys
  float soft_cap;         // scaled scores become soft_cap * tanh(score / soft_cap), before bias and mask; 0 for none
  const int64_t *lengths; // [batch]: the keys of a sample that there are, no more than `keys` and none below 0, or NULL
                          // for all; a query that sees none gives zeros
  swl_heads r;            // [2 * keys - 1] rows, the same for all of a batch; data is NULL where there are none;
                          // not more queries than keys
  const float *content_bias, *position_bias; // [heads][width], or NULL; for relative positions, with key_heads = heads
  void *y;              // [images][queries of an image][heads * width]
  swl_output output;
} swl_attention;

/// Row `row` of the list, NULL behind the last, and the row that computes `op`.
const swl_kernel *swl_attention_kernel_at(size_t row);
const swl_kernel *swl_attention_kernel_for(const swl_attention *op);

/// As in swl_linear.h: tiles, bytes of scratch for each thread (aligned to 64 bytes), and the work on a range of tiles.
size_t swl_attention_tiles(const swl_attention *op);
size_t swl_attention_scratch_size(const swl_attention *op);
void swl_attention_run(const swl_attention *op, size_t first, size_t count, void *scratch);

#endif
