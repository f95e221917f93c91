// From here to "#pragma clang attribute pop" functions may use NEON, which is all that a 64-bit Arm is sure to have. Included first,
// in files named *_neon.c. A vector is two registers.
#include "target.h"
#if SWL_ARM
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#define LANES 8
#define WIDE 2 // vectors of outputs in a register tile; six tokens fill 24 of 32 registers
#define SWL_NEEDS SWL_ISA_NEON
#define SWL_ISA_NAME(name) name##_neon
#define SWL_ISA_TITLE(title) title "_neon"
#pragma clang attribute push(__attribute__((target("neon"))), apply_to = function)
#endif
