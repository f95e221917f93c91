// What the integer kernels share. Keys and values become signed by taking 128 away. What that and the zero point of the
// keys add to the scores is the same for every key, and the softmax does not see it. Included by the ISA files.

#include "../common/vector.h"
#include "attention_kernels.h"

enum { SIGNED_ZERO = 128 };
#define INTEGER_SUMS 1

static const float UNIT = 1.44269504f; // log2(e)

static const float MAGIC = 0x1.8p23f; // adding it rounds to an integer, which lies in the low bits

/// MAGIC plus 2^x in steps of 1/255, for -20 <= x <= 0 where n is x + MAGIC and f is x - (n - MAGIC). The power is good
/// to 8e-5, a fiftieth of a step.
SWL_INLINE floats power(floats n, floats f) {
  floats p = multiply_add(splat(0x1.c3f6e2p-5f), f, splat(0x1.f0ddf0p-3f));
  p = multiply_add(p, f, splat(0x1.62f31ap-1f));
  p = multiply_add(p, f, splat(0x1.fff694p-1f));
  return multiply_add((floats)((words)p + ((words)n << 23)), splat(255), splat(MAGIC));
}

SWL_INLINE floats to_floats(floats sums) { return __builtin_convertvector((ints)sums, floats); }
