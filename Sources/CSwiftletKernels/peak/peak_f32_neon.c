#include "../common/neon.h"
#if SWL_ARM
#include "../common/dot_f32.h"
#include "peak_vector.h"

const swl_peak swl_peak_f32_neon = SWL_PEAK("peak_f32", SWL_F32);
#pragma clang attribute pop
#endif
