#include "../common/neon.h"
#if SWL_ARM
#include "rows_vector.h"
#pragma clang attribute pop
#endif
