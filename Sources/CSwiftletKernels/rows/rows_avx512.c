#include "../common/avx512.h"
#if SWL_X86
#include "rows_vector.h"
#pragma clang attribute pop
#endif
