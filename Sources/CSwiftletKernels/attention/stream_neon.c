#include "../common/neon.h"
#if SWL_ARM
#include "stream_vector.h"
#pragma clang attribute pop
#endif
