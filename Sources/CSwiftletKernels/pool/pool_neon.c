#include "../common/neon.h"
#if SWL_ARM
#include "pool_vector.h"
#pragma clang attribute pop
#endif
