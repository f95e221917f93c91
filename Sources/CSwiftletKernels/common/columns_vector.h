#ifndef SWL_COLUMNS_VECTOR_H
#define SWL_COLUMNS_VECTOR_H

// Transposition of rows that lie apart, 16 bytes at a time. Included by the ISA files.

#include "vector.h"

/// Interleaves 32-bit elements of the lower, upper halves of every 16 bytes, and 64-bit elements.
#if LANES == 16
#define INTERLEAVE_LOW(a, b) __builtin_shufflevector(a, b, 0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13, 29)
#define INTERLEAVE_HIGH(a, b) __builtin_shufflevector(a, b, 2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27, 14, 30, 15, 31)
#define LOW_PAIRS(a, b) __builtin_shufflevector(a, b, 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29)
#define HIGH_PAIRS(a, b) __builtin_shufflevector(a, b, 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31)
#else
#define INTERLEAVE_LOW(a, b) __builtin_shufflevector(a, b, 0, 8, 1, 9, 4, 12, 5, 13)
#define INTERLEAVE_HIGH(a, b) __builtin_shufflevector(a, b, 2, 10, 3, 11, 6, 14, 7, 15)
#define LOW_PAIRS(a, b) __builtin_shufflevector(a, b, 0, 1, 8, 9, 4, 5, 12, 13)
#define HIGH_PAIRS(a, b) __builtin_shufflevector(a, b, 2, 3, 10, 11, 6, 7, 14, 15)
#endif

/// Reads 16 bytes at each of LANES places `stride` bytes apart: columns[i] holds their 32-bit elements i.
SWL_INLINE void load_columns(const char *p, size_t stride, floats columns[4]) {
  floats rows[4]; // row i holds places i, 4 + i, 8 + i, ...
  for (size_t i = 0; i < 4; i++)
    for (size_t j = 0; j < LANES / 4; j++)
      memcpy((char *)&rows[i] + 16 * j, p + (4 * j + i) * stride, 16);
  floats low01 = INTERLEAVE_LOW(rows[0], rows[1]), low23 = INTERLEAVE_LOW(rows[2], rows[3]);
  floats high01 = INTERLEAVE_HIGH(rows[0], rows[1]), high23 = INTERLEAVE_HIGH(rows[2], rows[3]);
  columns[0] = LOW_PAIRS(low01, low23);
  columns[1] = HIGH_PAIRS(low01, low23);
  columns[2] = LOW_PAIRS(high01, high23);
  columns[3] = HIGH_PAIRS(high01, high23);
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
