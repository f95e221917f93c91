#ifndef SWL_LINEAR_H
#define SWL_LINEAR_H

#include "swl_types.h"

/// The weights of a linear layer: in every row, `kept` of each `group` consecutive inputs are stored.
typedef struct {
  swl_type type;          // SWL_F32, SWL_BF16, SWL_S8 or SWL_U4
  size_t inputs, outputs; // at least 1; inputs is a multiple of group
  size_t kept, group;     // 1 <= kept <= group <= 256; kept == group is dense
  size_t scale_group;     // of SWL_U4, which is dense: 32, 64 or 128, a divisor of inputs; else 0
} swl_linear_shape;

/// Weights in plain layout, from which every kernel packs its own.
typedef struct {
  swl_linear_shape shape;
  const void *values;     // [outputs][inputs / group][kept]
  const uint8_t *indices; // same shape: the input's position in its group, ascending; NULL where kept == group
  const uint16_t *group_scales, *group_offsets; // of SWL_U4, [outputs][inputs / scale_group] in f16; else NULL
} swl_linear_weights;

typedef struct swl_linear swl_linear;

/// One way to compute a linear layer: a row of the list that dispatch, tests and benchmarks share, see swl_kernel.
typedef struct {
  const char *name; // "sparse_s8_avx512vnni"
  swl_isa needs;
  const struct swl_linear_family *family;
  const void *details; // what distinguishes it in its family
  size_t most_tokens;  // that it is the first choice for; 0: any number
} swl_linear_kernel;

/// What is done to the sum of each output before it is written, in this order. NULL leaves a step out.
typedef struct {
  const float *scale;    // [outputs], only for int8: factor of the integer sum, input scale * weight scale
  const float *x_scales; // [tokens], only for int8 and 4 bits: factor of all sums of a token, see swl_quantize_rows
  const float *bias;     // [outputs]
  swl_activation activation;
  float slope; // of SWL_LEAKY_RELU
  const float *residual; // [tokens][y_stride], added after the activation; may be y itself
} swl_linear_epilogue;

/// y[t][o] = epilogue(sum over k of (x[t][k] - x_zero_point) * w[o][k]).
///
/// f32 weights take f32 x and sum in f32. bf16 weights take f32 (rounded to bf16 first) or bf16 x and sum in f32.
/// s8 weights take u8 x and sum in int32: exact while inputs <= 65536. u4 weights take u8 x with the zero point 128 and
/// sum exactly within groups; the groups' sums are added up in f32 in their order, each times its scale, then the group's
/// sum of inputs times its offset. Both scale and sum are times the group's scale of x before, where there are such.
struct swl_linear {
  const swl_linear_kernel *kernel;
  swl_linear_shape shape;
  const void *packed; // what swl_linear_pack wrote, aligned to 64 bytes
  size_t tokens;      // may be 0
  const void *x;      // [tokens][x_stride]
  size_t x_stride;    // elements, at least inputs
  swl_type x_type;
  int32_t x_zero_point; // 0...255; 0 unless x is u8
  const float *x_group_scales; // [tokens][inputs / scale_group], only for u4 weights: what a group of x counts by; or NULL
  void *y;              // [tokens][y_stride]
  size_t y_stride;      // elements, at least outputs
  swl_output output;
  swl_linear_epilogue epilogue;
};

/// All kernels in the order of preference, the reference last.
const swl_linear_kernel *swl_linear_kernels(size_t *count);

/// Whether a kernel computes layers of this shape.
bool swl_linear_accepts(const swl_linear_kernel *kernel, const swl_linear_shape *shape);

/// The first kernel for `shape` and about so many tokens at a time whose features `isa` has; it computes any number of
/// them. NULL only if the shape breaks its contract.
const swl_linear_kernel *swl_linear_kernel_for(const swl_linear_shape *shape, size_t tokens, swl_isa isa);

/// Bytes for swl_linear_pack. Allocate them aligned to 64 bytes.
size_t swl_linear_packed_size(const swl_linear_kernel *kernel, const swl_linear_shape *shape);
void swl_linear_pack(const swl_linear_kernel *kernel, const swl_linear_weights *weights, void *packed);

/// Packs `count` outputs from `first` on, which the arrays of `weights` begin with; the shape is the whole layer's. Parts
/// that cover the outputs once give the same bytes as packing the layer whole, and may be packed at the same time.
/// `first` is a multiple of SWL_PACKING_STEP, and so is `count` unless the part is the last.
void swl_linear_pack_outputs(const swl_linear_kernel *kernel, const swl_linear_weights *weights, size_t first,
                             size_t count, void *packed);
enum { SWL_PACKING_STEP = 64 };

/// The work is cut into tiles, each writing its own part of y. Threads take ranges of them, every
/// thread with scratch of its own, aligned to 64 bytes. Long ranges are cheaper: neighbours share the packed input.
size_t swl_linear_tiles(const swl_linear *op);
size_t swl_linear_scratch_size(const swl_linear *op);

/// The first tile of a thread's share where all shares cost about the same: panels of tokens differ in length.
/// `thread` is 0...threads; the last share ends with the last tile.
size_t swl_linear_share(const swl_linear *op, size_t thread, size_t threads);
void swl_linear_run(const swl_linear *op, size_t first, size_t count, void *scratch);

#endif
