#include "../common/avx512.h"
#if SWL_X86
#include "resize_vector.h"
#pragma clang attribute pop
#endif
