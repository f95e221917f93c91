// From here to "#pragma clang attribute pop" functions may use AVX2, FMA and F16C. Included first, in files named
// *_avx2.c.
#include "target.h"
#if SWL_X86
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#define LANES 8
#define WIDE 2 // vectors of outputs in a register tile; six tokens fill 12 of 16 registers
#define SWL_NEEDS SWL_ISA_AVX2
#define SWL_ISA_NAME(name) name##_avx2
#define SWL_ISA_TITLE(title) title "_avx2"
#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)
#endif
