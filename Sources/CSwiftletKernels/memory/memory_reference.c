// The same in plain C, one row at a time over all positions at once, from the definitions.

#include "../attention/cache_elements.h"
#include "memory_kernels.h"

static float read_half(const char *p, size_t at) {
  uint16_t half;
  memcpy(&half, p + at * sizeof half, sizeof half);
  return swl_from_f16(half);
}

/// Element i of a vector of a text at a position.
static float element(const swl_memory_queries *text, const swl_memory_side *side, bool values, size_t part,
                     size_t position, size_t i) {
  const swl_memory_format *format = &side->format;
  const size_t place = position % SWL_MEMORY_TILE;
  const char *tile = swl_memory_tile(text, side, values, part, position / SWL_MEMORY_SEGMENT,
                                     position % SWL_MEMORY_SEGMENT);
  if (format->bits == 0)
    return swl_read_cached(tile,
                       values ? (i / SWL_CACHE_PART * SWL_MEMORY_TILE + place) * SWL_CACHE_PART + i % SWL_CACHE_PART
                              : i * SWL_MEMORY_TILE + place,
                       format->type);
  const size_t first = values ? place : i, second = values ? i : place;
  const size_t length = values ? format->width : SWL_MEMORY_TILE;
  const uint8_t *low = (const uint8_t *)tile;
  const size_t bits = format->bits == 3 ? 2 : format->bits, in_byte = 8 / bits;
  unsigned code = (unsigned)low[first / in_byte * length + second] >> first % in_byte * bits & ((1u << bits) - 1);
  if (format->bits == 3) {
    const uint8_t *high = low + swl_memory_low_size(format, values);
    code |= ((unsigned)high[first / 8 * length + second] >> swl_memory_high_shift(first) & 1) << 2;
  }
  const size_t grid = i / format->slice * SWL_MEMORY_TILE + place;
  const char *scales = tile + swl_memory_codes_size(format, values);
  return read_half(scales, swl_memory_slices(format) * SWL_MEMORY_TILE + grid) + read_half(scales, grid) * (float)code;
}

/// Element i of a head of keys, turned by its position if heads are made of latents.
static float key(const swl_memory_attention *op, const swl_memory_queries *text, size_t head, size_t position,
                 size_t i) {
  const swl_memory_side *side = &op->keys;
  const size_t part = head / swl_memory_heads(op, side), rank = side->format.width;
  if (!side->up)
    return element(text, side, false, part, position, i);
  float made[2] = {0, 0};
  const size_t half = op->width / 2, pair = op->cosines ? i % half : i;
  for (size_t side_of_pair = 0; side_of_pair < (op->cosines ? 2 : 1); side_of_pair++) {
    const size_t at = head * op->width + pair + side_of_pair * half;
    for (size_t k = 0; k < rank; k++)
      made[side_of_pair] += side->up[at * rank + k] * element(text, side, false, part, position, k);
    made[side_of_pair] += side->bias ? side->bias[at] : 0;
  }
  if (!op->cosines)
    return made[0];
  const size_t angle = (position / SWL_MEMORY_TILE * half + pair) * SWL_MEMORY_TILE + position % SWL_MEMORY_TILE;
  const float c = op->cosines[angle], s = op->sines[angle];
  return i < half ? made[0] * c - made[1] * s : made[1] * c + made[0] * s;
}

/// One head of one query; `weights` has room for all positions, `mixed` for a value.
static void attend_query(const swl_memory_attention *op, const swl_memory_queries *text, size_t h, size_t query,
                         float *weights) {
  const size_t head = h / swl_memory_group(op), end = text->position + query + 1;
  const size_t first = op->window && end > op->window ? end - op->window : 0;
  const swl_memory_side *values = &op->values;
  const size_t part = head / swl_memory_heads(op, values), rank = values->format.width;
  const float *q = text->q + query * op->q_stride + h * op->width;
  float *y = text->y + query * op->y_stride + h * op->width, greatest = -INFINITY, sum = 0;
  for (size_t position = first; position < end; position++) {
    float score = 0;
    for (size_t i = 0; i < op->width; i++)
      score += q[i] * key(op, text, head, position, i);
    weights[position] = score * op->scale - (op->slopes ? op->slopes[h] * (float)(end - 1 - position) : 0);
    greatest = fmaxf(greatest, weights[position]);
  }
  for (size_t position = first; position < end; position++)
    sum += weights[position] = expf(weights[position] - greatest);
  const size_t padded = swl_round_up(op->width, SWL_CACHE_PART);
  for (size_t i = 0; i < op->width; i++)
    y[i] = values->up && values->bias ? values->bias[head * op->width + i] : 0;
  for (size_t k = 0; k < rank; k++) {
    float mixed = 0;
    for (size_t position = first; position < end; position++)
      mixed += weights[position] * element(text, values, true, part, position, k);
    mixed /= sum;
    if (!values->up)
      y[k] = mixed;
    for (size_t i = 0; values->up && i < op->width; i++)
      y[i] += values->up[(head * rank + k) * padded + i] * mixed;
  }
}

static size_t scratch_size(const swl_memory_attention *op) {
  size_t most = 0;
  for (size_t i = 0; i < op->count; i++)
    most = swl_max(most, op->texts[i].position + op->texts[i].tokens);
  return most * sizeof(float);
}

static void attend(const swl_memory_attention *op, const swl_memory_queries *text, size_t unit, size_t query,
                   size_t queries, void *scratch) {
  const size_t rows = swl_memory_query_rows(op);
  for (size_t h = unit * rows; h < (unit + 1) * rows; h++)
    for (size_t i = query; i < query + queries; i++)
      attend_query(op, text, h, i, scratch);
}

/// Nothing: the reference takes all positions at once, where the segments would be joined.
static void attend_segment(const swl_memory_attention *op, const swl_memory_queries *text, size_t unit, size_t segment,
                           float *shared, void *scratch) {
  (void)op, (void)text, (void)unit, (void)segment, (void)shared, (void)scratch;
}

static void join(const swl_memory_attention *op, const swl_memory_queries *text, size_t unit, const float *shared,
                 void *scratch) {
  (void)shared;
  attend(op, text, unit, 0, text->tokens, scratch);
}

const swl_memory_attention_kernel swl_memory_attention_reference = {
    {"memory_attention", SWL_ISA_SCALAR}, scratch_size, attend, attend_segment, join};
