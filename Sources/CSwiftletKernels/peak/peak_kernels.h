#ifndef SWL_PEAK_KERNELS_H
#define SWL_PEAK_KERNELS_H

#include "../common/target.h"
#include "swl_peak.h"

extern const swl_peak swl_peak_f32_avx2, swl_peak_f32_avx512;
extern const swl_peak swl_peak_s8_avx2, swl_peak_s8_avx512vnni;
extern const swl_peak swl_peak_bf16_avx512bf16;
extern const swl_peak swl_peak_f32_neon, swl_peak_s8_neondot, swl_peak_bf16_neonbf16;

#endif
