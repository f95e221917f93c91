// Attention on vectors. The including file includes columns_vector.h and a dot_*.h, then defines
//   element                         what is multiplied, X_SIZE bytes of it
//   fetch(op, data, at, to, signed) copies a row of one head, `signed` for keys and values
//   SIGNED_ZERO                     what `signed` takes away from a value
//   UNIT, weigh(x, to)              writes LANES weights exp(x / UNIT) of the softmax, returns what was written
//   to_floats(sums)                 sums of products as floats
//   INTEGER_SUMS                    if these are ints, and zero points need correcting; then
//   INPUT_ZERO                      what fetch takes away from queries, and weigh from what it writes
//   SOFTENS_INTEGERS, soften_integers(sums, correction, keys, unit, weights)
//                                   if it has a softmax of its own for scores without bias and mask
// before this file.
//
// Both products are register tiles over six queries: keys are packed as [steps of width][keys], values as [steps of
// keys][width], zeros around them.

#include "../common/register_tile_vector.h"

enum { QUERIES = 6 }; // of a register tile

typedef struct {
  size_t width, keys, key_steps; // width, keys in whole vectors; keys in whole steps
  element *k, *v;                // packed
  element *rows;                 // one head, [keys][width]
  float *correction;             // [keys], zero point of the queries times the sum of each key; ints where sums are
  float *v_sums;                 // [width], INPUT_ZERO times the sum of each column of the values, ints
  float *scores;                 // [QUERIES][keys], then [QUERIES][width]
  element *weights;              // [QUERIES][keys]
  element *queries;              // [QUERIES][width]
} workspace;

/// The next `bytes` bytes of scratch; NULL where only the size is wanted.
SWL_INLINE void *take(char *scratch, size_t *used, size_t bytes) {
  size_t at = *used;
  *used += swl_round_up(bytes, 64);
  return scratch ? scratch + at : NULL;
}

/// Lays the workspace out; returns its size in bytes.
static size_t lay_out(const swl_attention *op, char *scratch, workspace *w) {
  w->width = swl_round_up(op->width, LANES);
  w->keys = swl_round_up(op->keys, LANES);
  w->key_steps = swl_round_up(op->keys, K_STEP);
  size_t used = 0, head = w->keys * w->width * X_SIZE;
  w->k = take(scratch, &used, head);
  w->v = take(scratch, &used, head);
  w->rows = take(scratch, &used, head);
  w->correction = take(scratch, &used, w->keys * sizeof(float));
#if INTEGER_SUMS
  w->v_sums = take(scratch, &used, INPUT_ZERO ? w->width * sizeof(float) : 0);
#endif
  w->scores = take(scratch, &used, QUERIES * (w->keys + w->width) * sizeof(float));
  w->weights = take(scratch, &used, QUERIES * w->keys * X_SIZE);
  w->queries = take(scratch, &used, QUERIES * w->width * X_SIZE);
  return used;
}

static size_t scratch_size(const swl_attention *op) {
  workspace w;
  return lay_out(op, NULL, &w);
}

/// The rows of one head from `first` on, zeros around them: [room][width].
static void fetch_rows(const swl_attention *op, const swl_heads *from, size_t batch, size_t head, size_t first,
                       size_t count, size_t room, size_t width, bool is_signed, element *rows) {
  const size_t start = swl_attention_image(op, batch) * from->batch_stride + head * op->width;
  for (size_t i = first; i < first + count; i++, rows += width) {
    if (op->width < width)
      memset(rows, 0, width * X_SIZE);
    fetch(op, from->data, start + swl_attention_row(op, batch, i) * from->token_stride, rows, is_signed);
  }
  memset(rows, 0, (room - count) * width * X_SIZE);
}

/// x[QUERIES][x_stride] times packed[steps][outputs]: sums[QUERIES][sums_stride], `outputs` in whole vectors.
static void multiply(size_t queries, const element *x, size_t x_stride, const element *packed, size_t inputs,
                     size_t outputs, float *sums, size_t sums_stride) {
  for (size_t o = 0, vectors; o < outputs; o += vectors * LANES) {
    vectors = swl_min((outputs - o) / LANES, WIDE);
    if (vectors == 3)
      vectors = 2;
    choose_tile(read_vector, sizeof(floats), queries, vectors, x, x_stride * X_SIZE,
                packed + o * swl_round_up(inputs, K_STEP), inputs, sums + o, sums_stride);
  }
}

/// Where output vector v of a packed matrix with `steps` steps lies: blocks of vectors, cut as `multiply` does.
static element *packed_at(element *packed, size_t vectors, size_t v, size_t steps, size_t step) {
  size_t first = v / WIDE * WIDE, wide = swl_min(vectors - first, WIDE);
  if (wide == 3) {
    wide = v - first < 2 ? 2 : 1;
    first += v - first < 2 ? 0 : 2;
  }
  return packed + (first * steps + step * wide + v - first) * LANES * K_STEP;
}

/// LANES elements, each in 32 bits.
SWL_INLINE words widen(const element *row) {
  words w = {};
  halves h;
  bytes b;
  switch (X_SIZE) {
  case 1:
    memcpy(&b, row, sizeof b);
    return __builtin_convertvector(b, words);
  case 2:
    memcpy(&h, row, sizeof h);
    return __builtin_convertvector(h, words);
  default:
    memcpy(&w, row, sizeof w);
    return w;
  }
}

/// K_STEP rows, LANES elements of each, as one vector.
SWL_INLINE floats interleave(const element *rows, size_t stride) {
  words w = widen(rows);
  for (size_t i = 1; i < K_STEP; i++)
    w |= widen(rows + i * stride) << (uint32_t)(8 * X_SIZE * i);
  return (floats)w;
}

static void prepare(const swl_attention *op, size_t batch, size_t head, void *scratch) {
  workspace w;
  lay_out(op, scratch, &w);

  // Keys: a column of the rows, K_STEP elements a key, is a vector.
  fetch_rows(op, &op->k, batch, head, 0, op->keys, w.keys, w.width, true, w.rows);
  for (size_t v = 0; v < w.keys / LANES; v++)
    for (size_t step = 0; step < w.width / K_STEP; step += 4) {
      floats columns[4];
      load_columns((const char *)(w.rows + v * LANES * w.width + step * K_STEP), w.width * X_SIZE, columns);
      for (size_t i = 0; i < 4; i++)
        memcpy(packed_at(w.k, w.keys / LANES, v, w.width / K_STEP, step + i), &columns[i], sizeof(floats));
    }
  memset(w.correction, 0, w.keys * sizeof(float));
#if INTEGER_SUMS
  if (op->q_zero_point != INPUT_ZERO) {
    for (size_t i = 0; i < w.width; i++)
      w.queries[i] = 1;
    multiply(1, w.queries, w.width, w.k, w.width, w.keys, w.scores, w.keys);
    for (size_t i = 0; i < w.keys; i += LANES)
      store(w.correction + i, (floats)((ints)load(w.scores + i) * (op->q_zero_point - INPUT_ZERO)));
  }
#endif

  // Values: K_STEP rows interleaved.
  fetch_rows(op, &op->v, batch, head, 0, op->keys, w.keys, w.width, true, w.rows);
  for (size_t key = 0; key < w.key_steps; key += K_STEP)
    for (size_t v = 0; v < w.width / LANES; v++) {
      floats vector = interleave(w.rows + key * w.width + v * LANES, w.width);
      memcpy(packed_at(w.v, w.width / LANES, v, w.key_steps / K_STEP, key / K_STEP), &vector, sizeof(floats));
    }
#if INTEGER_SUMS
  if (INPUT_ZERO) {
    for (size_t i = 0; i < w.keys; i++)
      w.weights[i] = 1;
    multiply(1, w.weights, w.keys, w.v, w.key_steps, w.width, w.v_sums, w.width);
    for (size_t i = 0; i < w.width; i += LANES)
      store(w.v_sums + i, (floats)((ints)load(w.v_sums + i) * INPUT_ZERO));
  }
#endif
}

/// Turns the sums of one query into scores, up to a factor that it returns with the greatest of them.
static float score(const swl_attention *op, const workspace *w, size_t batch, size_t head, size_t query, float *scores,
                   float *factor) {
  const float scale = op->scale * op->q_scale * op->k_scale;
  const float *bias = op->bias ? op->bias + (head * op->queries + query) * op->keys : NULL;
  const float *mask = swl_attention_mask_row(op, batch, query);
  *factor = bias || mask ? 1 : scale;
  floats greatest = splat(-INFINITY);
  for (size_t i = 0; i < w->keys; i += LANES) {
#if INTEGER_SUMS
    floats value = to_floats((floats)((ints)load(scores + i) - (ints)load(w->correction + i)));
#else
    floats value = load(scores + i);
#endif
    if (bias || mask) {
      value *= scale;
      if (bias)
        value += load_part(bias + i, op->keys - i);
      if (mask)
        value += load_part(mask + i, op->keys - i);
    }
    if (op->keys - i < LANES) // no weight for what is no key
      value = first_lanes(value, op->keys - i, -INFINITY);
    store(scores + i, value);
    greatest = greater(greatest, value);
  }
  return greatest_of(greatest);
}

/// Turns scores into weights exp(factor * (score - greatest)); returns what they add up to.
static float soften(const workspace *w, const float *scores, float greatest, float factor, element *weights) {
  floats sum = splat(0);
  for (size_t i = 0; i < w->keys; i += LANES)
    sum += weigh((load(scores + i) - greatest) * (factor * UNIT), weights + i);
  return sum_of(sum);
}

static void attend(const swl_attention *op, size_t batch, size_t head, size_t first, size_t queries, void *scratch) {
  workspace w;
  lay_out(op, scratch, &w);
  const float inverse_scale = 1 / op->output.scale;
  for (size_t end = first + queries, query = first; query < end; query += QUERIES) {
    size_t count = swl_min(end - query, QUERIES);
    float greatest[QUERIES], factor, sums[QUERIES];
    fetch_rows(op, &op->q, batch, head, query, count, count, w.width, false, w.queries);
    multiply(count, w.queries, w.width, w.k, w.width, w.keys, w.scores, w.keys);
#if SOFTENS_INTEGERS
    if (!op->bias && !op->mask) {
      const float unit = op->scale * op->q_scale * op->k_scale * UNIT;
      for (size_t i = 0; i < count; i++)
        sums[i] = soften_integers(w.scores + i * w.keys, w.correction, op->keys, unit, w.weights + i * w.keys);
    } else
#endif
    {
      for (size_t i = 0; i < count; i++)
        greatest[i] = score(op, &w, batch, head, query + i, w.scores + i * w.keys, &factor);
      for (size_t i = 0; i < count; i++)
        sums[i] = soften(&w, w.scores + i * w.keys, greatest[i], factor, w.weights + i * w.keys);
    }
    multiply(count, w.weights, w.keys, w.v, w.key_steps, w.width, w.scores, w.width);

    for (size_t i = 0; i < count; i++) {
      size_t at = swl_attention_result(op, batch, head, query + i);
      const float factor = op->v_scale / sums[i], zero = (float)(op->v_zero_point - SIGNED_ZERO) * op->v_scale;
      for (size_t j = 0; j < op->width; j += LANES) {
        floats weighted = load(w.scores + i * w.width + j);
#if INTEGER_SUMS
        if (INPUT_ZERO)
          weighted = (floats)((ints)weighted + (ints)load(w.v_sums + j));
#endif
        write_part(op->y, at + j, op->output, inverse_scale, to_floats(weighted) * factor - zero, op->width - j);
      }
    }
  }
}

/// The row of a kernel, which names the types it accepts.
#define ATTENTION(title, ...)                                                                                          \
  {{SWL_ISA_TITLE(title), SWL_NEEDS}, {__VA_ARGS__}, false, QUERIES, 8, scratch_size, prepare, attend}
