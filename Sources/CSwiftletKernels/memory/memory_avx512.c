#include "../common/avx512.h"
#if SWL_X86
#include "memory_vector.h"
#pragma clang attribute pop
#endif
