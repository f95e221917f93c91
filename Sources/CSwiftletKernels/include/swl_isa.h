#ifndef SWL_ISA_H
#define SWL_ISA_H

/// How far a kernel may go; every level includes the ones before it.
typedef enum {
  SWL_ISA_SCALAR,     // plain C: the reference, and what other processors run
  SWL_ISA_AVX2,       // AVX2, FMA
  SWL_ISA_AVX512,     // AVX-512 F, BW, DQ, VL
  SWL_ISA_AVX512VNNI, // and VNNI: 8-bit dot products
  SWL_ISA_AVX512BF16, // and BF16: bfloat16 dot products
} swl_isa;

/// The highest level this processor and its operating system run.
swl_isa swl_isa_best(void);

/// "scalar", "avx2", "avx512", "avx512vnni" or "avx512bf16".
const char *swl_isa_name(swl_isa isa);

#endif
