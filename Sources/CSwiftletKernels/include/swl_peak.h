#ifndef SWL_PEAK_H
#define SWL_PEAK_H

#include <stdint.h>

#include "swl_isa.h"
#include "swl_types.h"

/// What nothing is faster than: the multiply-adds of a precision on registers, and a plain read of memory. Benchmarks
/// say how much of it a kernel reaches.
typedef struct {
  const char *name; // "peak_f32_avx2"
  swl_isa needs;
  swl_type type;       // of the weights: SWL_F32, SWL_BF16 or SWL_S8
  size_t multiply_adds; // of a round
  /// Some rounds of the instructions that the kernels of this type multiply and add with; what comes back is what was
  /// summed up, so that no compiler leaves it out.
  uint32_t (*run)(size_t rounds);
} swl_peak;

/// All of them in the order of preference, plain C last.
const swl_peak *const *swl_peaks(size_t *count);

/// The first for weights of `type` whose features `isa` has; that of floats where such weights are widened to them.
const swl_peak *swl_peak_for(swl_type type, swl_isa isa);

/// Reads memory, aligned to 8 bytes, in order, and returns the sum of its words of 8 bytes; what is left behind the last
/// whole 64 bytes is not read.
uint64_t swl_read_memory(const void *memory, size_t bytes);

#endif
