#include "../common/avx512vnni.h"
#if SWL_X86
#include "../common/columns_vector.h"
#include "../common/dot_u8s8_avx512vnni.h"
#include "attention_u8_vector.h"

typedef uint8_t element;
enum { INPUT_ZERO = 0 };
#define SOFTENS_INTEGERS 1

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

/// What power() gives, as integers.
SWL_INLINE ints whole_power(floats n, floats f) { return (ints)power(n, f) - (ints)splat(MAGIC); }

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
  ints weights = whole_power(n, x - (n - MAGIC));
  store_bytes_of(weights, to);
  return __builtin_convertvector(weights, floats);
}

SWL_INLINE ints load_scores(const float *sums, const float *correction) {
  return (ints)load(sums) - (ints)load(correction);
}

SWL_INLINE ints weights_of(ints scores, ints greatest, ints least, floats unit) {
  floats x = __builtin_convertvector((ints)_mm512_max_epi32((__m512i)(scores - greatest), (__m512i)least), floats);
  floats n = multiply_add(x, unit, splat(MAGIC));
  return whole_power(n, multiply_add(x, unit, MAGIC - n));
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

#include "attention_vector.h"

const swl_attention_kernel swl_attention_u8_avx512vnni = ATTENTION("attention_u8", [SWL_U8] = true);
#pragma clang attribute pop
#endif
