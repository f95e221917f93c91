// From here to "#pragma clang attribute pop" functions may use AVX-512 VNNI too. Included first, in files named
// *_avx512vnni.c.
#include "target.h"
#if SWL_X86
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#define LANES 16
#define WIDE 4 // vectors of outputs in a register tile; six tokens fill 24 of 32 registers
#define SWL_NEEDS SWL_ISA_AVX512VNNI
#define SWL_ISA_NAME(name) name##_avx512vnni
#define SWL_ISA_TITLE(title) title "_avx512vnni"
#pragma clang attribute push(__attribute__((target("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni"))),        \
                             apply_to = function)
#endif
