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

/// y = x / sqrt(mean of x^2 + epsilon) * gamma over each row. gamma is [width] or NULL.
void swl_rms_norm(swl_isa isa, const float *x, const float *gamma, float epsilon, void *y, swl_output output,
                  size_t rows, size_t width);

/// y = activation(a) * b, element by element; slope as in swl_activate. y may be a or b.
void swl_gate(swl_isa isa, swl_activation activation, float slope, const float *a, const float *b, float *y,
              size_t count);

/// Which elements of a head turn together: i and i + pairs, or 2 i and 2 i + 1.
typedef enum { SWL_HALVES, SWL_NEIGHBOURS } swl_pairing;

/// Turns pair i of every head by the angle whose cosine and sine are given: (a c - b s, b c + a s). x and y are
/// [heads][width], cosines and sines [pairs], 2 * pairs <= width; what is behind the pairs stays. y may be x.
void swl_rotate(swl_isa isa, swl_pairing pairing, const float *x, const float *cosines, const float *sines, float *y,
                size_t heads, size_t width, size_t pairs);

/// The k greatest elements of each row, in descending order, and where they stand: 1 <= k <= width. Of equals the first
/// comes first, and NaN counts as greater than all numbers. values and indices are [rows][k].
void swl_top_k(swl_isa isa, const float *x, float *values, int64_t *indices, size_t rows, size_t width, size_t k);

/// Row `row` of the list, NULL behind the last, and the row that `isa` takes.
const swl_kernel *swl_rows_kernel_at(size_t row);
const swl_kernel *swl_rows_kernel_for(swl_isa isa);

#endif
