#include "../common/neon.h"
#if SWL_ARM
#include "depthwise_vector.h"
#pragma clang attribute pop
#endif
