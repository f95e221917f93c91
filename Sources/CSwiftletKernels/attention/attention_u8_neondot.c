#include "../common/neondot.h"
#if SWL_ARM
#include "../common/dot_s8s8_neondot.h"
#include "attention_u8_neon.h"
#pragma clang attribute pop
#endif
