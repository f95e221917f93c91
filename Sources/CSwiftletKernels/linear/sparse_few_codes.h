#ifndef SWL_SPARSE_FEW_CODES_H
#define SWL_SPARSE_FEW_CODES_H

#include <stddef.h>
#include <stdint.h>

// What names the two positions of a step of int8 kernels for few tokens.

/// 2:4, 4 bits: one of the six pairs of four.
static inline uint8_t swl_few_code_of_four(size_t first, size_t second) {
  first %= 4, second %= 4;
  return (uint8_t)(first == 0 ? second - 1 : first + second);
}

/// 1:4, 4 bits: a position in each half of the window of eight.
static inline uint8_t swl_few_code_of_halves(size_t first, size_t second) {
  return (uint8_t)(first | (second - 4) << 2);
}

/// 2:8 and 4:8, 8 bits: two positions of eight.
static inline uint8_t swl_few_code_of_eight(size_t first, size_t second) { return (uint8_t)(first | second << 4); }

#endif
