#include "dense.h"
#include "dense_u4.h"
#include "linear_kernels.h"
#include "sparse_few.h"
#include "sparse_gather.h"
#include "sparse_rows.h"
#include "sparse_s8.h"

// Up to how many tokens a row is the first choice: of those that read the fewest bytes, while reading takes the time.
enum { FEW = 16, ANY = 0 };

static const swl_linear_kernel kernels[] = {
#if SWL_ARM
    {"sparse_few_2_4_s8_neoni8mm", SWL_ISA_NEONI8MM, &swl_sparse_few_family, &swl_few_2_4_s8_neoni8mm, FEW},
    {"sparse_few_1_4_s8_neoni8mm", SWL_ISA_NEONI8MM, &swl_sparse_few_family, &swl_few_1_4_s8_neoni8mm, FEW},
    {"sparse_few_4_8_s8_neoni8mm", SWL_ISA_NEONI8MM, &swl_sparse_few_family, &swl_few_4_8_s8_neoni8mm, FEW},
    {"sparse_few_2_8_s8_neoni8mm", SWL_ISA_NEONI8MM, &swl_sparse_few_family, &swl_few_2_8_s8_neoni8mm, FEW},
    {"sparse_few_2_4_s8_neondot", SWL_ISA_NEONDOT, &swl_sparse_few_family, &swl_few_2_4_s8_neondot, FEW},
    {"sparse_few_1_4_s8_neondot", SWL_ISA_NEONDOT, &swl_sparse_few_family, &swl_few_1_4_s8_neondot, FEW},
    {"sparse_few_4_8_s8_neondot", SWL_ISA_NEONDOT, &swl_sparse_few_family, &swl_few_4_8_s8_neondot, FEW},
    {"sparse_few_2_8_s8_neondot", SWL_ISA_NEONDOT, &swl_sparse_few_family, &swl_few_2_8_s8_neondot, FEW},
    {"sparse_few_2_4_s8_neon", SWL_ISA_NEON, &swl_sparse_few_family, &swl_few_2_4_s8_neon, FEW},
    {"sparse_few_1_4_s8_neon", SWL_ISA_NEON, &swl_sparse_few_family, &swl_few_1_4_s8_neon, FEW},
    {"sparse_few_4_8_s8_neon", SWL_ISA_NEON, &swl_sparse_few_family, &swl_few_4_8_s8_neon, FEW},
    {"sparse_few_2_8_s8_neon", SWL_ISA_NEON, &swl_sparse_few_family, &swl_few_2_8_s8_neon, FEW},
    {"sparse_few_2_4_bf16_neon", SWL_ISA_NEON, &swl_sparse_few_family, &swl_few_2_4_bf16_neon, FEW},
    {"sparse_few_1_4_bf16_neon", SWL_ISA_NEON, &swl_sparse_few_family, &swl_few_1_4_bf16_neon, FEW},
    {"sparse_few_4_8_bf16_neon", SWL_ISA_NEON, &swl_sparse_few_family, &swl_few_4_8_bf16_neon, FEW},
    {"sparse_few_2_8_bf16_neon", SWL_ISA_NEON, &swl_sparse_few_family, &swl_few_2_8_bf16_neon, FEW},
    {"sparse_few_2_4_f32_neon", SWL_ISA_NEON, &swl_sparse_few_family, &swl_few_2_4_f32_neon, FEW},
    {"sparse_few_1_4_f32_neon", SWL_ISA_NEON, &swl_sparse_few_family, &swl_few_1_4_f32_neon, FEW},
    {"sparse_few_4_8_f32_neon", SWL_ISA_NEON, &swl_sparse_few_family, &swl_few_4_8_f32_neon, FEW},
    {"sparse_few_2_8_f32_neon", SWL_ISA_NEON, &swl_sparse_few_family, &swl_few_2_8_f32_neon, FEW},
    {"sparse_1_4_bf16_neonbf16", SWL_ISA_NEONBF16, &swl_sparse_rows_family, &swl_sparse_1_4_bf16_neonbf16, ANY},
    {"sparse_2_4_bf16_neonbf16", SWL_ISA_NEONBF16, &swl_sparse_rows_family, &swl_sparse_2_4_bf16_neonbf16, ANY},
    {"dense_bf16_neonbf16", SWL_ISA_NEONBF16, &swl_dense_family, &swl_dense_bf16_neonbf16, ANY},
    {"sparse_s8_neoni8mm", SWL_ISA_NEONI8MM, &swl_sparse_s8_family, &swl_sparse_s8_neoni8mm, ANY},
    {"dense_s8_neoni8mm", SWL_ISA_NEONI8MM, &swl_dense_family, &swl_dense_s8_neoni8mm, ANY},
    {"sparse_s8_neondot", SWL_ISA_NEONDOT, &swl_sparse_s8_family, &swl_sparse_s8_neondot, ANY},
    {"dense_s8_neondot", SWL_ISA_NEONDOT, &swl_dense_family, &swl_dense_s8_neondot, ANY},
    {"dense_u4_neondot", SWL_ISA_NEONDOT, &swl_dense_u4_family, &swl_dense_u4_neondot, ANY},
    {"sparse_bf16_neon", SWL_ISA_NEON, &swl_sparse_rows_family, &swl_sparse_bf16_neon, ANY},
    {"sparse_s8_neon", SWL_ISA_NEON, &swl_sparse_s8_family, &swl_sparse_s8_neon, ANY},
    {"sparse_f32_neon", SWL_ISA_NEON, &swl_sparse_rows_family, &swl_sparse_f32_neon, ANY},
    {"dense_s8_neon", SWL_ISA_NEON, &swl_dense_family, &swl_dense_s8_neon, ANY},
    {"dense_u4_neon", SWL_ISA_NEON, &swl_dense_u4_family, &swl_dense_u4_neon, ANY},
    {"dense_bf16_neon", SWL_ISA_NEON, &swl_dense_family, &swl_dense_bf16_neon, ANY},
    {"dense_f32_neon", SWL_ISA_NEON, &swl_dense_family, &swl_dense_f32_neon, ANY},
#endif
#if SWL_X86
    {"sparse_1_4_bf16_avx512bf16", SWL_ISA_AVX512BF16, &swl_sparse_rows_family, &swl_sparse_1_4_bf16_avx512bf16, ANY},
    {"sparse_2_4_bf16_avx512bf16", SWL_ISA_AVX512BF16, &swl_sparse_rows_family, &swl_sparse_2_4_bf16_avx512bf16, ANY},
    {"dense_bf16_avx512bf16", SWL_ISA_AVX512BF16, &swl_dense_family, &swl_dense_bf16_avx512bf16, ANY},
    {"sparse_2_4_s8_avx512vnni", SWL_ISA_AVX512VNNI, &swl_sparse_gather_family, &swl_sparse_2_4_s8_avx512vnni, ANY},
    {"sparse_s8_avx512vnni", SWL_ISA_AVX512VNNI, &swl_sparse_s8_family, &swl_sparse_s8_avx512vnni, ANY},
    {"dense_s8_avx512vnni", SWL_ISA_AVX512VNNI, &swl_dense_family, &swl_dense_s8_avx512vnni, ANY},
    {"sparse_bf16_avx512", SWL_ISA_AVX512, &swl_sparse_rows_family, &swl_sparse_bf16_avx512, ANY},
    {"sparse_f32_avx512", SWL_ISA_AVX512, &swl_sparse_rows_family, &swl_sparse_f32_avx512, ANY},
    {"dense_bf16_avx512", SWL_ISA_AVX512, &swl_dense_family, &swl_dense_bf16_avx512, ANY},
    {"dense_f32_avx512", SWL_ISA_AVX512, &swl_dense_family, &swl_dense_f32_avx512, ANY},
    {"sparse_few_2_4_bf16_avx2", SWL_ISA_AVX2, &swl_sparse_few_family, &swl_few_2_4_bf16_avx2, FEW},
    {"sparse_few_1_4_bf16_avx2", SWL_ISA_AVX2, &swl_sparse_few_family, &swl_few_1_4_bf16_avx2, FEW},
    {"sparse_few_4_8_bf16_avx2", SWL_ISA_AVX2, &swl_sparse_few_family, &swl_few_4_8_bf16_avx2, FEW},
    {"sparse_few_2_8_bf16_avx2", SWL_ISA_AVX2, &swl_sparse_few_family, &swl_few_2_8_bf16_avx2, FEW},
    {"sparse_few_2_4_s8_avx2", SWL_ISA_AVX2, &swl_sparse_few_family, &swl_few_2_4_s8_avx2, FEW},
    {"sparse_few_1_4_s8_avx2", SWL_ISA_AVX2, &swl_sparse_few_family, &swl_few_1_4_s8_avx2, FEW},
    {"sparse_few_4_8_s8_avx2", SWL_ISA_AVX2, &swl_sparse_few_family, &swl_few_4_8_s8_avx2, FEW},
    {"sparse_few_2_8_s8_avx2", SWL_ISA_AVX2, &swl_sparse_few_family, &swl_few_2_8_s8_avx2, FEW},
    {"sparse_few_2_4_f32_avx2", SWL_ISA_AVX2, &swl_sparse_few_family, &swl_few_2_4_f32_avx2, FEW},
    {"sparse_few_1_4_f32_avx2", SWL_ISA_AVX2, &swl_sparse_few_family, &swl_few_1_4_f32_avx2, FEW},
    {"sparse_few_4_8_f32_avx2", SWL_ISA_AVX2, &swl_sparse_few_family, &swl_few_4_8_f32_avx2, FEW},
    {"sparse_few_2_8_f32_avx2", SWL_ISA_AVX2, &swl_sparse_few_family, &swl_few_2_8_f32_avx2, FEW},
    {"sparse_bf16_avx2", SWL_ISA_AVX2, &swl_sparse_rows_family, &swl_sparse_bf16_avx2, ANY},
    {"sparse_2_4_s8_avx2", SWL_ISA_AVX2, &swl_sparse_rows_family, &swl_sparse_2_4_s8_avx2, ANY},
    {"sparse_1_4_s8_avx2", SWL_ISA_AVX2, &swl_sparse_rows_family, &swl_sparse_1_4_s8_avx2, ANY},
    {"sparse_4_8_s8_avx2", SWL_ISA_AVX2, &swl_sparse_rows_family, &swl_sparse_4_8_s8_avx2, ANY},
    {"sparse_2_8_s8_avx2", SWL_ISA_AVX2, &swl_sparse_rows_family, &swl_sparse_2_8_s8_avx2, ANY},
    {"sparse_s8_avx2", SWL_ISA_AVX2, &swl_sparse_s8_family, &swl_sparse_s8_avx2, ANY},
    {"sparse_f32_avx2", SWL_ISA_AVX2, &swl_sparse_rows_family, &swl_sparse_f32_avx2, ANY},
    {"dense_s8_avx2", SWL_ISA_AVX2, &swl_dense_family, &swl_dense_s8_avx2, ANY},
    {"dense_u4_avx2", SWL_ISA_AVX2, &swl_dense_u4_family, &swl_dense_u4_avx2, ANY},
    {"dense_bf16_avx2", SWL_ISA_AVX2, &swl_dense_family, &swl_dense_bf16_avx2, ANY},
    {"dense_f32_avx2", SWL_ISA_AVX2, &swl_dense_family, &swl_dense_f32_avx2, ANY},
#endif
    {"reference", SWL_ISA_SCALAR, &swl_reference_family, NULL, ANY},
};
static const size_t kernel_count = sizeof kernels / sizeof kernels[0];

const swl_linear_kernel *swl_linear_kernels(size_t *count) {
  *count = kernel_count;
  return kernels;
}

static bool has_valid_groups(const swl_linear_shape *shape) {
  const size_t size = shape->scale_group;
  if (shape->type != SWL_U4)
    return size == 0;
  return (size == 32 || size == 64 || size == 128) && shape->inputs % size == 0 && shape->kept == shape->group;
}

static bool is_valid(const swl_linear_shape *shape) {
  return (shape->type == SWL_F32 || shape->type == SWL_BF16 || shape->type == SWL_S8 || shape->type == SWL_U4) &&
         has_valid_groups(shape) && shape->inputs > 0 && shape->outputs > 0 && shape->kept > 0 &&
         shape->kept <= shape->group && shape->group <= 256 &&
         shape->inputs % shape->group == 0;
}

bool swl_linear_accepts(const swl_linear_kernel *kernel, const swl_linear_shape *shape) {
  return is_valid(shape) && kernel->family->accepts(kernel->details, shape);
}

const swl_linear_kernel *swl_linear_kernel_for(const swl_linear_shape *shape, size_t tokens, swl_isa isa) {
  for (size_t i = 0; i < kernel_count; i++) {
    const swl_linear_kernel *kernel = &kernels[i];
    if ((kernel->most_tokens == 0 || tokens <= kernel->most_tokens) && swl_isa_has(isa, kernel->needs) &&
        swl_linear_accepts(kernel, shape))
      return kernel;
  }
  return NULL;
}

size_t swl_linear_packed_size(const swl_linear_kernel *kernel, const swl_linear_shape *shape) {
  return kernel->family->packed_size(kernel->details, shape);
}

void swl_linear_pack(const swl_linear_kernel *kernel, const swl_linear_weights *weights, void *packed) {
  swl_linear_pack_outputs(kernel, weights, 0, weights->shape.outputs, packed);
}

_Static_assert(SWL_PACKING_STEP % SWL_BLOCK == 0, "parts hold whole blocks of every family");

void swl_linear_pack_outputs(const swl_linear_kernel *kernel, const swl_linear_weights *weights, size_t first,
                             size_t count, void *packed) {
  kernel->family->pack(kernel->details, weights, (swl_outputs){first, count}, packed);
}

size_t swl_linear_tiles(const swl_linear *op) {
  swl_tiling tiling = swl_tiling_by(op);
  return tiling.panels * tiling.blocks;
}

size_t swl_tile_after(const swl_tiling *tiling, size_t before) {
  const size_t steps = swl_divide_up(tiling->tokens, tiling->step);
  for (size_t panel = 0; panel < tiling->panels; panel++) {
    size_t of_tile = swl_split(steps, tiling->panels, panel + 1) - swl_split(steps, tiling->panels, panel);
    if (before < of_tile * tiling->blocks)
      return panel * tiling->blocks + before / of_tile;
    before -= of_tile * tiling->blocks;
  }
  return tiling->panels * tiling->blocks;
}

size_t swl_linear_share(const swl_linear *op, size_t thread, size_t threads) {
  const swl_tiling tiling = swl_tiling_by(op);
  const size_t steps = swl_divide_up(tiling.tokens, tiling.step);
  return swl_tile_after(&tiling, swl_split(steps * tiling.blocks, threads, thread));
}

size_t swl_linear_scratch_size(const swl_linear *op) {
  return op->kernel->family->scratch_size(op->kernel->details, op);
}

void swl_linear_run(const swl_linear *op, size_t first, size_t count, void *scratch) {
  op->kernel->family->run(op->kernel->details, op, first, count, scratch);
}

void swl_row_sums(const swl_linear_weights *weights, swl_outputs part, int32_t *sums) {
  size_t row = swl_row_length(&weights->shape);
  for (size_t output = 0; output < part.count; output++) {
    int32_t sum = 0;
    for (size_t i = 0; i < row; i++)
      sum += ((const int8_t *)weights->values)[output * row + i];
    sums[part.first + output] = sum;
  }
}

void swl_finishing_prepare(swl_finishing *f, const swl_linear *op, const int32_t *row_sums, size_t first_output) {
  const swl_linear_epilogue *e = &op->epilogue;
  f->op = op;
  f->first_output = first_output;
  f->outputs = swl_min(op->shape.outputs - first_output, SWL_BLOCK);
  f->integer = row_sums != NULL;
  f->inverse_scale = 1 / op->output.scale;
  for (size_t i = 0; i < SWL_BLOCK; i++) {
    f->scale[i] = 1;
    f->bias[i] = 0;
    f->correction[i] = 0;
  }
  if (e->scale)
    memcpy(f->scale, e->scale + first_output, f->outputs * sizeof(float));
  if (e->bias)
    memcpy(f->bias, e->bias + first_output, f->outputs * sizeof(float));
  if (row_sums)
    for (size_t i = 0; i < f->outputs; i++)
      f->correction[i] = op->x_zero_point * row_sums[first_output + i];
}

void swl_finishing_restore(swl_finishing *f, const int32_t *row_sums, int32_t taken) {
  for (size_t i = 0; i < f->outputs; i++)
    f->correction[i] -= taken * row_sums[f->first_output + i];
}
