#ifndef SWL_ELEMENTWISE_KERNELS_H
#define SWL_ELEMENTWISE_KERNELS_H

#include "../common/dispatch.h"
#include "../common/scalar.h"
#include "swl_elementwise.h"

typedef void swl_activate_variant(swl_activation activation, const float *x, float *y, size_t count);
typedef void swl_binary_variant(const float *a, const float *b, float *y, size_t count);
typedef void swl_scale_variant(const float *a, float scale, float shift, float *y, size_t count);
typedef void swl_write_variant(const float *x, swl_output output, void *y, size_t count);
typedef void swl_read_variant(const void *x, swl_output input, float *y, size_t count);

swl_activate_variant swl_activate_avx2, swl_activate_avx512;
swl_binary_variant swl_add_avx2, swl_add_avx512, swl_mul_avx2, swl_mul_avx512;
swl_scale_variant swl_scale_avx2, swl_scale_avx512;
swl_write_variant swl_write_avx2, swl_write_avx512;
swl_read_variant swl_read_avx2, swl_read_avx512;

#endif
