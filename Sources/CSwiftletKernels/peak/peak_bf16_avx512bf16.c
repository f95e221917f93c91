#include "../common/avx512bf16.h"
#if SWL_X86
#include "../common/dot_bf16_avx512bf16.h"
#include "peak_vector.h"

const swl_peak swl_peak_bf16_avx512bf16 = SWL_PEAK("peak_bf16", SWL_BF16);
#pragma clang attribute pop
#endif
