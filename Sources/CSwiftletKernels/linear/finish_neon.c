#include "../common/neon.h"
#if SWL_ARM
#include "finish_vector.h"
#pragma clang attribute pop
#endif
