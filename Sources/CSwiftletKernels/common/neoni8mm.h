// From here to "#pragma clang attribute pop" functions may use NEON, 8-bit dot products and products of 8-bit matrices. Included first,
// in files named *_neoni8mm.c. A vector is two registers.
#include "target.h"
#if SWL_ARM
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#define LANES 8
#define WIDE 2 // vectors of outputs in a register tile; six tokens fill 24 of 32 registers
#define SWL_NEEDS SWL_ISA_NEONI8MM
#define SWL_ISA_NAME(name) name##_neoni8mm
#define SWL_ISA_TITLE(title) title "_neoni8mm"
#pragma clang attribute push(__attribute__((target("dotprod,i8mm"))), apply_to = function)
#endif
