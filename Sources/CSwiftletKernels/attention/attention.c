#include "attention_kernels.h"

static const swl_attention_kernel *const kernels[] = {
#if SWL_X86
    &swl_attention_bf16_avx512bf16, &swl_attention_u8_avx512vnni, &swl_attention_f32_avx512,
    &swl_attention_u8_avx2,         &swl_attention_f32_avx2,
    &swl_attention_stream_avx512,   &swl_attention_stream_avx2,
#endif
#if SWL_ARM
    &swl_attention_bf16_neonbf16, &swl_attention_u8_neoni8mm, &swl_attention_u8_neondot, &swl_attention_u8_neon,
    &swl_attention_f32_neon,      &swl_attention_stream_neon,
#endif
    &swl_attention_reference,
};

static const swl_attention_kernel *kernel_for(const swl_attention *op) {
  const bool streams = swl_attention_streams(op);
  const swl_attention_kernel *const *row = kernels;
  while (!(swl_isa_has(op->isa, (*row)->kernel.needs) && (*row)->accepts[op->type] && (!streams || (*row)->streams)))
    row++;
  return *row;
}

const swl_kernel *swl_attention_kernel_at(size_t row) {
  return row < sizeof kernels / sizeof kernels[0] ? &kernels[row]->kernel : NULL;
}

const swl_kernel *swl_attention_kernel_for(const swl_attention *op) { return &kernel_for(op)->kernel; }

/// Heads of keys, and what is computed of each: the queries of all heads that share it.
static size_t key_heads_of(const swl_attention *op) { return op->heads / swl_attention_group(op); }
static size_t rows_of(const swl_attention *op) { return op->queries * swl_attention_group(op); }

/// Tiles of one head of keys.
static size_t tiles_of(const swl_attention_kernel *kernel, const swl_attention *op) {
  return swl_divide_up(rows_of(op), kernel->step * kernel->steps);
}

size_t swl_attention_tiles(const swl_attention *op) {
  return op->batch * key_heads_of(op) * tiles_of(kernel_for(op), op);
}

size_t swl_attention_scratch_size(const swl_attention *op) { return kernel_for(op)->scratch_size(op); }

void swl_attention_run(const swl_attention *op, size_t first, size_t count, void *scratch) {
  const swl_attention_kernel *kernel = kernel_for(op);
  const size_t tiles = tiles_of(kernel, op), heads = key_heads_of(op), rows = rows_of(op);
  for (size_t tile = first; tile < first + count; tile++) {
    size_t part = tile % tiles, head = tile / tiles % heads, batch = tile / tiles / heads;
    if (tile == first || part == 0)
      kernel->prepare(op, batch, head, scratch);
    size_t steps = swl_divide_up(rows, kernel->step);
    size_t start = swl_split(steps, tiles, part) * kernel->step;
    size_t end = swl_min(swl_split(steps, tiles, part + 1) * kernel->step, rows);
    kernel->attend(op, batch, head, start, end - start, scratch);
  }
}
