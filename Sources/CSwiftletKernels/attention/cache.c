#include "cache_elements.h"
#include "cache_kernels.h"

static const swl_cache_attention_kernel *const kernels[] = {
#if SWL_X86
    &swl_cache_attention_avx512, &swl_cache_attention_avx2,
#endif
#if SWL_ARM
    &swl_cache_attention_neon,
#endif
    &swl_cache_attention_reference,
};

/// Rows of one head of keys up to which the positions are shared out, and among how many tiles. What `shared` holds of
/// a segment is so a small part of the segment.
enum { FEW_ROWS = 16, SHARES = 16 };

size_t swl_cache_element_size(swl_cache_type type) { return type == SWL_CACHE_F32 ? 4 : 2; }

size_t swl_cache_keys_size(const swl_cache *cache) {
  return cache->batch * cache->heads * swl_cache_head_keys(cache) * swl_cache_element_size(cache->type);
}

size_t swl_cache_values_size(const swl_cache *cache) {
  return cache->batch * cache->heads * swl_cache_head_values(cache) * swl_cache_element_size(cache->type);
}

// MARK: Appending

/// One head of one token; its element i goes to `at + i / part * part_step + i % part * step`.
SWL_INLINE void append_row(const swl_cache_append *op, size_t from, size_t at, size_t part, size_t part_step,
                           size_t step, swl_cache_type type) {
  for (size_t first = 0; first < op->cache.width; first += part, at += part_step)
    for (size_t i = 0; i < swl_min(op->cache.width - first, part); i++)
      swl_write_cached(op->data, at + i * step, type, swl_read_scalar(op->x.data, from + first + i, op->x_type));
}

static void append(const swl_cache_append *op, size_t from, size_t at, size_t part, size_t part_step, size_t step) {
  switch (op->cache.type) {
  case SWL_CACHE_F32:
    append_row(op, from, at, part, part_step, step, SWL_CACHE_F32);
    break;
  case SWL_CACHE_BF16:
    append_row(op, from, at, part, part_step, step, SWL_CACHE_BF16);
    break;
  case SWL_CACHE_F16:
    append_row(op, from, at, part, part_step, step, SWL_CACHE_F16);
    break;
  }
}

size_t swl_cache_append_tiles(const swl_cache_append *op) { return op->cache.batch * op->cache.heads; }

void swl_cache_append_run(const swl_cache_append *op, size_t first, size_t count) {
  const swl_cache *cache = &op->cache;
  for (size_t index = first; index < first + count; index++) {
    const size_t batch = index / cache->heads, head = index % cache->heads;
    for (size_t i = 0; i < op->tokens; i++) {
      const size_t from = batch * op->x.batch_stride + i * op->x.token_stride + head * cache->width;
      const size_t tile = (op->position + i) / SWL_CACHE_TILE, place = (op->position + i) % SWL_CACHE_TILE;
      if (op->values)
        append(op, from,
               index * swl_cache_head_values(cache) +
                   (tile * swl_cache_parts(cache) * SWL_CACHE_TILE + place) * SWL_CACHE_PART,
               SWL_CACHE_PART, SWL_CACHE_TILE * SWL_CACHE_PART, 1);
      else
        append(op, from, index * swl_cache_head_keys(cache) + tile * cache->width * SWL_CACHE_TILE + place,
               cache->width, 0, SWL_CACHE_TILE);
    }
  }
}

// MARK: Attention

static const swl_cache_attention_kernel *kernel_for(const swl_cache_attention *op) {
  const swl_cache_attention_kernel *const *row = kernels;
  while (!swl_isa_has(op->isa, (*row)->kernel.needs))
    row++;
  return *row;
}

const swl_kernel *swl_cache_attention_kernel_at(size_t row) {
  return row < sizeof kernels / sizeof kernels[0] ? &kernels[row]->kernel : NULL;
}

const swl_kernel *swl_cache_attention_kernel_for(const swl_cache_attention *op) { return &kernel_for(op)->kernel; }

/// Whether it is positions that are shared out, or rows.
static bool shares_positions(const swl_cache_attention *op) { return swl_cache_rows(op) <= FEW_ROWS; }

/// Tiles of one head of keys: enough for many threads, where there is work for them.
static size_t tiles_of(const swl_cache_attention_kernel *kernel, const swl_cache_attention *op) {
  if (shares_positions(op))
    return swl_min(swl_divide_up(op->cache.capacity, SWL_SEGMENT), SHARES);
  const size_t steps = swl_divide_up(swl_cache_rows(op), kernel->step);
  const size_t panels = swl_divide_up(steps, kernel->steps), heads = op->cache.batch * op->cache.heads;
  const size_t wanted = swl_min(steps, swl_divide_up(SHARES, heads));
  return panels > wanted ? panels : wanted;
}

size_t swl_cache_attention_tiles(const swl_cache_attention *op) {
  return op->cache.batch * op->cache.heads * tiles_of(kernel_for(op), op);
}

size_t swl_cache_attention_scratch_size(const swl_cache_attention *op) { return kernel_for(op)->scratch_size(op); }

size_t swl_cache_attention_shared_size(const swl_cache_attention *op) {
  if (!shares_positions(op))
    return 0;
  return op->cache.batch * op->cache.heads * swl_divide_up(op->cache.capacity, SWL_SEGMENT) *
         swl_cache_shared_floats(op) * sizeof(float);
}

void swl_cache_attention_run(const swl_cache_attention *op, size_t first, size_t count, void *scratch) {
  const swl_cache_attention_kernel *kernel = kernel_for(op);
  const size_t tiles = tiles_of(kernel, op), heads = op->cache.heads, rows = swl_cache_rows(op);
  for (size_t tile = first; tile < first + count; tile++) {
    const size_t part = tile % tiles, head = tile / tiles % heads, batch = tile / tiles / heads;
    if (!shares_positions(op)) {
      const size_t steps = swl_divide_up(rows, kernel->step);
      const size_t start = swl_split(steps, tiles, part) * kernel->step;
      const size_t end = swl_min(swl_split(steps, tiles, part + 1) * kernel->step, rows);
      kernel->attend(op, batch, head, start, end - start, scratch);
      continue;
    }
    const size_t segments = swl_cache_segments(op);
    const size_t start = swl_split(segments, tiles, part), end = swl_split(segments, tiles, part + 1);
    if (start < end) // a cache that is nearly empty has fewer segments than tiles
      kernel->attend_segments(op, batch, head, start, end - start, scratch);
    uint32_t *finished = op->finished + batch * heads + head;
    if (__atomic_add_fetch(finished, 1, __ATOMIC_ACQ_REL) == tiles) {
      __atomic_store_n(finished, 0, __ATOMIC_RELAXED);
      kernel->join(op, batch, head, scratch);
    }
  }
}
