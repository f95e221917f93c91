#ifndef SWL_ROWS_H
#define SWL_ROWS_H

#include "swl_types.h"

// Operations on rows: x is [rows][width]. Threads split the rows by moving the pointers.

/// y = (x - mean) / sqrt(variance + epsilon) * gamma + beta, mean and (biased) variance over each row.
/// gamma and beta are [width], either may be NULL.
void swl_layer_norm(swl_isa isa, const float *x, const float *gamma, const float *beta, float epsilon, void *y,
                    swl_output output, size_t rows, size_t width);

/// y = exp(x - max) / sum over each row. y may be x.
void swl_softmax(swl_isa isa, const float *x, float *y, size_t rows, size_t width);

/// y[b][i] = mean over t of x[b][t][i]: x is [batch][rows][width], y is [batch][width]. rows is at least 1.
void swl_mean_rows(swl_isa isa, const float *x, float *y, size_t batch, size_t rows, size_t width);

/// y = round_half_even(x * (127 / greatest)) + 128 for the greatest magnitude of each row, and scales = greatest / 127, so
/// that x is about scales * (y - 128): what linear layers take whose input is quantised as they run. A row of zeros has
/// scale 0, one with a NaN the scale NaN. y is [rows][width], scales is [rows].
void swl_quantize_rows(swl_isa isa, const float *x, uint8_t *y, float *scales, size_t rows, size_t width);

/// Row `row` of the list, NULL behind the last, and the row that `isa` takes.
const swl_kernel *swl_rows_kernel_at(size_t row);
const swl_kernel *swl_rows_kernel_for(swl_isa isa);

#endif
