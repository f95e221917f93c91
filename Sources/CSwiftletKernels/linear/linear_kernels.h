#ifndef SWL_LINEAR_KERNELS_H
#define SWL_LINEAR_KERNELS_H

// What the files of this folder share.

#include "../common/scalar.h"
#include "../common/target.h"
#include "swl_linear.h"

// linear_reference.c
size_t swl_linear_plain_size(const swl_linear_shape *shape);
void swl_linear_plain_pack(const swl_linear_weights *weights, void *packed);
size_t swl_linear_scalar_tiles(const swl_linear *op);
size_t swl_linear_no_scratch(const swl_linear *op);
void swl_linear_run_scalar(const swl_linear *op, size_t first, size_t count, void *scratch);

#endif
