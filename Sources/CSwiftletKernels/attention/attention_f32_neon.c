#include "../common/neon.h"
#if SWL_ARM
#include "attention_f32_vector.h"
#pragma clang attribute pop
#endif
