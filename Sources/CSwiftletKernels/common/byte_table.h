#ifndef SWL_BYTE_TABLE_H
#define SWL_BYTE_TABLE_H

// A table of 256 bytes, looked up many bytes at a time. Included by the ISA files.

#include "vector.h"

#if SWL_X86 && LANES == 16
enum { TABLE_STEP = 128 };
#elif SWL_X86
enum { TABLE_STEP = 64 };
#else
enum { TABLE_STEP = 1 };
#endif

/// y[i] = table[x[i]] for TABLE_STEP bytes: sixteen shuffles by the lower four bits, of which a tree of blends takes one
/// by the upper four. y may be x.
SWL_INLINE void look_up_bytes(const uint8_t *table, const uint8_t *x, uint8_t *y) {
#if SWL_X86 && LANES == 16
  const __m512i low_bits = _mm512_set1_epi8(15);
  for (size_t half = 0; half < 2; half++) {
    const __m512i bytes = _mm512_loadu_si512(x + 64 * half), low = _mm512_and_si512(bytes, low_bits);
    __mmask64 bit[4];
    for (int b = 0; b < 4; b++)
      bit[b] = _mm512_test_epi8_mask(bytes, _mm512_set1_epi8((char)(16 << b)));
    __m512i v[16];
#pragma clang loop unroll(full)
    for (int i = 0; i < 16; i++)
      v[i] = _mm512_shuffle_epi8(
          _mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)(table + 16 * i))), low);
#pragma clang loop unroll(full)
    for (int b = 0; b < 4; b++)
#pragma clang loop unroll(full)
      for (int i = 0; i < 8 >> b; i++)
        v[i] = _mm512_mask_blend_epi8(bit[b], v[2 * i], v[2 * i + 1]);
    _mm512_storeu_si512(y + 64 * half, v[0]);
  }
#elif SWL_X86
  for (size_t half = 0; half < 2; half++) {
    const __m256i bytes = _mm256_loadu_si256((const __m256i *)(x + 32 * half));
    const __m256i low = _mm256_and_si256(bytes, _mm256_set1_epi8(15));
    // Bits 4 to 7 in the place that blends look at; shifts of 16 bits leave the bits below it to chance.
    const __m256i bit[4] = {_mm256_slli_epi16(bytes, 3), _mm256_slli_epi16(bytes, 2), _mm256_slli_epi16(bytes, 1),
                            bytes};
    __m256i level[4];
#pragma clang loop unroll(full)
    for (int i = 0; i < 16; i++) {
      __m256i v = _mm256_shuffle_epi8(
          _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(table + 16 * i))), low);
      int b = 0;
      for (; b < 4 && i >> b & 1; b++) // joins what is complete, so that few vectors wait
        v = _mm256_blendv_epi8(level[b], v, bit[b]);
      if (b < 4)
        level[b] = v;
      else
        _mm256_storeu_si256((__m256i *)(y + 32 * half), v);
    }
  }
#else
  *y = table[*x];
#endif
}

#endif
