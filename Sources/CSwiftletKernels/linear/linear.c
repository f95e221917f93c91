#include "linear_kernels.h"

static bool accepts_all(const swl_linear_shape *shape) {
  (void)shape;
  return true;
}

// Later rows are preferred.
static const swl_linear_kernel kernels[] = {
    {"scalar", SWL_ISA_SCALAR, accepts_all, swl_linear_plain_size, swl_linear_plain_pack, swl_linear_scalar_tiles,
     swl_linear_no_scratch, swl_linear_run_scalar},
};

const swl_linear_kernel *swl_linear_kernels(size_t *count) {
  *count = sizeof kernels / sizeof kernels[0];
  return kernels;
}

static bool is_valid(const swl_linear_shape *shape) {
  return (shape->type == SWL_F32 || shape->type == SWL_BF16 || shape->type == SWL_S8) && shape->inputs > 0 &&
         shape->outputs > 0 && shape->kept > 0 && shape->kept <= shape->group && shape->group <= 256 &&
         shape->inputs % shape->group == 0;
}

const swl_linear_kernel *swl_linear_kernel_for(const swl_linear_shape *shape, swl_isa isa) {
  if (!is_valid(shape))
    return NULL;
  size_t i = sizeof kernels / sizeof kernels[0];
  while (i-- > 0)
    if (kernels[i].isa <= isa && kernels[i].accepts(shape))
      return &kernels[i];
  return NULL;
}

size_t swl_linear_packed_size(const swl_linear_kernel *kernel, const swl_linear_shape *shape) {
  return kernel->packed_size(shape);
}

void swl_linear_pack(const swl_linear_kernel *kernel, const swl_linear_weights *weights, void *packed) {
  kernel->pack(weights, packed);
}

size_t swl_linear_tiles(const swl_linear *op) { return op->kernel->tiles(op); }

size_t swl_linear_scratch_size(const swl_linear *op) { return op->kernel->scratch_size(op); }

void swl_linear_run(const swl_linear *op, size_t first, size_t count, void *scratch) {
  op->kernel->run(op, first, count, scratch);
}
