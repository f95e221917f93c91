#include "../common/neoni8mm.h"
#if SWL_ARM
#include "../common/dot_u8s8_neoni8mm.h"
#include "sparse_few_s8_neon.h"
#pragma clang attribute pop
#endif
