#ifndef SWL_ISA_H
#define SWL_ISA_H

#include <stdbool.h>
#include <stddef.h>

/// Instructions, a bit a feature: what a kernel needs, what a processor runs, how far a caller lets kernels go.
typedef enum {
  SWL_CPU_AVX2 = 1 << 0,
  SWL_CPU_FMA = 1 << 1,
  SWL_CPU_AVX512F = 1 << 2,
  SWL_CPU_AVX512BW = 1 << 3,
  SWL_CPU_AVX512DQ = 1 << 4,
  SWL_CPU_AVX512VL = 1 << 5,
  SWL_CPU_AVX512VNNI = 1 << 6, // 8-bit dot products
  SWL_CPU_AVX512BF16 = 1 << 7, // bfloat16 dot products
  SWL_CPU_F16C = 1 << 8,       // conversion of 16-bit floats
  SWL_CPU_NEON = 1 << 9,       // which every 64-bit Arm has
  SWL_CPU_DOTPROD = 1 << 10,   // 8-bit dot products
  SWL_CPU_I8MM = 1 << 11,      // products of 8-bit matrices, dot products of mixed signs
  SWL_CPU_ARMBF16 = 1 << 12,   // products of bfloat16 matrices, bfloat16 dot products

  // The sets that files of kernels are compiled for, and that users name.
  SWL_ISA_SCALAR = 0, // plain C: the references, and what other processors run
  SWL_ISA_AVX2 = SWL_CPU_AVX2 | SWL_CPU_FMA | SWL_CPU_F16C,
  SWL_ISA_AVX512 = SWL_ISA_AVX2 | SWL_CPU_AVX512F | SWL_CPU_AVX512BW | SWL_CPU_AVX512DQ | SWL_CPU_AVX512VL,
  SWL_ISA_AVX512VNNI = SWL_ISA_AVX512 | SWL_CPU_AVX512VNNI,
  SWL_ISA_AVX512BF16 = SWL_ISA_AVX512VNNI | SWL_CPU_AVX512BF16,
  SWL_ISA_NEON = SWL_CPU_NEON,
  SWL_ISA_NEONDOT = SWL_ISA_NEON | SWL_CPU_DOTPROD,
  SWL_ISA_NEONI8MM = SWL_ISA_NEONDOT | SWL_CPU_I8MM,
  SWL_ISA_NEONBF16 = SWL_ISA_NEONI8MM | SWL_CPU_ARMBF16,
} swl_isa;

/// Whether `isa` has all features that are needed.
static inline bool swl_isa_has(swl_isa isa, swl_isa needs) { return (needs & ~isa) == 0; }

/// What this processor and its operating system run.
swl_isa swl_isa_of_processor(void);

/// A set of features with a name.
typedef struct {
  const char *name; // "avx2"
  swl_isa isa;
} swl_named_isa;

/// All of them, of every processor, the widest first.
const swl_named_isa *swl_named_isas(size_t *count);

/// The name of the first of them that `isa` has whole.
const char *swl_isa_name(swl_isa isa);

/// One way to compute an operation: what the rows of every operation's list begin with. A list is in the order of
/// preference, and the first row is taken whose features are all there. The last, in plain C, needs none.
typedef struct {
  const char *name; // "attention_f32_avx2"
  swl_isa needs;
} swl_kernel;

#endif
