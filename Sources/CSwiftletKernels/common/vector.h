#ifndef SWL_VECTOR_H
#define SWL_VECTOR_H

// Vectors of LANES floats, 8 or 16, whatever the processor: the including file has set LANES, and the instructions to
// use, by including the header of an instruction set first (avx2.h). Operations that need no special instruction are
// written once, on these; where registers are shorter, a vector is several of them.

#include <string.h>

#include "normal_table.h"
#include "scalar.h"
#include "target.h"

typedef float floats __attribute__((vector_size(4 * LANES)));
typedef int32_t ints __attribute__((vector_size(4 * LANES)));
typedef uint32_t words __attribute__((vector_size(4 * LANES)));
typedef uint16_t halves __attribute__((vector_size(2 * LANES)));
typedef uint8_t bytes __attribute__((vector_size(LANES)));

#if SWL_ARM
/// The registers of a vector as 32-bit integers, and a vector of two registers.
SWL_INLINE int32x4_t lower_of(floats v) { return (int32x4_t)__builtin_shufflevector(v, v, 0, 1, 2, 3); }
SWL_INLINE int32x4_t upper_of(floats v) { return (int32x4_t)__builtin_shufflevector(v, v, 4, 5, 6, 7); }
#define joined(low, high)                                                                                              \
  (floats)__builtin_shufflevector((int32x4_t)(low), (int32x4_t)(high), 0, 1, 2, 3, 4, 5, 6, 7)
#endif

SWL_INLINE floats splat(float value) { return (floats){} + value; }

/// The same, and what compilers may not load again lane by lane.
SWL_INLINE floats in_registers(floats v) {
#if SWL_ARM
  int32x4_t low = lower_of(v), high = upper_of(v);
  __asm__("" : "+w"(low), "+w"(high));
  return joined(low, high);
#else
  __asm__("" : "+v"(v));
  return v;
#endif
}

SWL_INLINE floats load(const float *p) {
  floats v;
  memcpy(&v, p, sizeof v);
  return v;
}

SWL_INLINE void store(float *p, floats v) { memcpy(p, &v, sizeof v); }

#if LANES == 16 && SWL_X86
/// The first `count` lanes.
SWL_INLINE __mmask16 first_of(size_t count) { return (__mmask16)((1u << swl_min(count, LANES)) - 1); }
#endif

/// The first `count` lanes, zeros above. Masks, as a call of memcpy would have every vector around it saved.
SWL_INLINE floats load_part(const float *p, size_t count) {
  if (count >= LANES)
    return load(p);
#if LANES == 16 && SWL_X86
  return (floats)_mm512_maskz_loadu_ps(first_of(count), p);
#else
  floats v = {};
  memcpy(&v, p, count * sizeof(float));
  return v;
#endif
}

SWL_INLINE void store_part(float *p, floats v, size_t count) {
#if LANES == 16 && SWL_X86
  _mm512_mask_storeu_ps(p, first_of(count), (__m512)v);
#else
  if (count >= LANES)
    store(p, v);
  else
    memcpy(p, &v, count * sizeof(float));
#endif
}

SWL_INLINE void store_halves(uint16_t *p, halves v, size_t count) {
#if LANES == 16 && SWL_X86
  _mm256_mask_storeu_epi16(p, first_of(count), (__m256i)v);
#else
  memcpy(p, &v, count >= LANES ? sizeof v : count * sizeof(uint16_t));
#endif
}

SWL_INLINE void store_bytes(uint8_t *p, bytes v, size_t count) {
#if LANES == 16 && SWL_X86
  _mm_mask_storeu_epi8(p, first_of(count), (__m128i)v);
#else
  memcpy(p, &v, count >= LANES ? sizeof v : count);
#endif
}

SWL_INLINE floats choose(ints condition, floats yes, floats no) {
  return (floats)(((ints)yes & condition) | ((ints)no & ~condition));
}

SWL_INLINE floats multiply_add(floats a, floats b, floats c) { return __builtin_elementwise_fma(a, b, c); }

/// The first `count` lanes of v, `rest` in the others.
SWL_INLINE floats first_lanes(floats v, size_t count, float rest) {
  ints lanes;
  for (int lane = 0; lane < LANES; lane++)
    lanes[lane] = lane;
  return count < LANES ? choose(lanes < (int32_t)count, v, splat(rest)) : v;
}

/// a where either is NaN, as in maxps with its operands swapped.
SWL_INLINE floats greater(floats a, floats b) { return choose(a < b, b, a); }

/// v with its halves exchanged, its quarters within halves, and so on down to neighbours.
#if LANES == 16
#define HALVES_OF(v) __builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7)
#define QUARTERS_OF(v) __builtin_shufflevector(v, v, 4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11)
#define PAIRS_OF(v) __builtin_shufflevector(v, v, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13)
#define NEIGHBOURS_OF(v) __builtin_shufflevector(v, v, 1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14)
#else
#define HALVES_OF(v) __builtin_shufflevector(v, v, 4, 5, 6, 7, 0, 1, 2, 3)
#define QUARTERS_OF(v) __builtin_shufflevector(v, v, 2, 3, 0, 1, 6, 7, 4, 5)
#define PAIRS_OF(v) __builtin_shufflevector(v, v, 1, 0, 3, 2, 5, 4, 7, 6)
#endif

SWL_INLINE float sum_of(floats v) {
  v += HALVES_OF(v);
  v += QUARTERS_OF(v);
  v += PAIRS_OF(v);
#if LANES == 16
  v += NEIGHBOURS_OF(v);
#endif
  return v[0];
}

SWL_INLINE float greatest_of(floats v) {
  v = greater(v, HALVES_OF(v));
  v = greater(v, QUARTERS_OF(v));
  v = greater(v, PAIRS_OF(v));
#if LANES == 16
  v = greater(v, NEIGHBOURS_OF(v));
#endif
  return v[0];
}

/// e^x with a relative error below 2e-7; 0 below -87.33, e^88.37 above it, NaN stays NaN.
SWL_INLINE floats exponential(floats x) {
  const floats magic = splat(0x1.8p23f); // adding it rounds to an integer, which lies in the low bits
  floats in_range = choose(x > 88.37f, splat(88.37f), x);
  floats n = multiply_add(in_range, splat(0x1.715476p0f), magic);
  floats whole = n - magic;
  floats r = multiply_add(whole, splat(-0x1.62e4p-1f), in_range); // ln 2 in two parts
  r = multiply_add(whole, splat(-0x1.7f7d1cp-20f), r);
  floats p = splat(0x1.6850e4p-10f);
  p = multiply_add(p, r, splat(0x1.123bccp-7f));
  p = multiply_add(p, r, splat(0x1.555b98p-5f));
  p = multiply_add(p, r, splat(0x1.55548ep-3f));
  p = multiply_add(p, r, splat(0x1.fffff8p-2f));
  p = multiply_add(p, r, splat(1));
  p = multiply_add(p, r, splat(1));
  floats scaled = (floats)((words)p + ((words)n << 23));
  return choose(x < -87.33f, splat(0), scaled);
}

/// Entry index[i] & 15 of a table of 16.
SWL_INLINE floats look_up(const float *table, ints index) {
#if LANES == 16 && SWL_X86
  return (floats)_mm512_permutexvar_ps((__m512i)index, _mm512_loadu_ps(table));
#elif LANES == 8 && SWL_X86
  __m256 low = _mm256_permutevar8x32_ps(_mm256_loadu_ps(table), (__m256i)index);
  __m256 high = _mm256_permutevar8x32_ps(_mm256_loadu_ps(table + 8), (__m256i)index);
  return (floats)_mm256_blendv_ps(low, high, (__m256)(index << 28));
#elif SWL_ARM
  const uint8x16x4_t entries = vld1q_u8_x4((const uint8_t *)table);
  const words at = ((words)index & 15) * 0x04040404 + 0x03020100; // the bytes of an entry
  const uint8x16_t low = (uint8x16_t)__builtin_shufflevector(at, at, 0, 1, 2, 3);
  const uint8x16_t high = (uint8x16_t)__builtin_shufflevector(at, at, 4, 5, 6, 7);
  return joined(vqtbl4q_u8(entries, low), vqtbl4q_u8(entries, high));
#else
  floats v;
  for (int i = 0; i < LANES; i++)
    v[i] = table[index[i] & 15];
  return v;
#endif
}

/// x * Phi(x) with an absolute error below 5e-7 for |x| < 6, x or 0 beyond.
SWL_INLINE floats gelu(floats x) {
  const floats magic = splat(0x1.8p23f), steps = splat(1 / SWL_NORMAL_STEP);
  floats a = __builtin_elementwise_abs(x);
  a = choose(a < 15 * SWL_NORMAL_STEP, a, splat(15 * SWL_NORMAL_STEP));
  floats n = multiply_add(a, steps, magic);
  floats f = multiply_add(a, steps, magic - n);
  ints piece = (ints)n;
  floats p = look_up(swl_normal_table[4], piece);
  p = multiply_add(p, f, look_up(swl_normal_table[3], piece));
  p = multiply_add(p, f, look_up(swl_normal_table[2], piece));
  p = multiply_add(p, f, look_up(swl_normal_table[1], piece));
  p = multiply_add(p, f, look_up(swl_normal_table[0], piece));
  floats signed_p = (floats)((ints)p | ((ints)x & INT32_MIN));
  return x * (signed_p + 0.5f);
}

/// The same for results that become 8 bits: with an error below 2e-5, and fewer than half the instructions.
SWL_INLINE floats gelu_for_bytes(floats x) {
#if LANES == 16 && SWL_X86
  const floats magic = splat(0x1.8p23f), most = splat(31 * SWL_NORMAL_BYTE_STEP);
  const floats a = __builtin_elementwise_abs(x);
  const floats within = (floats)_mm512_min_ps((__m512)a, (__m512)most);
  const __m512i piece = (__m512i)multiply_add(within, splat(1 / SWL_NORMAL_BYTE_STEP), magic);
  floats coefficients[3];
  for (size_t d = 0; d < 3; d++)
    coefficients[d] = (floats)_mm512_permutex2var_ps(_mm512_loadu_ps(swl_normal_byte_table[d]), piece,
                                                     _mm512_loadu_ps(swl_normal_byte_table[d] + 16));
  floats p = multiply_add(multiply_add(coefficients[2], within, coefficients[1]), within, coefficients[0]);
  return multiply_add(a, p, x * 0.5f); // x / 2 + |x| (Phi(|x|) - 1/2)
#else
  return gelu(x);
#endif
}

SWL_INLINE floats hard_sigmoid(floats x) {
  const floats shifted = x + 3;
  return choose(shifted < 0, splat(0), choose(shifted > 6, splat(6), shifted)) * (1.0f / 6);
}

SWL_INLINE floats activate(swl_activation activation, float slope, floats x) {
  switch (activation) {
  case SWL_IDENTITY:
    return x;
  case SWL_RELU:
    return choose(x < 0, splat(0), x);
  case SWL_GELU:
    return gelu(x);
  case SWL_SILU:
    return x / (exponential(-x) + 1);
  case SWL_SIGMOID:
    return 1 / (exponential(-x) + 1);
  case SWL_GELU_TANH:
    return x / (exponential(-x * multiply_add(x * x, splat(SWL_GELU_TANH_CUBIC), splat(SWL_GELU_TANH_LINEAR))) + 1);
  case SWL_QUICK_GELU:
    return x / (exponential(x * splat(-SWL_QUICK_GELU_SLOPE)) + 1);
  case SWL_TANH:
    return 1 - 2 / (exponential(x * 2) + 1);
  case SWL_HARD_SIGMOID:
    return hard_sigmoid(x);
  case SWL_HARD_SWISH:
    return x * hard_sigmoid(x);
  case SWL_LEAKY_RELU:
    return choose(x > 0, x, x * slope);
  }
  return x;
}

SWL_INLINE halves to_bf16(floats x) {
#if defined(__AVX512BF16__) && LANES == 16
  return (halves)_mm512_cvtneps_pbh((__m512)x);
#else
  words bits = (words)x;
  words rounded = (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
  words quiet = bits >> 16 | 0x40;
  words is_nan = (words)(x != x);
  return __builtin_convertvector((quiet & is_nan) | (rounded & ~is_nan), halves);
#endif
}

/// Of 16-bit floats with 10 fraction bits.
SWL_INLINE floats from_f16(halves x) {
#if SWL_X86 && LANES == 16
  return (floats)_mm512_cvtph_ps((__m256i)x);
#elif SWL_X86 && LANES == 8
  return (floats)_mm256_cvtph_ps((__m128i)x);
#else
  typedef _Float16 small_floats __attribute__((vector_size(2 * LANES)));
  return __builtin_convertvector((small_floats)x, floats);
#endif
}

SWL_INLINE floats from_bf16(halves x) { return (floats)(__builtin_convertvector(x, words) << 16); }

SWL_INLINE bytes to_u8(floats x, float inverse_scale, float zero_point) {
  floats v = __builtin_elementwise_rint(x * inverse_scale) + zero_point;
  v = choose(v > 0, v, splat(0)); // NaN too
  v = choose(v < 255, v, splat(255));
  return __builtin_convertvector(__builtin_convertvector(v, ints), bytes);
}

#if LANES == 16 && SWL_X86
/// Writes 64 integers as bytes, saturated.
SWL_INLINE void store_four(const __m512i n[4], uint8_t *to) {
  __m512i packed = _mm512_packus_epi16(_mm512_packs_epi32(n[0], n[1]), _mm512_packs_epi32(n[2], n[3]));
  const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
  _mm512_storeu_si512(to, _mm512_permutexvar_epi32(order, packed));
}
#endif

/// Writes `count` vectors; count is a multiple of 4.
SWL_INLINE void store_u8(uint8_t *y, const floats *values, size_t count, float inverse_scale, int32_t zero_point) {
#if LANES == 16 && SWL_X86
  for (size_t v = 0; v < count; v += 4) {
    __m512i n[4]; // packing saturates, so that only what overflows an int32 needs care
    for (size_t i = 0; i < 4; i++) {
      // NaN stays NaN, as the second operand does.
      __m512 scaled = _mm512_min_ps(_mm512_set1_ps(0x1p24f), (__m512)(values[v + i] * inverse_scale));
      n[i] = (__m512i)((ints)_mm512_cvtps_epi32(scaled) + zero_point);
    }
    store_four(n, y + v * LANES);
  }
#else
  for (size_t v = 0; v < count; v++) {
    bytes b = to_u8(values[v], inverse_scale, (float)zero_point);
    memcpy(y + v * LANES, &b, sizeof b);
  }
#endif
}

/// Writes the first `count` lanes at element i of y.
SWL_INLINE void write_part(void *y, size_t i, swl_output output, float inverse_scale, floats x, size_t count) {
  switch (output.type) {
  case SWL_F32:
    store_part((float *)y + i, x, count);
    break;
  case SWL_BF16:
    store_halves((uint16_t *)y + i, to_bf16(x), count);
    break;
  case SWL_U8:
  case SWL_S8:
  case SWL_U4:
    store_bytes((uint8_t *)y + i, to_u8(x, inverse_scale, (float)output.zero_point), count);
    break;
  }
}

/// Reads up to `count` lanes from element i of x, zeros above.
SWL_INLINE floats read_part(const void *x, size_t i, swl_output input, size_t count) {
  size_t lanes = swl_min(count, LANES);
  switch (input.type) {
  case SWL_F32:
    return load_part((const float *)x + i, count);
  case SWL_BF16: {
    halves h = {};
    memcpy(&h, (const uint16_t *)x + i, lanes * 2);
    return from_bf16(h);
  }
  case SWL_U8:
  case SWL_S8:
  case SWL_U4: {
    bytes b = {};
    memcpy(&b, (const uint8_t *)x + i, lanes);
    return input.scale * (__builtin_convertvector(b, floats) - (float)input.zero_point);
  }
  }
  return splat(0);
}

#endif
