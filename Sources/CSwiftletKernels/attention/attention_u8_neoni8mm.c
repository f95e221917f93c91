#include "../common/neoni8mm.h"
#if SWL_ARM
#include "../common/dot_u8s8_neoni8mm.h"
#include "attention_u8_neon.h"
#pragma clang attribute pop
#endif
