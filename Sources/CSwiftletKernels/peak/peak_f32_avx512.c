#include "../common/avx512.h"
#if SWL_X86
#include "../common/dot_f32.h"
#include "peak_vector.h"

const swl_peak swl_peak_f32_avx512 = SWL_PEAK("peak_f32", SWL_F32);
#pragma clang attribute pop
#endif
