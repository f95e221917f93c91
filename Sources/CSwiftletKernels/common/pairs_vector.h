#ifndef SWL_PAIRS_VECTOR_H
#define SWL_PAIRS_VECTOR_H

// Products of 16-bit integers, two a lane. Included by the ISA files.

#include "vector.h"

typedef int16_t shorts __attribute__((vector_size(4 * LANES)));
typedef uint8_t byte_pairs __attribute__((vector_size(2 * LANES)));

/// Bytes a and b side by side in every lane.
SWL_INLINE shorts pair_bytes(bytes a, bytes b) {
#if LANES == 16
  byte_pairs pairs = __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23, 8, 24, 9, 25,
                                             10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
#else
  byte_pairs pairs = __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11, 4, 12, 5, 13, 6, 14, 7, 15);
#endif
  return __builtin_convertvector(pairs, shorts);
}

/// Adds the products of both pairs of a lane.
SWL_INLINE ints add_pairs(ints sums, shorts a, shorts b) {
#if SWL_X86 && LANES == 16
  return sums + (ints)_mm512_madd_epi16((__m512i)a, (__m512i)b);
#elif SWL_X86
  return sums + (ints)_mm256_madd_epi16((__m256i)a, (__m256i)b);
#else
  const ints low = (((ints)a << 16) >> 16) * (((ints)b << 16) >> 16);
  return sums + low + ((ints)a >> 16) * ((ints)b >> 16);
#endif
}

#endif
