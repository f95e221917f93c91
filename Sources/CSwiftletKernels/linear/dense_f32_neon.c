#include "../common/neon.h"
#if SWL_ARM
#include "dense_f32_vector.h"
#pragma clang attribute pop
#endif
