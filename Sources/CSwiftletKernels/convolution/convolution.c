#include "swl_convolution.h"

#include "../linear/linear_kernels.h"

// The positions of an image are the tokens of the linear layer, and its kernels do the sums. Where the kernel is one
// position and strides are 1, tokens lie in x as they are, all channels of a position side by side. Else what each
// position of a panel sees is gathered into a row: runs of channels are copied, and the border is filled with what
// stands for 0. A panel is as many positions as the linear kernel takes at a time, so that it stays in the L2 cache
// while all outputs read it.

/// What a position of the output sees.
typedef struct {
  size_t channels, width;   // of a group; of the output
  size_t element, row_size; // bytes of an element; of a gathered row
} window;

static size_t positions_of(const swl_convolution *op) {
  return op->output_size[0] * op->output_size[1];
}

/// Whether x holds the tokens of the linear layer as it is.
static bool is_direct(const swl_convolution *op) {
  for (size_t axis = 0; axis < 2; axis++)
    if (op->kernel[axis] != 1 || op->stride[axis] != 1 || op->padding[axis] != 0 ||
        op->output_size[axis] != op->size[axis])
      return false;
  bool rows_step_evenly = op->size[0] == 1 || op->x_row == op->size[1] * op->x_column;
  size_t image = op->size[0] * op->size[1] * op->x_column;
  return (op->x_channel == 1 || op->shape.inputs == 1) && op->x_column >= op->shape.inputs && rows_step_evenly &&
         (op->batch == 1 || op->x_sample == image);
}

/// The layer on all positions that are numbered together: of all images, or of one.
static swl_linear layer_of(const swl_convolution *op) {
  const bool direct = is_direct(op);
  return (swl_linear){.kernel = op->linear,
                      .shape = op->shape,
                      .tokens = (direct ? op->batch : 1) * positions_of(op),
                      .x_stride = direct ? op->x_column : op->shape.inputs,
                      .x_type = op->x_type,
                      .x_zero_point = op->x_zero_point,
                      .y_stride = op->y_stride,
                      .output = op->output,
                      .epilogue = op->epilogue};
}

static size_t images_of(const swl_convolution *op) { return is_direct(op) ? 1 : op->batch; }

/// Points at the weights of a group, and at its outputs from `position` on.
static void choose_part(swl_linear *layer, const swl_convolution *op, size_t group, size_t position) {
  const size_t output = group * op->shape.outputs, at = position * op->y_stride + output;
  layer->packed = (const char *)op->packed + group * op->packed_stride;
  layer->y = (char *)op->y + at * swl_size_of(op->output.type);
  if (op->epilogue.scale)
    layer->epilogue.scale = op->epilogue.scale + output;
  if (op->epilogue.bias)
    layer->epilogue.bias = op->epilogue.bias + output;
  if (op->epilogue.residual)
    layer->epilogue.residual = op->epilogue.residual + at;
}

size_t swl_convolution_tiles(const swl_convolution *op) {
  swl_linear layer = layer_of(op);
  return images_of(op) * op->groups * swl_linear_tiles(&layer);
}

size_t swl_convolution_share(const swl_convolution *op, size_t thread, size_t threads) {
  swl_linear layer = layer_of(op);
  const swl_tiling tiling = swl_tiling_by(&layer);
  const size_t parts = images_of(op) * op->groups, steps = swl_divide_up(tiling.tokens, tiling.step) * tiling.blocks;
  if (steps == 0)
    return 0;
  const size_t before = swl_split(parts * steps, threads, thread);
  return before / steps * tiling.panels * tiling.blocks + swl_tile_after(&tiling, before % steps);
}

/// Bytes of the gathered rows of a panel.
static size_t gathered_size(const swl_convolution *op, const swl_linear *layer) {
  if (is_direct(op))
    return 0;
  const swl_tiling tiling = swl_tiling_by(layer);
  size_t most = tiling.panels ? swl_panel_start(&tiling, 1) : 0; // the first panel is no shorter than another
  return swl_round_up(most * op->shape.inputs * swl_size_of(op->x_type), 64);
}

size_t swl_convolution_scratch_size(const swl_convolution *op) {
  swl_linear layer = layer_of(op);
  return gathered_size(op, &layer) + swl_linear_scratch_size(&layer);
}

/// `count` runs of bytes, `from_step` apart, to places that are `to_step` apart.
typedef struct {
  size_t count, bytes, from_step, to_step;
} runs;

/// Every run as two pieces of a constant size, which overlap unless they are all: no call, and no loop in the loop.
#define COPY_ENDS(size)                                                                                                \
  for (size_t i = 0; i < r.count; i++, from += r.from_step, to += r.to_step)                                           \
  memcpy(to, from, size), memcpy(to + r.bytes - (size), from + r.bytes - (size), size)

static void copy_runs(runs r, const char *from, char *to) {
  if (r.bytes > 64) {
    for (size_t i = 0; i < r.count; i++, from += r.from_step, to += r.to_step) {
      for (size_t at = 0; at + 32 <= r.bytes; at += 32)
        memcpy(to + at, from + at, 32);
      memcpy(to + r.bytes - 32, from + r.bytes - 32, 32);
    }
  } else if (r.bytes >= 32) {
    COPY_ENDS(32);
  } else if (r.bytes >= 16) {
    COPY_ENDS(16);
  } else if (r.bytes >= 8) {
    COPY_ENDS(8);
  } else if (r.bytes >= 4) {
    COPY_ENDS(4);
  } else if (r.bytes >= 2) {
    COPY_ENDS(2);
  } else {
    for (size_t i = 0; i < r.count; i++)
      to[i * r.to_step] = from[i * r.from_step];
  }
}

/// Neighbouring outputs of a row: from the first to before the end.
typedef struct {
  size_t first, end;
} range;

/// Those of `count` outputs that see a position of the image, where the first of them sees position `at` of its row.
static range seeing(const swl_convolution *op, ptrdiff_t at, size_t count) {
  const size_t step = op->stride[1], width = op->size[1];
  const size_t end = at < (ptrdiff_t)width ? ((size_t)((ptrdiff_t)width - 1 - at)) / step + 1 : 0;
  const size_t first = at < 0 ? swl_divide_up((size_t)-at, step) : 0;
  return (range){swl_min(first, swl_min(end, count)), swl_min(end, count)};
}

static void fill(int border, range outputs, size_t bytes, size_t step, char *to) {
  for (size_t t = outputs.first; t < outputs.end; t++)
    memset(to + t * step, border, bytes);
}

/// Copies for each of `outputs` what it sees of a row of the image, `bytes` of every channel or of all of them.
static void copy(const swl_convolution *op, const window *w, const char *row, ptrdiff_t at, range outputs, size_t bytes,
                 char *to) {
  if (outputs.first >= outputs.end)
    return;
  const size_t pixel = op->x_column * w->element, step = op->stride[1];
  const char *from = row + (size_t)(at + (ptrdiff_t)(outputs.first * step)) * pixel;
  runs r = {outputs.end - outputs.first, bytes, step * pixel, w->row_size};
  to += outputs.first * w->row_size;
  if (op->x_channel == 1)
    return copy_runs(r, from, to);
  r.bytes = w->element;
  for (size_t c = 0; c < w->channels; c++)
    copy_runs(r, from + c * op->x_channel * w->element, to + c * w->element);
}

/// Gathers `count` neighbouring positions of one row of the output: `x` is the channels of a group of an image.
static void gather_row(const swl_convolution *op, const window *w, const char *x, size_t row, size_t column,
                       size_t count, char *rows) {
  const int border = op->x_type == SWL_U8 ? op->x_zero_point : 0;
  const size_t size = w->channels * w->element, line = op->kernel[1] * size;
  const ptrdiff_t left = (ptrdiff_t)(column * op->stride[1]) - (ptrdiff_t)op->padding[1];
  const ptrdiff_t reach = (ptrdiff_t)(op->dilation[1] * (op->kernel[1] - 1));
  // A line of the kernel that lies in the image as it does here is copied at once by all outputs that see all of it.
  range whole = {0, 0};
  if (op->dilation[1] == 1 && op->x_channel == 1 && op->x_column == w->channels)
    whole = (range){seeing(op, left, count).first, seeing(op, left + reach, count).end};
  if (whole.first >= whole.end)
    whole = (range){0, 0};
  for (size_t i = 0; i < op->kernel[0]; i++, rows += line) {
    const size_t down = row * op->stride[0] + i * op->dilation[0];
    if (down < op->padding[0] || down - op->padding[0] >= op->size[0]) {
      fill(border, (range){0, count}, line, w->row_size, rows);
      continue;
    }
    const char *image_row = x + (down - op->padding[0]) * op->x_row * w->element;
    copy(op, w, image_row, left, whole, line, rows);
    for (size_t j = 0; j < op->kernel[1]; j++) {
      const ptrdiff_t at = left + (ptrdiff_t)(j * op->dilation[1]);
      const range seen = seeing(op, at, count);
      char *const to = rows + j * size;
      copy(op, w, image_row, at, (range){seen.first, swl_min(seen.end, whole.first)}, size, to);
      copy(op, w, image_row, at, (range){swl_max(seen.first, whole.end), seen.end}, size, to);
      fill(border, (range){0, seen.first}, size, w->row_size, to);
      fill(border, (range){seen.end, count}, size, w->row_size, to);
    }
  }
}

static void gather(const swl_convolution *op, size_t image, size_t group, size_t start, size_t end, char *rows) {
  const size_t element = swl_size_of(op->x_type), channels = op->shape.inputs / (op->kernel[0] * op->kernel[1]);
  const window w = {channels, op->output_size[1], element, op->shape.inputs * element};
  const char *x = (const char *)op->x + (image * op->x_sample + group * channels * op->x_channel) * element;
  for (size_t at = start, count; at < end; at += count) {
    const size_t row = at / w.width, column = at % w.width;
    count = swl_min(end - at, w.width - column);
    gather_row(op, &w, x, row, column, count, rows + (at - start) * w.row_size);
  }
}

static void run_direct(const swl_convolution *op, swl_linear layer, size_t first, size_t count, void *scratch) {
  const size_t tiles = swl_linear_tiles(&layer), element = swl_size_of(op->x_type);
  for (size_t tile = first, end = first + count, taken; tile < end; tile += taken) {
    const size_t group = tile / tiles;
    taken = swl_min(end, (group + 1) * tiles) - tile;
    swl_linear part = layer;
    choose_part(&part, op, group, 0);
    part.x = (const char *)op->x + group * op->shape.inputs * op->x_channel * element;
    swl_linear_run(&part, tile % tiles, taken, scratch);
  }
}

void swl_convolution_run(const swl_convolution *op, size_t first, size_t count, void *scratch) {
  swl_linear layer = layer_of(op);
  if (is_direct(op))
    return run_direct(op, layer, first, count, scratch);
  const swl_tiling tiling = swl_tiling_by(&layer);
  char *const inner = (char *)scratch + gathered_size(op, &layer);
  for (size_t tile = first, end = first + count, taken; tile < end; tile += taken) {
    const size_t block = tile % tiling.blocks, panel = tile / tiling.blocks % tiling.panels;
    const size_t part = tile / tiling.blocks / tiling.panels, image = part / op->groups, group = part % op->groups;
    const size_t start = swl_panel_start(&tiling, panel), past = swl_panel_start(&tiling, panel + 1);
    taken = swl_min(end - tile, tiling.blocks - block);
    gather(op, image, group, start, past, scratch);
    swl_linear rows = layer;
    choose_part(&rows, op, group, image * tiling.tokens + start);
    rows.x = scratch;
    rows.tokens = past - start;
    swl_linear_run(&rows, block, taken, inner);
  }
}
