// Attention that takes keys and values from tiles (swl_cache.h), a segment of keys at a time: scores of a panel of
// rows, their softmax, the weighted values; then the segments of each row are joined. A row is a query of one of the
// heads that share keys. All that a row's result depends on is what it sees: its sums run through the width, and
// through the positions of a segment, in order, whatever rows are computed with it. Included by the ISA files.

#include "attention_kernels.h"
#include "cache_kernels.h"
#include "products_vector.h"

enum {
  PANEL = 8 * BLOCK, // most rows that a tile of keys is read for at once
  OFFSETS = SWL_SEGMENT + 2 * TILE, // distances that a block of rows has to the keys of a segment, in whole tiles
};

/// What rows of one head of keys are computed from.
typedef struct {
  size_t width, padded, group; // of a head; in whole parts; heads that share keys
  size_t before, keys;         // row r sees the first before + r / group + 1 keys, and no more than there are
  swl_cache_type type;
  const char *k, *v; // tiles
  float scale, cap;
  const float *bias, *mask;       // of query 0, bias of the first of the heads that share keys; NULL if none
  size_t bias_stride, row_stride; // from head to head, from query to query
  const float *r;                 // tiles of relative positions, as keys, or NULL
  size_t r_zero;                  // where query 0 finds key 0
} stream;

typedef struct {
  float *queries, *placed; // [PANEL][width]; placed for relative positions
  float *scores;           // [PANEL][SWL_SEGMENT], then weights
  float *offsets;          // [BLOCK][OFFSETS]
  float *mixture, *result; // [PANEL][padded], weighted values of a segment, of all segments
  float *greatest, *total; // [PANEL] of all segments
  float *k, *v, *r, *rows; // what `prepare` packs; TILE rows of one head
} workspace;

static size_t lay_out(size_t width, bool is_relative, char *scratch, workspace *w) {
  const size_t padded = swl_round_up(width, PART);
  size_t used = 0;
  w->queries = take(scratch, &used, PANEL * width);
  w->placed = take(scratch, &used, is_relative ? PANEL * width : 0);
  w->scores = take(scratch, &used, PANEL * SWL_SEGMENT);
  w->offsets = take(scratch, &used, is_relative ? BLOCK * OFFSETS : 0);
  w->mixture = take(scratch, &used, PANEL * padded);
  w->result = take(scratch, &used, PANEL * padded);
  w->greatest = take(scratch, &used, PANEL);
  w->total = take(scratch, &used, PANEL);
  return used;
}

/// Sums of a block of rows with a tile of keys or of relative positions.
SWL_INLINE void multiply_keys(swl_cache_type type, size_t rows, const float *x, size_t width, const char *keys,
                              float *sums, size_t sums_stride, const char *next) {
  multiply(type, rows, TILE, x, width, keys, TILE, TILE, 0, width, false, sums, sums_stride, next);
}

// MARK: A segment

/// Keys that a row sees.
SWL_INLINE size_t seen(const stream *s, size_t row) { return swl_min(s->before + row / s->group + 1, s->keys); }

/// Adds to the scores of a block of rows, which are queries, what they make of their distances to `count` keys.
static void add_offsets(const stream *s, const workspace *w, size_t row, size_t rows, size_t at, size_t start,
                        size_t count, float *scores) {
  // The keys of a query are neighbours among the distances, one further for each query before it.
  const size_t low = s->r_zero + start - (row + rows - 1), first = low / TILE;
  const size_t tiles = swl_divide_up(s->r_zero + start - row + count, TILE) - first;
  for (size_t t = 0; t < tiles; t++)
    multiply_keys(SWL_CACHE_F32, rows, w->placed + at * s->width, s->width,
                  (const char *)(s->r + (first + t) * s->width * TILE), w->offsets + t * TILE, OFFSETS,
                  (const char *)(s->r + (first + t + 1) * s->width * TILE));
  for (size_t i = 0; i < rows; i++) {
    const float *offsets = w->offsets + i * OFFSETS + (s->r_zero + start - (row + i) - first * TILE);
    float *to = scores + i * SWL_SEGMENT;
    for (size_t j = 0; j < count; j += LANES)
      store(to + j, load(to + j) + load(offsets + j));
  }
}

SWL_INLINE floats capped(floats score, float cap) {
  // tanh(x) is 1 - 2 / (e^2x + 1).
  return cap * (1 - 2 / (exponential(score * (2 / cap)) + 1));
}

/// Turns `count` sums of a row into weights, zeros from there to `room`; greatest is -infinity where it sees nothing.
static void soften(const stream *s, size_t row, size_t start, size_t count, size_t room, float *scores, float *greatest,
                   float *total) {
  const size_t query = row / s->group, head = row % s->group;
  const float *bias = s->bias ? s->bias + head * s->bias_stride + query * s->row_stride + start : NULL;
  const float *mask = s->mask ? s->mask + query * s->row_stride + start : NULL;
  floats top = splat(-INFINITY), sum = splat(0);
  for (size_t i = 0; i < count; i += LANES) {
    floats value = load(scores + i) * s->scale;
    if (s->cap != 0)
      value = capped(value, s->cap);
    if (bias)
      value += load_part(bias + i, count - i);
    if (mask)
      value += load_part(mask + i, count - i);
    if (count - i < LANES)
      value = first_lanes(value, count - i, -INFINITY);
    store(scores + i, value);
    top = greater(top, value);
  }
  *greatest = greatest_of(top);
  const float zero = *greatest == -INFINITY ? 0 : *greatest;
  for (size_t i = 0; i < count; i += LANES) {
    const floats weight = exponential(load(scores + i) - zero);
    store(scores + i, weight);
    sum += weight;
  }
  *total = sum_of(sum);
  for (size_t i = count; i < room; i++)
    scores[i] = 0;
}

/// Rows of a panel over one segment: their greatest scores, sums of weights, and weighted values.
static void attend_segment(const stream *s, const workspace *w, size_t segment, size_t row, size_t rows,
                           float *greatest, float *total, float *mixture) {
  const size_t size = swl_cache_element_size(s->type), start = segment * SWL_SEGMENT;
  size_t ends[PANEL / BLOCK], most = 0; // keys of the segment that the rows of a block see
  for (size_t at = 0; at < rows; at += BLOCK) {
    const size_t end = seen(s, row + swl_min(at + BLOCK, rows) - 1);
    most = ends[at / BLOCK] = end > start ? swl_min(end - start, SWL_SEGMENT) : 0;
  }
  const char *k = s->k + start * s->width * size, *v = s->v + start * s->padded * size;
  for (size_t t = 0; t < most; t += TILE)
    for (size_t at = 0; at < rows; at += BLOCK)
      if (t < ends[at / BLOCK])
        multiply_keys(s->type, swl_min(rows - at, BLOCK), w->queries + at * s->width, s->width,
                      k + t * s->width * size, w->scores + at * SWL_SEGMENT + t, SWL_SEGMENT,
                      t + TILE < most ? k + (t + TILE) * s->width * size : v);
  for (size_t at = 0; at < rows; at += BLOCK) {
    const size_t block = swl_min(rows - at, BLOCK), end = ends[at / BLOCK];
    float *scores = w->scores + at * SWL_SEGMENT;
    if (s->r && end > 0)
      add_offsets(s, w, row + at, block, at, start, end, scores);
    for (size_t i = at; i < at + block; i++, scores += SWL_SEGMENT) {
      const size_t own = seen(s, row + i);
      soften(s, row + i, start, own > start ? swl_min(own - start, end) : 0, end, scores, greatest + i, total + i);
    }
  }
  memset(mixture, 0, rows * s->padded * sizeof(float));
  for (size_t t = 0; t < most; t += TILE)
    for (size_t at = 0; at < rows; at += BLOCK)
      if (t < ends[at / BLOCK])
        multiply(s->type, swl_min(rows - at, BLOCK), s->padded, w->scores + at * SWL_SEGMENT + t, SWL_SEGMENT,
                 v + t * s->padded * size, PART, PART, TILE * PART, swl_min(ends[at / BLOCK] - t, TILE), true,
                 mixture + at * s->padded, s->padded,
                 t + TILE < most ? v + (t + TILE) * s->padded * size : k + SWL_SEGMENT * s->width * size);
}

// MARK: All segments

static void begin(const workspace *w, size_t rows, size_t padded) {
  for (size_t i = 0; i < rows; i++)
    w->greatest[i] = -INFINITY, w->total[i] = 0;
  memset(w->result, 0, rows * padded * sizeof(float));
}

/// Writes a row's result.
static void finish(const workspace *w, size_t i, size_t width, size_t padded, void *y, size_t at, swl_output output) {
  const float factor = w->total[i] == 0 ? 0 : 1 / w->total[i], inverse_scale = 1 / output.scale;
  for (size_t j = 0; j < width; j += LANES)
    write_part(y, at + j, output, inverse_scale, load(w->result + i * padded + j) * factor, width - j);
}

/// Rows of a panel over all segments that they see; `result` holds the sums, `total` what they are to be divided by.
static void attend_panel(const stream *s, const workspace *w, size_t row, size_t rows) {
  begin(w, rows, s->padded);
  const size_t segments = swl_divide_up(seen(s, row + rows - 1), SWL_SEGMENT);
  for (size_t segment = 0; segment < segments; segment++) {
    float greatest[PANEL], total[PANEL];
    attend_segment(s, w, segment, row, rows, greatest, total, w->mixture);
    for (size_t i = 0; i < rows; i++)
      join_segment(w->greatest + i, w->total + i, w->result + i * s->padded, greatest[i], total[i],
                   w->mixture + i * s->padded, s->padded);
  }
}

/// One head of a query as floats, and a vector added to it.
SWL_INLINE void fetch(const swl_heads *from, swl_type type, size_t at, size_t width, const float *added, float *to) {
  for (size_t i = 0; i < width; i += LANES) {
    floats x = read_part(from->data, at + i, (swl_output){.type = type}, width - i);
    if (added)
      x += load_part(added + i, width - i);
    store_part(to + i, x, width - i);
  }
}

// MARK: On a cache

static stream cache_stream(const swl_cache_attention *op, size_t batch, size_t head) {
  const size_t size = swl_cache_element_size(op->cache.type), index = batch * op->cache.heads + head;
  return (stream){
      .width = op->cache.width,
      .padded = swl_cache_parts(&op->cache) * PART,
      .group = swl_cache_group(op),
      .before = op->position,
      .keys = op->position + op->queries,
      .type = op->cache.type,
      .k = (const char *)op->keys + index * swl_cache_head_keys(&op->cache) * size,
      .v = (const char *)op->values + index * swl_cache_head_values(&op->cache) * size,
      .scale = op->scale,
      .cap = op->soft_cap,
  };
}

static size_t cache_scratch_size(const swl_cache_attention *op) {
  workspace w;
  return lay_out(op->cache.width, false, NULL, &w);
}

static void fetch_cache_rows(const swl_cache_attention *op, size_t batch, size_t head, size_t row, size_t rows,
                             float *to) {
  const size_t group = swl_cache_group(op);
  for (size_t i = row; i < row + rows; i++, to += op->cache.width)
    fetch(&op->q, op->type,
          batch * op->q.batch_stride + i / group * op->q.token_stride + (head * group + i % group) * op->cache.width,
          op->cache.width, NULL, to);
}

static void finish_cache_row(const swl_cache_attention *op, const workspace *w, size_t batch, size_t head, size_t row,
                             size_t i) {
  const size_t group = swl_cache_group(op);
  finish(w, i, op->cache.width, swl_cache_parts(&op->cache) * PART, op->y,
         swl_cache_result(op, batch, head * group + row % group, row / group), op->output);
}

static void cache_attend(const swl_cache_attention *op, size_t batch, size_t head, size_t row, size_t rows,
                         void *scratch) {
  workspace w;
  lay_out(op->cache.width, false, scratch, &w);
  const stream s = cache_stream(op, batch, head);
  fetch_cache_rows(op, batch, head, row, rows, w.queries);
  attend_panel(&s, &w, row, rows);
  for (size_t i = 0; i < rows; i++)
    finish_cache_row(op, &w, batch, head, row + i, i);
}

static void cache_attend_segments(const swl_cache_attention *op, size_t batch, size_t head, size_t first, size_t count,
                                  void *scratch) {
  workspace w;
  lay_out(op->cache.width, false, scratch, &w);
  const stream s = cache_stream(op, batch, head);
  const size_t rows = swl_cache_rows(op);
  fetch_cache_rows(op, batch, head, 0, rows, w.queries);
  for (size_t segment = first; segment < first + count; segment++) {
    float *shared = swl_cache_shared_at(op, batch, head, segment);
    attend_segment(&s, &w, segment, 0, rows, shared, shared + rows, shared + 2 * rows);
  }
}

static void cache_join(const swl_cache_attention *op, size_t batch, size_t head, void *scratch) {
  workspace w;
  lay_out(op->cache.width, false, scratch, &w);
  const size_t rows = swl_cache_rows(op), padded = swl_cache_parts(&op->cache) * PART;
  begin(&w, rows, padded);
  for (size_t segment = 0; segment < swl_cache_segments(op); segment++) {
    const float *shared = swl_cache_shared_at(op, batch, head, segment);
    for (size_t i = 0; i < rows; i++)
      join_segment(w.greatest + i, w.total + i, w.result + i * padded, shared[i], shared[rows + i],
                   shared + 2 * rows + i * padded, padded);
  }
  for (size_t i = 0; i < rows; i++)
    finish_cache_row(op, &w, batch, head, i, i);
}

const swl_cache_attention_kernel SWL_ISA_NAME(swl_cache_attention) = {
    {SWL_ISA_TITLE("cache_attention"), SWL_NEEDS}, BLOCK,     PANEL / BLOCK, cache_scratch_size, cache_attend,
    cache_attend_segments,                         cache_join};

// MARK: On keys and values as they come

static size_t lay_out_heads(const swl_attention *op, char *scratch, workspace *w) {
  const bool is_relative = op->r.data != NULL;
  size_t used = lay_out(op->width, is_relative, scratch, w);
  const size_t keys = swl_round_up(op->keys, TILE);
  w->k = take(scratch, &used, keys * op->width);
  w->v = take(scratch, &used, keys * swl_round_up(op->width, PART));
  w->r = take(scratch, &used, is_relative ? swl_round_up(2 * op->keys - 1, TILE) * op->width : 0);
  w->rows = take(scratch, &used, TILE * swl_round_up(op->width, PART));
  return used;
}

static size_t heads_scratch_size(const swl_attention *op) {
  workspace w;
  return lay_out_heads(op, NULL, &w);
}

/// TILE rows of one head from `first` on, zeros around them: [TILE][padded].
static void fetch_tile(const swl_attention *op, const swl_heads *from, size_t start, size_t first, size_t count,
                       float *rows) {
  const size_t padded = swl_round_up(op->width, PART);
  memset(rows, 0, TILE * padded * sizeof(float));
  for (size_t i = first; i < swl_min(first + TILE, count); i++, rows += padded)
    fetch(from, op->type, start + i * from->token_stride, op->width, NULL, rows);
}

/// Keys or relative positions of one head, in tiles.
static void pack_keys(const swl_attention *op, const swl_heads *from, size_t start, size_t count, float *rows,
                      float *to) {
  const size_t padded = swl_round_up(op->width, PART);
  for (size_t first = 0; first < count; first += TILE, to += op->width * TILE) {
    fetch_tile(op, from, start, first, count, rows);
    for (size_t v = 0; v < TILE; v += LANES)
      for (size_t i = 0; i < op->width; i += 4) {
        floats columns[4];
        load_columns((const char *)(rows + v * padded + i), padded * sizeof(float), columns);
        for (size_t c = 0; c < swl_min(op->width - i, 4); c++)
          store(to + (i + c) * TILE + v, columns[c]);
      }
  }
}

static void heads_prepare(const swl_attention *op, size_t batch, size_t head, void *scratch) {
  workspace w;
  lay_out_heads(op, scratch, &w);
  const size_t padded = swl_round_up(op->width, PART);
  pack_keys(op, &op->k, batch * op->k.batch_stride + head * op->width, op->keys, w.rows, w.k);
  if (op->r.data)
    pack_keys(op, &op->r, head * op->width, 2 * op->keys - 1, w.rows, w.r);
  float *to = w.v;
  for (size_t first = 0; first < op->keys; first += TILE) {
    fetch_tile(op, &op->v, batch * op->v.batch_stride + head * op->width, first, op->keys, w.rows);
    for (size_t part = 0; part < padded; part += PART)
      for (size_t i = 0; i < TILE; i++, to += PART)
        memcpy(to, w.rows + i * padded + part, PART * sizeof(float));
  }
}

static void heads_attend(const swl_attention *op, size_t batch, size_t head, size_t row, size_t rows, void *scratch) {
  workspace w;
  lay_out_heads(op, scratch, &w);
  const size_t group = swl_attention_group(op), first_head = head * group, square = op->queries * op->keys;
  const stream s = {
      .width = op->width,
      .padded = swl_round_up(op->width, PART),
      .group = group,
      .before = op->causal ? op->keys - op->queries : op->keys,
      .keys = swl_attention_keys(op, batch),
      .type = SWL_CACHE_F32,
      .k = (const char *)w.k,
      .v = (const char *)w.v,
      .scale = op->scale,
      .cap = op->soft_cap,
      .bias = op->bias ? op->bias + first_head * square : NULL,
      .mask = op->mask ? op->mask + batch % op->masks * square : NULL,
      .bias_stride = square,
      .row_stride = op->keys,
      .r = op->r.data ? w.r : NULL,
      .r_zero = op->queries - 1,
  };
  for (size_t i = 0; i < rows; i++) {
    const size_t query = (row + i) / group, own = first_head + (row + i) % group;
    const size_t at = batch * op->q.batch_stride + query * op->q.token_stride + own * op->width;
    fetch(&op->q, op->type, at, op->width, op->content_bias ? op->content_bias + own * op->width : NULL,
          w.queries + i * op->width);
    if (op->r.data)
      fetch(&op->q, op->type, at, op->width, op->position_bias ? op->position_bias + own * op->width : NULL,
            w.placed + i * op->width);
  }
  attend_panel(&s, &w, row, rows);
  for (size_t i = 0; i < rows; i++)
    finish(&w, i, s.width, s.padded, op->y,
           swl_attention_result(op, batch, first_head + (row + i) % group, (row + i) / group), op->output);
}

const swl_attention_kernel SWL_ISA_NAME(swl_attention_stream) = {
    {SWL_ISA_TITLE("attention_stream"), SWL_NEEDS}, {[SWL_F32] = true, [SWL_BF16] = true}, true, BLOCK, PANEL / BLOCK,
    heads_scratch_size, heads_prepare, heads_attend};
