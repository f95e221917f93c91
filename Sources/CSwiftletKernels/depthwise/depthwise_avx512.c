#include "../common/avx512.h"
#if SWL_X86
#include "depthwise_vector.h"
#pragma clang attribute pop
#endif
