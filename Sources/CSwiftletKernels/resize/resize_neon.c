#include "../common/neon.h"
#if SWL_ARM
#include "resize_vector.h"
#pragma clang attribute pop
#endif
