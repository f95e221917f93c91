#include "../common/avx512vnni.h"
#if SWL_X86
#include "../common/columns_vector.h"
#include "attention_kernels.h"

// Keys and values become signed by taking 128 away. What that and the zero point of the keys add to the scores is the
// same for every key, and the softmax does not see it.

typedef uint8_t element;
enum { K_STEP = 4, X_SIZE = 1, SIGNED_ZERO = 128 };
#define INTEGER_SUMS 1
#define SOFTENS_INTEGERS 1

SWL_INLINE floats dot(floats sums, uint32_t x, floats w) {
  return (floats)_mm512_dpbusd_epi32((__m512i)sums, _mm512_set1_epi32((int32_t)x), (__m512i)w);
}

SWL_INLINE void fetch(const swl_attention *op, const void *data, size_t at, element *to, bool is_signed) {
  typedef uint8_t sixteen __attribute__((vector_size(16)));
  const uint8_t *from = (const uint8_t *)data + at, flip = is_signed ? 0x80 : 0;
  size_t i = 0;
  for (; i + 16 <= op->width; i += 16) {
    sixteen v;
    memcpy(&v, from + i, 16);
    v ^= flip;
    memcpy(to + i, &v, 16);
  }
  for (; i < op->width; i++)
    to[i] = from[i] ^ flip;
}

SWL_INLINE words widen(const element *row) {
  bytes b;
  memcpy(&b, row, sizeof b);
  return __builtin_convertvector(b, words);
}

SWL_INLINE floats interleave(const element *rows, size_t stride) {
  return (floats)(widen(rows) | widen(rows + stride) << 8 | widen(rows + 2 * stride) << 16 |
                  widen(rows + 3 * stride) << 24);
}

static const float UNIT = 1.44269504f; // log2(e)

static const float MAGIC = 0x1.8p23f; // adding it rounds to an integer, which lies in the low bits

/// 2^x in steps of 1/255, for -20 <= x <= 0 where n is x + MAGIC and f is x - (n - MAGIC). The power is good to 8e-5, a
/// fiftieth of a step.
SWL_INLINE ints power(floats n, floats f) {
  floats p = multiply_add(splat(0x1.c3f6e2p-5f), f, splat(0x1.f0ddf0p-3f));
  p = multiply_add(p, f, splat(0x1.62f31ap-1f));
  p = multiply_add(p, f, splat(0x1.fff694p-1f));
  return (ints)multiply_add((floats)((words)p + ((words)n << 23)), splat(255), splat(MAGIC)) - (ints)splat(MAGIC);
}

/// Writes integers of 8 bits. By way of a register: converting on the way to memory is slow.
SWL_INLINE void store_bytes_of(ints v, element *to) {
  bytes narrow = __builtin_convertvector((words)v, bytes);
  __asm__("" : "+v"(narrow));
  memcpy(to, &narrow, sizeof narrow);
}

/// 2^x for x <= 0 in steps of 1/255.
SWL_INLINE floats weigh(floats x, element *to) {
  x = choose(x > -20, x, splat(-20));
  floats n = x + MAGIC;
  ints weights = power(n, x - (n - MAGIC));
  store_bytes_of(weights, to);
  return __builtin_convertvector(weights, floats);
}

SWL_INLINE ints load_scores(const float *sums, const float *correction) {
  return (ints)load(sums) - (ints)load(correction);
}

SWL_INLINE ints weights_of(ints scores, ints greatest, ints least, floats unit) {
  floats x = __builtin_convertvector((ints)_mm512_max_epi32((__m512i)(scores - greatest), (__m512i)least), floats);
  floats n = multiply_add(x, unit, splat(MAGIC));
  return power(n, multiply_add(x, unit, MAGIC - n));
}

/// The whole softmax of a row whose scores are `unit` times integer sums less `correction`: half the instructions of
/// score() and soften(), which a bias or a mask takes.
SWL_INLINE float soften_integers(const float *sums, const float *correction, size_t keys, float unit, element *weights) {
  const float most = unit > 0 ? 20 / unit : INFINITY;
  const ints least = (ints){} - (int32_t)(most < 0x1p30f ? most : 0x1p30f);
  const size_t whole = keys / LANES * LANES, four = keys / (4 * LANES) * (4 * LANES);
  const __mmask16 rest = first_of(keys - whole);

  __m512i top = _mm512_set1_epi32(INT32_MIN);
  for (size_t i = 0; i < whole; i += LANES)
    top = _mm512_max_epi32(top, (__m512i)load_scores(sums + i, correction + i));
  if (rest)
    top = _mm512_mask_max_epi32(top, rest, top, (__m512i)load_scores(sums + whole, correction + whole));
  const ints greatest = (ints)_mm512_set1_epi32(_mm512_reduce_max_epi32(top));

  ints total = {};
  const floats units = splat(unit);
  size_t i = 0;
  for (; i < four; i += 4 * LANES) {
    ints w[4];
    for (size_t v = 0; v < 4; v++) {
      w[v] = weights_of(load_scores(sums + i + v * LANES, correction + i + v * LANES), greatest, least, units);
      total += w[v];
    }
    store_four((__m512i *)w, weights + i);
  }
  for (; i < keys; i += LANES) { // no weight for what is no key
    ints w = weights_of(load_scores(sums + i, correction + i), greatest, least, units);
    w = (ints)_mm512_maskz_mov_epi32(first_of(keys - i), (__m512i)w);
    total += w;
    store_bytes_of(w, weights + i);
  }
  return (float)_mm512_reduce_add_epi32((__m512i)total);
}

SWL_INLINE floats to_floats(floats sums) { return __builtin_convertvector((ints)sums, floats); }

#include "../common/register_tile_vector.h"
#include "attention_vector.h"

const swl_attention_kernel swl_attention_u8_avx512vnni = {SWL_ISA_AVX512VNNI, {[SWL_U8] = true}, QUERIES, 8,
                                                          scratch_size,       prepare,           attend};
#pragma clang attribute pop
#endif
