#ifndef SWL_ROWS_KERNELS_H
#define SWL_ROWS_KERNELS_H

#include "../common/dispatch.h"
#include "../common/scalar.h"
#include "swl_rows.h"

typedef void swl_layer_norm_variant(const float *x, const float *gamma, const float *beta, float epsilon, void *y,
                                    swl_output output, size_t rows, size_t width);
typedef void swl_softmax_variant(const float *x, float *y, size_t rows, size_t width);
typedef void swl_mean_rows_variant(const float *x, float *y, size_t batch, size_t rows, size_t width);

swl_layer_norm_variant swl_layer_norm_avx2, swl_layer_norm_avx512;
swl_softmax_variant swl_softmax_avx2, swl_softmax_avx512;
swl_mean_rows_variant swl_mean_rows_avx2, swl_mean_rows_avx512;

#endif
