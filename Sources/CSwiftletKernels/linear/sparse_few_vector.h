// What the kernels for few tokens share. Included by the ISA files.

#include "convert_vector.h"
#include "sparse_few.h"

/// The codes of 8 outputs, in the lowest bits of 32 each.
SWL_INLINE words codes_at(const uint8_t *p) {
  bytes codes;
  memcpy(&codes, p, sizeof codes);
  return __builtin_convertvector(codes, words);
}

/// `add` for each count of tokens that a register tile may have.
#define SWL_FEW_SUMS(name, add, ...)                                                                                   \
  static void name(size_t tokens, const void *x, size_t x_stride, const uint8_t *w, size_t blocks, void *to) {         \
    switch (tokens) {                                                                                                  \
    case 1:                                                                                                            \
      return add(__VA_ARGS__, 1, x, x_stride, w, blocks, to);                                                          \
    case 2:                                                                                                            \
      return add(__VA_ARGS__, 2, x, x_stride, w, blocks, to);                                                          \
    case 3:                                                                                                            \
      return add(__VA_ARGS__, 3, x, x_stride, w, blocks, to);                                                          \
    case 4:                                                                                                            \
      return add(__VA_ARGS__, 4, x, x_stride, w, blocks, to);                                                          \
    case 5:                                                                                                            \
      return add(__VA_ARGS__, 5, x, x_stride, w, blocks, to);                                                          \
    default:                                                                                                           \
      return add(__VA_ARGS__, SWL_FEW_TOKENS, x, x_stride, w, blocks, to);                                             \
    }                                                                                                                  \
  }
