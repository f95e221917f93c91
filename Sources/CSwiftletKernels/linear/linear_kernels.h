#ifndef SWL_LINEAR_KERNELS_H
#define SWL_LINEAR_KERNELS_H

// What the files of this folder share.

#include "../common/scalar.h"
#include "../common/target.h"
#include "swl_linear.h"

/// A tile is a panel of tokens and this many outputs.
enum { SWL_BLOCK = 64 };

/// Bytes of a cache line, and how far ahead of its use memory is asked for where one token reads the weights once.
enum { SWL_LINE = 64, SWL_AHEAD = 512 };

static inline bool swl_is_dense(const swl_linear_shape *shape) { return shape->kept == shape->group; }

/// Weights stored in one row.
static inline size_t swl_row_length(const swl_linear_shape *shape) {
  return shape->inputs / shape->group * shape->kept;
}

/// The input that the i-th stored weight of a row of `w` multiplies.
static inline size_t swl_input_of(const swl_linear_weights *w, size_t row, size_t i) {
  size_t kept = w->shape.kept, group = w->shape.group;
  return kept == group ? i : i / kept * group + w->indices[row * swl_row_length(&w->shape) + i];
}

/// Tokens in steps of `step`, cut into as few equal panels of at most `most` steps as it takes.
typedef struct {
  size_t tokens, step, panels, blocks;
} swl_tiling;

static inline swl_tiling swl_tiling_of(const swl_linear *op, size_t step, size_t most) {
  size_t panels = swl_divide_up(swl_divide_up(op->tokens, step), most);
  return (swl_tiling){op->tokens, step, panels, swl_divide_up(op->shape.outputs, SWL_BLOCK)};
}

/// The first token of a panel.
static inline size_t swl_panel_start(const swl_tiling *tiling, size_t panel) {
  size_t steps = swl_divide_up(tiling->tokens, tiling->step);
  return swl_min(swl_split(steps, tiling->panels, panel) * tiling->step, tiling->tokens);
}

/// What the epilogue needs of the outputs of a tile, gathered once for all its tokens.
typedef struct {
  const swl_linear *op;
  size_t first_output, outputs;
  bool integer; // the sums are int32
  float inverse_scale;
  _Alignas(64) float scale[SWL_BLOCK], bias[SWL_BLOCK];
  _Alignas(64) int32_t correction[SWL_BLOCK];
} swl_finishing;

/// `row_sums` holds the sums of the integer weights of each output; NULL where the sums are floats.
void swl_finishing_prepare(swl_finishing *f, const swl_linear *op, const int32_t *row_sums, size_t first_output);

/// Corrects the sums of kernels that took `taken` away from every byte of the input.
void swl_finishing_restore(swl_finishing *f, const int32_t *row_sums, int32_t taken);

/// Applies the epilogue to sums[tokens][SWL_BLOCK] and writes the outputs, see finish_vector.h.
typedef void swl_linear_finish(const swl_finishing *f, const void *sums, size_t first_token, size_t tokens);
swl_linear_finish swl_linear_finish_avx2, swl_linear_finish_avx512, swl_linear_finish_neon;

/// The outputs of a layer that are packed at a time: `weights` hold them alone. Blocks of outputs are packed whole.
typedef struct {
  size_t first, count;
} swl_outputs;

/// Where the part ends if `step` outputs lie together: the last ones may be fewer.
static inline size_t swl_end_of(swl_outputs part, size_t step) { return swl_divide_up(part.first + part.count, step); }

/// Sums of the weights of each output, which the zero point of the input multiplies; `sums` are those of the whole layer.
void swl_row_sums(const swl_linear_weights *weights, swl_outputs part, int32_t *sums);

/// The first tile before which `steps` steps of tiles lie, or the number of tiles.
size_t swl_tile_after(const swl_tiling *tiling, size_t steps);

/// Kernels that share their frame; `details` is the kernel's.
typedef struct swl_linear_family {
  bool (*accepts)(const void *details, const swl_linear_shape *shape);
  size_t (*packed_size)(const void *details, const swl_linear_shape *shape); // bytes
  void (*pack)(const void *details, const swl_linear_weights *weights, swl_outputs part, void *packed);
  swl_tiling (*tiling)(const void *details, const swl_linear *op); // tiles run panel by panel
  size_t (*scratch_size)(const void *details, const swl_linear *op); // bytes
  void (*run)(const void *details, const swl_linear *op, size_t first, size_t count, void *scratch);
} swl_linear_family;

static inline swl_tiling swl_tiling_by(const swl_linear *op) {
  return op->kernel->family->tiling(op->kernel->details, op);
}

extern const swl_linear_family swl_reference_family, swl_dense_family, swl_dense_u4_family, swl_sparse_s8_family,
    swl_sparse_few_family, swl_sparse_gather_family, swl_sparse_rows_family;

#endif
