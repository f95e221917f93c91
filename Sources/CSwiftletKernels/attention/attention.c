#include "attention_kernels.h"

size_t swl_attention_tiles(const swl_attention *op) { return swl_attention_tiles_scalar(op); }

size_t swl_attention_scratch_size(const swl_attention *op) {
  (void)op;
  return 0;
}

void swl_attention_run(const swl_attention *op, size_t first, size_t count, void *scratch) {
  swl_attention_run_scalar(op, first, count, scratch);
}
