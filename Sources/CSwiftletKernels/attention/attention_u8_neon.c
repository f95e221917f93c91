#include "../common/neon.h"
#if SWL_ARM
#include "../common/dot_s8s8_neon.h"
#include "attention_u8_neon.h"
#pragma clang attribute pop
#endif
