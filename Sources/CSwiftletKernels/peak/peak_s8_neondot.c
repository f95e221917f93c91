#include "../common/neondot.h"
#if SWL_ARM
#include "../common/dot_s8s8_neondot.h"
#include "peak_vector.h"

const swl_peak swl_peak_s8_neondot = SWL_PEAK("peak_s8", SWL_S8);
#pragma clang attribute pop
#endif
