#ifndef SWL_COLUMNS_VECTOR_H
#define SWL_COLUMNS_VECTOR_H

// Transposition of rows that lie apart, 16 bytes at a time. Included by the ISA files.

#include "vector.h"

/// Interleaves 32-bit elements of the lower, upper halves of every 16 bytes.
SWL_INLINE floats interleave_low(floats a, floats b) {
#if LANES == 16
  return (floats)_mm512_unpacklo_epi32((__m512i)a, (__m512i)b);
#else
  return (floats)_mm256_unpacklo_epi32((__m256i)a, (__m256i)b);
#endif
}

SWL_INLINE floats interleave_high(floats a, floats b) {
#if LANES == 16
  return (floats)_mm512_unpackhi_epi32((__m512i)a, (__m512i)b);
#else
  return (floats)_mm256_unpackhi_epi32((__m256i)a, (__m256i)b);
#endif
}

/// The same with 64-bit elements.
SWL_INLINE floats interleave_low_pairs(floats a, floats b) {
#if LANES == 16
  return (floats)_mm512_unpacklo_epi64((__m512i)a, (__m512i)b);
#else
  return (floats)_mm256_unpacklo_epi64((__m256i)a, (__m256i)b);
#endif
}

SWL_INLINE floats interleave_high_pairs(floats a, floats b) {
#if LANES == 16
  return (floats)_mm512_unpackhi_epi64((__m512i)a, (__m512i)b);
#else
  return (floats)_mm256_unpackhi_epi64((__m256i)a, (__m256i)b);
#endif
}

/// Reads 16 bytes at each of LANES places `stride` bytes apart: columns[i] holds their 32-bit elements i.
SWL_INLINE void load_columns(const char *p, size_t stride, floats columns[4]) {
  floats rows[4]; // row i holds places i, 4 + i, 8 + i, ...
  for (size_t i = 0; i < 4; i++)
    for (size_t j = 0; j < LANES / 4; j++)
      memcpy((char *)&rows[i] + 16 * j, p + (4 * j + i) * stride, 16);
  floats low01 = interleave_low(rows[0], rows[1]), low23 = interleave_low(rows[2], rows[3]);
  floats high01 = interleave_high(rows[0], rows[1]), high23 = interleave_high(rows[2], rows[3]);
  columns[0] = interleave_low_pairs(low01, low23);
  columns[1] = interleave_high_pairs(low01, low23);
  columns[2] = interleave_low_pairs(high01, high23);
  columns[3] = interleave_high_pairs(high01, high23);
}

/// The same for 16 bytes from `offset` on in each of up to LANES rows of x, zeros beyond rows and row ends.
SWL_INLINE void load_columns_part(const char *x, size_t stride, size_t rows, size_t offset, size_t row_size,
                                  floats columns[4]) {
  if (rows >= LANES && offset + 16 <= row_size) {
    load_columns(x + offset, stride, columns);
    return;
  }
  char copy[LANES * 16] = {0};
  for (size_t i = 0; i < swl_min(rows, LANES); i++)
    memcpy(copy + 16 * i, x + i * stride + offset, swl_min(row_size - offset, 16));
  load_columns(copy, 16, columns);
}

#endif
