#include "../common/avx2.h"
#if SWL_X86
#include "attention_f32_vector.h"
#pragma clang attribute pop
#endif
