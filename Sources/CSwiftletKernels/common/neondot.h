// From here to "#pragma clang attribute pop" functions may use NEON and 8-bit dot products. Included first,
// in files named *_neondot.c. A vector is two registers.
#include "target.h"
#if SWL_ARM
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#define LANES 8
#define WIDE 2 // vectors of outputs in a register tile; six tokens fill 24 of 32 registers
#define SWL_NEEDS SWL_ISA_NEONDOT
#define SWL_ISA_NAME(name) name##_neondot
#define SWL_ISA_TITLE(title) title "_neondot"
#pragma clang attribute push(__attribute__((target("dotprod"))), apply_to = function)
#endif
