#ifndef SWL_ATTENTION_KERNELS_H
#define SWL_ATTENTION_KERNELS_H

#include "../common/scalar.h"
#include "../common/target.h"
#include "swl_attention.h"

// attention_reference.c
size_t swl_attention_tiles_scalar(const swl_attention *op);
void swl_attention_run_scalar(const swl_attention *op, size_t first, size_t count, void *scratch);

#endif
