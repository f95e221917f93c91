// From here to "#pragma clang attribute pop" functions may use NEON, the products of neoni8mm and those of bfloat16. Included first,
// in files named *_neonbf16.c. A vector is two registers.
#include "target.h"
#if SWL_ARM
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#define LANES 8
#define WIDE 2 // vectors of outputs in a register tile; six tokens fill 24 of 32 registers
#define SWL_NEEDS SWL_ISA_NEONBF16
#define SWL_ISA_NAME(name) name##_neonbf16
#define SWL_ISA_TITLE(title) title "_neonbf16"
#pragma clang attribute push(__attribute__((target("dotprod,i8mm,bf16"))), apply_to = function)
#endif
