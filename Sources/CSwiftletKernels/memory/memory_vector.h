// Attention to a memory of any format (swl_memory.h), a segment of positions at a time: scores of all rows of a unit, their
// softmax, the mixed values; then the segments of each row are joined. A row's sums run through a head, and through the
// positions of a segment, in order, whatever rows are computed with it. Included by the ISA files.

#include "codes_vector.h"

typedef struct {
  float *queries;          // [rows][elements of a key that is read]
  float *scores;           // [rows][SWL_MEMORY_SEGMENT], then weights
  float *mixture, *result; // [rows][mixed], of a segment, of all segments
  float *greatest, *total; // [rows] of all segments
  float *keys;             // [width of a key][32], a tile of codes
  float *head;             // [width of a head][32], a tile of keys made of latents
  float *values;           // [32][mixed], a tile of codes
  float *sums;             // [rows][slices], of a row's elements that meet a slice of codes of keys
  float *products;         // [BLOCK][32], of rows and a slice of codes of keys
  float *weights;          // [rows][32], of a slice of codes of values
  float *offsets;          // [rows][slices][LANES], what offsets of values add up to
} memory_workspace;

/// Whether heads of keys are made of latents, as something turns them; else queries are made to fit the latents.
SWL_INLINE bool makes_keys(const swl_memory_attention *op) { return op->keys.up && op->cosines; }

/// Whether queries are multiplied with codes of keys as they are.
SWL_INLINE bool reads_key_codes(const swl_memory_attention *op) { return op->keys.format.bits && !makes_keys(op); }

SWL_INLINE size_t key_width(const swl_memory_attention *op) {
  return makes_keys(op) ? op->width : op->keys.format.width;
}

static size_t lay_out_memory(const swl_memory_attention *op, char *scratch, memory_workspace *w) {
  const size_t rows = swl_memory_query_rows(op) * swl_memory_panel(op), mixed = swl_memory_mixed(op);
  const size_t made = swl_max(mixed, swl_round_up(op->width, PART));
  size_t used = 0;
  // Queries that are taken through `up` are written in whole parts.
  w->queries = take(scratch, &used, rows * swl_round_up(swl_max(key_width(op), op->width), PART));
  w->scores = take(scratch, &used, rows * SWL_MEMORY_SEGMENT);
  w->mixture = take(scratch, &used, rows * mixed);
  w->result = take(scratch, &used, rows * made);
  w->greatest = take(scratch, &used, rows);
  w->total = take(scratch, &used, rows);
  w->keys = take(scratch, &used, op->keys.format.bits ? op->keys.format.width * TILE : 0);
  w->head = take(scratch, &used, makes_keys(op) ? op->width * TILE : 0);
  w->values = take(scratch, &used, op->values.format.bits ? TILE * mixed : 0);
  w->sums = take(scratch, &used, reads_key_codes(op) ? rows * swl_memory_slices(&op->keys.format) : 0);
  w->products = take(scratch, &used, reads_key_codes(op) ? BLOCK * TILE : 0);
  w->weights = take(scratch, &used, op->values.format.bits ? rows * TILE : 0);
  w->offsets = take(scratch, &used, op->values.format.bits ? rows * swl_memory_slices(&op->values.format) * LANES : 0);
  return used;
}

static size_t memory_scratch_size(const swl_memory_attention *op) {
  memory_workspace w;
  return lay_out_memory(op, NULL, &w);
}

/// Rows that are computed together: queries of all heads of a unit, head by head.
typedef struct {
  const swl_memory_attention *op;
  const swl_memory_queries *text;
  size_t first_head;     // of keys
  size_t query, queries; // of the text
  size_t group;          // heads of queries that share a head of keys
} memory_rows;

static memory_rows rows_of(const swl_memory_attention *op, const swl_memory_queries *text, size_t unit, size_t query,
                           size_t queries) {
  return (memory_rows){op, text, unit * swl_memory_unit(op), query, queries, swl_memory_group(op)};
}

SWL_INLINE size_t row_count(const memory_rows *r) { return swl_memory_unit(r->op) * r->group * r->queries; }

/// The query and the head of a row.
SWL_INLINE size_t query_of(const memory_rows *r, size_t row) { return r->query + row % r->queries; }
SWL_INLINE size_t head_of(const memory_rows *r, size_t row) { return r->first_head * r->group + row / r->queries; }

// MARK: Queries

/// Elements from one row of queries to the next.
SWL_INLINE size_t query_stride(const swl_memory_attention *op) {
  return op->keys.up && !op->cosines ? op->keys.format.width : op->width;
}

/// Where queries meet codes: the sum of what meets each slice, and elements as codes in their bytes want them.
static void prepare_for_codes(const swl_memory_format *format, float *q, float *sums) {
  const code_kind kind = kind_of(format->bits);
  for (size_t slice = 0; slice < swl_memory_slices(format); slice++) {
    float sum = 0;
    for (size_t i = slice * format->slice; i < (slice + 1) * format->slice; i++) {
      sum += q[i];
      q[i] *= 1 / place_value(kind, i);
    }
    sums[slice] = sum;
  }
}

static void fetch_queries(const memory_rows *r, const memory_workspace *w) {
  const swl_memory_attention *op = r->op;
  const size_t rows = row_count(r), stride = query_stride(op);
  for (size_t row = 0; row < rows; row++) {
    const float *q = r->text->q + query_of(r, row) * op->q_stride + head_of(r, row) * op->width;
    float *to = w->queries + row * stride;
    if (!op->keys.up || op->cosines) {
      memcpy(to, q, op->width * sizeof(float));
    } else { // the row times `up` of its head of keys
      const float *up = op->keys.up + head_of(r, row) / r->group * op->width * stride;
      memset(to, 0, stride * sizeof(float));
      for (size_t i = 0; i < op->width; i++, up += stride)
        for (size_t j = 0; j < stride; j += LANES)
          store_part(to + j, multiply_add(splat(q[i]), load_part(up + j, stride - j), load_part(to + j, stride - j)),
                     stride - j);
    }
    if (reads_key_codes(op))
      prepare_for_codes(&op->keys.format, to, w->sums + row * swl_memory_slices(&op->keys.format));
  }
}

// MARK: Keys

/// Turns a tile of a head, [width][32], by the angles of its positions.
static void turn(float *head, size_t width, const float *cosines, const float *sines) {
  float *other = head + width / 2 * TILE;
  for (size_t i = 0; i < width / 2 * TILE; i += LANES) {
    const floats a = load(head + i), b = load(other + i), c = load(cosines + i), s = load(sines + i);
    store(head + i, a * c - b * s);
    store(other + i, b * c + a * s);
  }
}

/// A tile of a head of keys, made of a tile of latents: [width][32].
static void make_head(const swl_memory_attention *op, size_t head, swl_cache_type type, const char *latents,
                      size_t tile, float *to) {
  const size_t rank = op->keys.format.width;
  const float *up = op->keys.up + head * op->width * rank;
  for (size_t i = 0; i < op->width; i += BLOCK)
    multiply(type, swl_min(op->width - i, BLOCK), TILE, up + i * rank, rank, latents, TILE, TILE, 0, rank, false,
             to + i * TILE, TILE, latents);
  if (op->keys.bias)
    for (size_t i = 0; i < op->width; i++)
      for (size_t v = 0; v < TILE; v += LANES)
        store(to + i * TILE + v, load(to + i * TILE + v) + op->keys.bias[head * op->width + i]);
  const size_t angles = tile * (op->width / 2) * TILE;
  turn(to, op->width, op->cosines + angles, op->sines + angles);
}

/// The scores of some rows with a tile of numbers.
static void score_numbers(const memory_workspace *w, size_t first, size_t rows, size_t width, swl_cache_type type,
                          const char *keys, size_t place, const char *next) {
  for (size_t row = first; row < first + rows; row += BLOCK)
    multiply(type, swl_min(first + rows - row, BLOCK), TILE, w->queries + row * width, width, keys, TILE, TILE, 0,
             width, false, w->scores + row * SWL_MEMORY_SEGMENT + place, SWL_MEMORY_SEGMENT, next);
}

/// Adds to the scores of a row what a slice makes of its products with the codes.
static void add_slice(const memory_workspace *w, const code_tile *t, size_t slice, size_t slices, size_t row,
                      const float *products, size_t place) {
  float *scores = w->scores + row * SWL_MEMORY_SEGMENT + place;
  const float sum = w->sums[row * slices + slice];
  for (size_t v = 0; v < TILE; v += LANES) {
    const floats offset = load_f16(t->offsets + (slice * TILE + v) * 2) * sum;
    const floats before = slice == 0 ? offset : load(scores + v) + offset;
    store(scores + v, multiply_add(load_f16(t->scales + (slice * TILE + v) * 2), load(products + v), before));
  }
}

/// The scores of some rows with a tile of codes.
static void score_codes(const memory_workspace *w, const swl_memory_format *format, size_t first, size_t rows,
                        const char *tile, size_t place) {
  const size_t slices = swl_memory_slices(format), few = rows <= FEW ? FEW : BLOCK;
  const code_tile t = tile_of(format, false, tile);
  for (size_t slice = 0; slice < slices; slice++) {
    const size_t start = slice * format->slice, end = start + format->slice;
    if (rows > FEW)
      write_key_codes(format->bits, &t, start, end, w->keys);
    for (size_t row = first; row < first + rows; row += few) {
      const size_t block = swl_min(first + rows - row, few);
      const float *q = w->queries + row * format->width;
      if (rows <= FEW)
        multiply_key_codes(format->bits, block, &t, start, end, q, format->width, w->products, TILE);
      else
        multiply(SWL_CACHE_F32, block, TILE, q + start, format->width, (const char *)w->keys, TILE, TILE, 0,
                 format->slice, false, w->products, TILE, (const char *)w->keys);
      for (size_t i = 0; i < block; i++)
        add_slice(w, &t, slice, slices, row + i, w->products + i * TILE, place);
    }
  }
}

/// The scores of all rows with the positions of a segment from tile `from` on, up to `end`.
static void score_segment(const memory_rows *r, const memory_workspace *w, size_t segment, size_t from, size_t end) {
  const swl_memory_attention *op = r->op;
  const swl_memory_side *side = &op->keys;
  const size_t heads = swl_memory_heads(op, side), rows = r->group * r->queries;
  const size_t tile_size = swl_memory_tile_size(&side->format, false);
  for (size_t first = 0; first < swl_memory_unit(op); first += heads)
    for (size_t place = from; place < end; place += TILE) {
      const char *tile = swl_memory_tile(r->text, side, false, (r->first_head + first) / heads, segment, place);
      if (reads_key_codes(op)) {
        score_codes(w, &side->format, first * rows, heads * rows, tile, place);
        continue;
      }
      const char *keys = tile, *next = tile + tile_size;
      swl_cache_type type = side->format.type;
      if (!makes_keys(op)) {
        score_numbers(w, first * rows, heads * rows, side->format.width, type, keys, place, next);
        continue;
      }
      if (side->format.bits) {
        expand_keys(&side->format, tile, w->keys);
        keys = (const char *)w->keys;
        type = SWL_CACHE_F32;
      }
      for (size_t head = first; head < first + heads; head++) {
        make_head(op, r->first_head + head, type, keys, segment * SWL_MEMORY_TILES + place / TILE, w->head);
        score_numbers(w, head * rows, rows, op->width, SWL_CACHE_F32, (const char *)w->head, place,
                      (const char *)w->head);
      }
    }
}

// MARK: Softmax

/// Positions of a segment that a row sees: from `first` on, up to `end`.
typedef struct {
  size_t first, end;
} span;

static span seen_by(const memory_rows *r, size_t query, size_t segment) {
  const size_t start = segment * SWL_MEMORY_SEGMENT, end = r->text->position + query + 1;
  const size_t first = r->op->window && end > r->op->window ? end - r->op->window : 0;
  return (span){first > start ? swl_min(first - start, SWL_MEMORY_SEGMENT) : 0,
                end > start ? swl_min(end - start, SWL_MEMORY_SEGMENT) : 0};
}

/// Turns the sums of a row into weights, zeros where it sees nothing; greatest is -infinity where that is everywhere.
static void weigh(const memory_rows *r, size_t row, size_t segment, span own, span all, float *scores, float *greatest,
                  float *total) {
  const swl_memory_attention *op = r->op;
  const size_t query = query_of(r, row);
  const float slope = op->slopes ? op->slopes[head_of(r, row)] : 0;
  // The distance of the segment's first position.
  const float far = (float)(ptrdiff_t)(r->text->position + query - segment * SWL_MEMORY_SEGMENT);
  ints lanes;
  for (int lane = 0; lane < LANES; lane++)
    lanes[lane] = lane;
  floats top = splat(-INFINITY), sum = splat(0);
  for (size_t i = all.first; i < all.end; i += LANES) {
    floats value = load(scores + i) * op->scale;
    if (op->slopes)
      value -= slope * (far - __builtin_convertvector(lanes + (int32_t)i, floats));
    const ints at = lanes + (int32_t)i;
    value = choose((at >= (int32_t)own.first) & (at < (int32_t)own.end), value, splat(-INFINITY));
    store(scores + i, value);
    top = greater(top, value);
  }
  *greatest = greatest_of(top);
  const float zero = *greatest == -INFINITY ? 0 : *greatest;
  for (size_t i = all.first; i < all.end; i += LANES) {
    const floats weight = exponential(load(scores + i) - zero);
    store(scores + i, weight);
    sum += weight;
  }
  *total = sum_of(sum);
}

// MARK: Values

/// Mixes the numbers of a tile for some rows.
static void mix_numbers(const memory_workspace *w, const swl_memory_format *format, size_t first, size_t rows,
                        const char *tile, size_t place, size_t count, size_t mixed, float *mixture) {
  for (size_t row = first; row < first + rows; row += BLOCK)
    multiply(format->type, swl_min(first + rows - row, BLOCK), mixed, w->scores + row * SWL_MEMORY_SEGMENT + place,
             SWL_MEMORY_SEGMENT, tile, PART, PART, TILE * PART, count, true, mixture + row * mixed, mixed,
             tile + swl_memory_tile_size(format, true));
}

/// What codes of a slice are multiplied by for a row, zeros behind `count`; and what its offsets add.
static void weigh_codes(const memory_workspace *w, const code_tile *t, code_kind kind, size_t slice, size_t slices,
                        size_t row, size_t place, size_t count) {
  float *weights = w->weights + row * TILE, *offsets = w->offsets + (row * slices + slice) * LANES;
  const float *chances = w->scores + row * SWL_MEMORY_SEGMENT + place;
  floats places;
  for (size_t lane = 0; lane < LANES; lane++)
    places[lane] = 1 / place_value(kind, lane); // as LANES is whole bytes
  floats sum = load(offsets);
  for (size_t v = 0; v < TILE; v += LANES) {
    const floats chance = v < count ? first_lanes(load(chances + v), count - v, 0) : splat(0);
    sum = multiply_add(chance, load_f16(t->offsets + (slice * TILE + v) * 2), sum);
    store(weights + v, chance * load_f16(t->scales + (slice * TILE + v) * 2) * places);
  }
  store(offsets, sum);
}

/// Mixes the codes of a tile for some rows, but for their offsets.
static void mix_codes(const memory_workspace *w, const swl_memory_format *format, size_t first, size_t rows,
                      const char *tile, size_t place, size_t count, size_t mixed, float *mixture) {
  const size_t slices = swl_memory_slices(format), size = format->slice;
  const code_kind kind = kind_of(format->bits);
  const code_tile t = tile_of(format, true, tile);
  // Slices that end within a vector take codes from their bytes.
  const bool writes = rows > FEW && (slices == 1 || size % LANES == 0);
  for (size_t slice = 0; slice < slices; slice++) {
    const size_t start = slice * size, columns = slices == 1 ? mixed : size, block = writes ? BLOCK : FEW;
    for (size_t row = first; row < first + rows; row++)
      weigh_codes(w, &t, kind, slice, slices, row, place, count);
    if (writes)
      write_value_codes(format->bits, &t, format->width, start, start + size, count, w->values, columns);
    for (size_t row = first; row < first + rows; row += block) {
      const size_t own = swl_min(first + rows - row, block);
      float *sums = mixture + row * mixed + start;
      const float *weights = w->weights + row * TILE;
      if (writes)
        multiply(SWL_CACHE_F32, own, columns, weights, TILE, (const char *)w->values, columns, columns, 0,
                 swl_round_up(count, kind.in_byte), true, sums, mixed, (const char *)w->values);
      else
        multiply_value_codes(format->bits, own, &t, format->width, start, start + size, count, weights, sums, mixed);
    }
  }
}

/// Adds what the offsets of all tiles add to a slice of a row.
static void add_offsets_of(const memory_workspace *w, const swl_memory_format *format, size_t row, float *mixture) {
  const size_t slices = swl_memory_slices(format), size = format->slice;
  for (size_t slice = 0; slice < slices; slice++) {
    const float sum = sum_of(load(w->offsets + (row * slices + slice) * LANES));
    for (size_t i = slice * size; i < (slice + 1) * size; i++)
      mixture[i] += sum;
  }
}

static void mix_segment(const memory_rows *r, const memory_workspace *w, size_t segment, size_t from, size_t end,
                        float *mixture) {
  const swl_memory_attention *op = r->op;
  const swl_memory_side *side = &op->values;
  const size_t heads = swl_memory_heads(op, side), rows = heads * r->group * r->queries;
  const size_t mixed = swl_memory_mixed(op), all = row_count(r);
  memset(mixture, 0, all * mixed * sizeof(float));
  if (side->format.bits) {
    memset(w->offsets, 0, all * swl_memory_slices(&side->format) * LANES * sizeof(float));
    memset(w->values, 0, TILE * mixed * sizeof(float));
  }
  for (size_t first = 0; first < swl_memory_unit(op); first += heads)
    for (size_t place = from; place < end; place += TILE) {
      const size_t count = swl_min(end - place, TILE), first_row = first * r->group * r->queries;
      const char *tile = swl_memory_tile(r->text, side, true, (r->first_head + first) / heads, segment, place);
      if (side->format.bits)
        mix_codes(w, &side->format, first_row, rows, tile, place, count, mixed, mixture);
      else
        mix_numbers(w, &side->format, first_row, rows, tile, place, count, mixed, mixture);
    }
  if (side->format.bits)
    for (size_t row = 0; row < all; row++)
      add_offsets_of(w, &side->format, row, mixture + row * mixed);
}

// MARK: Segments

/// All rows over one segment: their greatest scores, sums of weights, and mixed values.
static void attend_rows(const memory_rows *r, const memory_workspace *w, size_t segment, float *greatest, float *total,
                        float *mixture) {
  const size_t rows = row_count(r);
  const span all = {seen_by(r, r->query, segment).first / TILE * TILE,
                    seen_by(r, r->query + r->queries - 1, segment).end};
  score_segment(r, w, segment, all.first, all.end);
  for (size_t row = 0; row < rows; row++)
    weigh(r, row, segment, seen_by(r, query_of(r, row), segment), all, w->scores + row * SWL_MEMORY_SEGMENT,
          greatest + row, total + row);
  mix_segment(r, w, segment, all.first, all.end, mixture);
}

static void begin_rows(const memory_rows *r, const memory_workspace *w) {
  const size_t rows = row_count(r);
  for (size_t row = 0; row < rows; row++)
    w->greatest[row] = -INFINITY, w->total[row] = 0;
  memset(w->result, 0, rows * swl_memory_mixed(r->op) * sizeof(float));
}

/// Writes what has come out of all segments, taken through `up` where values are latents.
static void finish_rows(const memory_rows *r, const memory_workspace *w) {
  const swl_memory_attention *op = r->op;
  const size_t rows = row_count(r), mixed = swl_memory_mixed(op), padded = swl_round_up(op->width, PART);
  for (size_t row = 0; row < rows; row++) {
    const float factor = w->total[row] == 0 ? 0 : 1 / w->total[row];
    for (size_t i = 0; i < mixed; i += LANES)
      store(w->result + row * mixed + i, load(w->result + row * mixed + i) * factor);
  }
  const size_t rank = op->values.format.width;
  for (size_t row = 0; row < rows; row++) {
    float *y = r->text->y + query_of(r, row) * op->y_stride + head_of(r, row) * op->width;
    const float *x = w->result + row * mixed;
    if (!op->values.up) {
      memcpy(y, x, op->width * sizeof(float));
      continue;
    }
    const size_t head = head_of(r, row) / r->group;
    const float *up = op->values.up + head * rank * padded;
    for (size_t j = 0; j < op->width; j += LANES) {
      floats sum = op->values.bias ? load_part(op->values.bias + head * op->width + j, op->width - j) : splat(0);
      for (size_t i = 0; i < rank; i++)
        sum = multiply_add(splat(x[i]), load(up + i * padded + j), sum);
      store_part(y + j, sum, op->width - j);
    }
  }
}

static void memory_attend(const swl_memory_attention *op, const swl_memory_queries *text, size_t unit, size_t query,
                          size_t queries, void *scratch) {
  memory_workspace w;
  lay_out_memory(op, scratch, &w);
  const memory_rows r = rows_of(op, text, unit, query, queries);
  const size_t rows = row_count(&r), mixed = swl_memory_mixed(op);
  fetch_queries(&r, &w);
  begin_rows(&r, &w);
  const size_t segments = (text->position + query + queries - 1) / SWL_MEMORY_SEGMENT + 1;
  for (size_t segment = 0; segment < segments; segment++) {
    const span first = seen_by(&r, query, segment), last = seen_by(&r, query + queries - 1, segment);
    if (first.first >= last.end)
      continue;
    float greatest[rows], total[rows];
    attend_rows(&r, &w, segment, greatest, total, w.mixture);
    for (size_t row = 0; row < rows; row++)
      join_segment(w.greatest + row, w.total + row, w.result + row * mixed, greatest[row], total[row],
                   w.mixture + row * mixed, mixed);
  }
  finish_rows(&r, &w);
}

static void memory_attend_segment(const swl_memory_attention *op, const swl_memory_queries *text, size_t unit,
                                  size_t segment, float *shared, void *scratch) {
  memory_workspace w;
  lay_out_memory(op, scratch, &w);
  const memory_rows r = rows_of(op, text, unit, 0, text->tokens);
  const size_t rows = row_count(&r);
  const span first = seen_by(&r, 0, segment), last = seen_by(&r, text->tokens - 1, segment);
  if (first.first >= last.end) { // a window lies behind it
    memset(shared + rows, 0, rows * sizeof(float));
    return;
  }
  fetch_queries(&r, &w);
  attend_rows(&r, &w, segment, shared, shared + rows, shared + 2 * rows);
}

static void memory_join(const swl_memory_attention *op, const swl_memory_queries *text, size_t unit,
                        const float *shared, void *scratch) {
  memory_workspace w;
  lay_out_memory(op, scratch, &w);
  const memory_rows r = rows_of(op, text, unit, 0, text->tokens);
  const size_t rows = row_count(&r), mixed = swl_memory_mixed(op), segments = swl_memory_segments(text);
  begin_rows(&r, &w);
  for (size_t segment = 0; segment < segments; segment++, shared += swl_memory_shared_floats(op, rows))
    for (size_t row = 0; row < rows; row++)
      join_segment(w.greatest + row, w.total + row, w.result + row * mixed, shared[row], shared[rows + row],
                   shared + 2 * rows + row * mixed, mixed);
  finish_rows(&r, &w);
}

const swl_memory_attention_kernel SWL_ISA_NAME(swl_memory_attention) = {
    {SWL_ISA_TITLE("memory_attention"), SWL_NEEDS}, memory_scratch_size, memory_attend, memory_attend_segment,
    memory_join};
