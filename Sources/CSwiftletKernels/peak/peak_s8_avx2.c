#include "../common/avx2.h"
#if SWL_X86
#include "../common/dot_s16_avx2.h"
#include "peak_vector.h"

const swl_peak swl_peak_s8_avx2 = SWL_PEAK("peak_s8", SWL_S8);
#pragma clang attribute pop
#endif
