#ifndef SWL_DISPATCH_H
#define SWL_DISPATCH_H

#include "target.h"

/// The widest variant of a function with scalar, AVX2 and AVX-512 variants that `isa` allows.
#if SWL_X86
#define SWL_VARIANT(isa, name)                                                                                         \
  ((isa) >= SWL_ISA_AVX512 ? swl_##name##_avx512 : (isa) >= SWL_ISA_AVX2 ? swl_##name##_avx2 : name##_scalar)
#else
#define SWL_VARIANT(isa, name) ((void)(isa), name##_scalar)
#endif

#endif
