#include "../common/avx512vnni.h"
#if SWL_X86
#include "../common/dot_u8s8_avx512vnni.h"
#include "peak_vector.h"

const swl_peak swl_peak_s8_avx512vnni = SWL_PEAK("peak_s8", SWL_S8);
#pragma clang attribute pop
#endif
