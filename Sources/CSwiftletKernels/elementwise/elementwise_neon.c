#include "../common/neon.h"
#if SWL_ARM
#include "elementwise_vector.h"
#pragma clang attribute pop
#endif
