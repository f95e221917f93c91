#include "../common/neon.h"
#if SWL_ARM
#include "sparse_f32_vector.h"
#pragma clang attribute pop
#endif
