#include "memory_kernels.h"

static const swl_memory_attention_kernel *const kernels[] = {
#if SWL_X86
    &swl_memory_attention_avx512, &swl_memory_attention_avx2,
#endif
#if SWL_ARM
    &swl_memory_attention_neon,
#endif
    &swl_memory_attention_reference,
};

// MARK: Sizes

size_t swl_memory_tile_size(const swl_memory_format *format, bool values) {
  if (format->bits != 0)
    return swl_memory_codes_size(format, values) + swl_memory_slices(format) * SWL_MEMORY_TILE * 2 * sizeof(uint16_t);
  const size_t width = values ? swl_round_up(format->width, SWL_CACHE_PART) : format->width;
  return width * SWL_MEMORY_TILE * swl_cache_element_size(format->type);
}

size_t swl_memory_side_size(const swl_memory_format *format, bool values) {
  return format->parts * SWL_MEMORY_TILES * swl_memory_tile_size(format, values);
}

// MARK: Attention

static const swl_memory_attention_kernel *kernel_for(const swl_memory_attention *op) {
  const swl_memory_attention_kernel *const *row = kernels;
  while (!swl_isa_has(op->isa, (*row)->kernel.needs))
    row++;
  return *row;
}

const swl_kernel *swl_memory_attention_kernel_at(size_t row) {
  return row < sizeof kernels / sizeof kernels[0] ? &kernels[row]->kernel : NULL;
}

const swl_kernel *swl_memory_attention_kernel_for(const swl_memory_attention *op) { return &kernel_for(op)->kernel; }

static size_t panels_of(const swl_memory_attention *op, const swl_memory_queries *text) {
  return swl_divide_up(text->tokens, swl_memory_panel(op));
}

/// Whether it is a text's segments that are shared out, or its queries.
static bool shares_segments(const swl_memory_attention *op, const swl_memory_queries *text) {
  return panels_of(op, text) == 1;
}

/// Tiles of one unit of a text.
static size_t tiles_of(const swl_memory_attention *op, const swl_memory_queries *text) {
  return shares_segments(op, text) ? swl_memory_segments(text) : panels_of(op, text);
}

/// Floats of one unit of a text in `shared`.
static size_t shared_of(const swl_memory_attention *op, const swl_memory_queries *text) {
  if (!shares_segments(op, text))
    return 0;
  return swl_memory_segments(text) * swl_memory_shared_floats(op, swl_memory_query_rows(op) * text->tokens);
}

size_t swl_memory_attention_tiles(const swl_memory_attention *op) {
  size_t tiles = 0;
  for (size_t i = 0; i < op->count; i++)
    tiles += swl_memory_units(op) * tiles_of(op, op->texts + i);
  return tiles;
}

size_t swl_memory_attention_scratch_size(const swl_memory_attention *op) { return kernel_for(op)->scratch_size(op); }

size_t swl_memory_attention_shared_size(const swl_memory_attention *op) {
  size_t floats = 0;
  for (size_t i = 0; i < op->count; i++)
    floats += swl_memory_units(op) * shared_of(op, op->texts + i);
  return floats * sizeof(float);
}

static void run_tile(const swl_memory_attention *op, const swl_memory_attention_kernel *kernel, size_t index,
                     size_t tile, float *shared, void *scratch) {
  const swl_memory_queries *text = op->texts + index;
  const size_t tiles = tiles_of(op, text), unit = tile / tiles, part = tile % tiles;
  if (!shares_segments(op, text)) {
    const size_t first = swl_split(text->tokens, tiles, part), end = swl_split(text->tokens, tiles, part + 1);
    kernel->attend(op, text, unit, first, end - first, scratch);
    return;
  }
  shared += unit * shared_of(op, text);
  kernel->attend_segment(op, text, unit, part, shared + part * (shared_of(op, text) / tiles), scratch);
  uint32_t *finished = op->finished + index * op->key_heads + unit;
  if (__atomic_add_fetch(finished, 1, __ATOMIC_ACQ_REL) == tiles) {
    __atomic_store_n(finished, 0, __ATOMIC_RELAXED);
    kernel->join(op, text, unit, shared, scratch);
  }
}

void swl_memory_attention_run(const swl_memory_attention *op, size_t first, size_t count, void *scratch) {
  const swl_memory_attention_kernel *kernel = kernel_for(op);
  size_t before = 0;
  float *shared = op->shared;
  for (size_t i = 0; i < op->count && before < first + count; i++) {
    const size_t tiles = swl_memory_units(op) * tiles_of(op, op->texts + i);
    const size_t start = swl_max(first, before), end = swl_min(first + count, before + tiles);
    for (size_t tile = start; tile < end; tile++)
      run_tile(op, kernel, i, tile - before, shared, scratch);
    before += tiles;
    shared += swl_memory_units(op) * shared_of(op, op->texts + i);
  }
}
