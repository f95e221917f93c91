#ifndef SWL_ISA_ARM_H
#define SWL_ISA_ARM_H

#include "swl_isa.h"

/// What a 64-bit Arm processor and its operating system run; a file a platform.
swl_isa swl_isa_of_arm(void);

#endif
