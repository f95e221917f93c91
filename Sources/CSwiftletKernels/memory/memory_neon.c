#include "../common/neon.h"
#if SWL_ARM
#include "memory_vector.h"
#pragma clang attribute pop
#endif
