// Depthwise convolutions on vectors of outputs. Included by the ISA files.

#include "../common/pairs_vector.h"
#include "depthwise_kernels.h"

enum { PIXELS = SWL_DEPTHWISE_PIXELS, TOGETHER = 2 }; // vectors of outputs, which hold 8 sums with the pixels

/// How inputs become what weights multiply; repeated where a channel has several outputs.
typedef struct {
  swl_type x_type;
  bool rounds, repeats;
} reading;

/// Inputs of up to `count` outputs from `output` on, zeros above.
SWL_INLINE floats float_inputs(reading r, const char *x, size_t output, size_t repeats, size_t count) {
  floats v = splat(0);
  if (r.repeats)
    for (size_t lane = 0; lane < swl_min(count, LANES); lane++)
      v[lane] = swl_read_scalar(x, (output + lane) / repeats, r.x_type);
  else
    v = read_part(x, output, (swl_output){r.x_type, 1, 0}, count);
  return r.rounds ? from_bf16(to_bf16(v)) : v;
}

SWL_INLINE bytes byte_inputs(reading r, const char *x, size_t output, size_t repeats, size_t count) {
  bytes v = {};
  if (r.repeats)
    for (size_t lane = 0; lane < swl_min(count, LANES); lane++)
      v[lane] = ((const uint8_t *)x)[(output + lane) / repeats];
  else if (count >= LANES)
    memcpy(&v, x + output, LANES);
  else
    memcpy(&v, x + output, count);
  return v;
}

/// Scale, bias, activation and writing of up to `count` outputs of some pixels.
SWL_INLINE void finish(const swl_depthwise *op, const floats *sums, size_t stride, size_t pixels, size_t at,
                       size_t output, size_t count) {
  const floats bias = op->bias ? load_part(op->bias + output, count) : splat(0);
  const floats scale = op->type == SWL_S8 ? load_part(op->scale + output, count) : splat(1);
  const swl_output format = op->output;
  const swl_activation activation = op->activation;
  const float inverse_scale = 1 / format.scale, slope = op->slope;
  const size_t step = op->y_pictures.column;
  void *y = op->y;
#pragma clang loop unroll(full)
  for (size_t p = 0; p < pixels; p++) {
    const floats value = activate(activation, slope, multiply_add(sums[p * stride], scale, bias));
    write_part(y, at + p * step + output, format, inverse_scale, value, count);
  }
}

/// `vectors` of outputs from `output` on, of which the last has `count`.
SWL_INLINE void run_floats(const swl_depthwise *op, reading r, const swl_tap *taps, size_t first, size_t pixels,
                           size_t vectors, size_t output, size_t count, size_t at) {
  const size_t positions = swl_positions(op), padded = swl_padded_outputs(op->outputs);
  const size_t repeats = r.repeats ? op->outputs / op->channels : 1;
  const float *weights = swl_float_weights(op) + output;
  floats sums[PIXELS][TOGETHER];
#pragma clang loop unroll(full)
  for (size_t p = 0; p < pixels; p++)
    for (size_t v = 0; v < vectors; v++)
      sums[p][v] = splat(0);
  for (size_t k = 0; k < positions; k++, weights += padded)
#pragma clang loop unroll(full)
    for (size_t v = 0; v < vectors; v++) {
      const floats w = load(weights + v * LANES);
#pragma clang loop unroll(full)
      for (size_t p = 0; p < pixels; p++) {
        const floats x = float_inputs(r, taps[k].x + (first + p) * taps[k].step, output + v * LANES, repeats, count);
        sums[p][v] = multiply_add(x, w, sums[p][v]);
      }
    }
#pragma clang loop unroll(full)
  for (size_t v = 0; v < vectors; v++)
    finish(op, &sums[0][v], TOGETHER, pixels, at, output + v * LANES, count);
}

SWL_INLINE void run_bytes(const swl_depthwise *op, reading r, const swl_tap *taps, size_t first, size_t pixels,
                          size_t vectors, size_t output, size_t count, size_t at) {
  const size_t pairs = swl_divide_up(swl_positions(op), 2), padded = swl_padded_outputs(op->outputs);
  const size_t repeats = r.repeats ? op->outputs / op->channels : 1;
  const int16_t *weights = swl_pair_weights(op) + 2 * output;
  ints sums[PIXELS][TOGETHER];
#pragma clang loop unroll(full)
  for (size_t p = 0; p < pixels; p++)
    for (size_t v = 0; v < vectors; v++)
      sums[p][v] = (ints){};
  for (size_t k = 0; k < pairs; k++, weights += 2 * padded, taps += 2)
#pragma clang loop unroll(full)
    for (size_t v = 0; v < vectors; v++) {
      shorts w;
      memcpy(&w, weights + 2 * v * LANES, sizeof w);
#pragma clang loop unroll(full)
      for (size_t p = 0; p < pixels; p++) {
        const size_t from = output + v * LANES;
        const bytes a = byte_inputs(r, taps[0].x + (first + p) * taps[0].step, from, repeats, count);
        const bytes b = byte_inputs(r, taps[1].x + (first + p) * taps[1].step, from, repeats, count);
        sums[p][v] = add_pairs(sums[p][v], pair_bytes(a, b), w);
      }
    }
#pragma clang loop unroll(full)
  for (size_t v = 0; v < vectors; v++) {
    ints of_weights;
    memcpy(&of_weights, swl_weight_sums(op) + output + v * LANES, sizeof of_weights);
    floats whole[PIXELS];
#pragma clang loop unroll(full)
    for (size_t p = 0; p < pixels; p++)
      whole[p] = __builtin_convertvector(sums[p][v] - of_weights * op->x_zero_point, floats);
    finish(op, whole, 1, pixels, at, output + v * LANES, count);
  }
}

SWL_INLINE void run_part(const swl_depthwise *op, reading r, const swl_tap *taps, size_t first, size_t pixels,
                         size_t vectors, size_t output, size_t count, size_t at) {
  if (r.x_type == SWL_U8)
    run_bytes(op, r, taps, first, pixels, vectors, output, count, at);
  else
    run_floats(op, r, taps, first, pixels, vectors, output, count, at);
}

/// All outputs of `pixels` neighbours, the first of which is `first` pixels behind the taps.
SWL_INLINE void run_pixels(const swl_depthwise *op, reading r, const swl_tap *taps, size_t first, size_t pixels,
                           size_t at) {
  at += first * op->y_pictures.column;
  size_t o = 0;
  for (; o + TOGETHER * LANES <= op->outputs; o += TOGETHER * LANES)
    run_part(op, r, taps, first, pixels, TOGETHER, o, LANES, at);
  for (; o + LANES <= op->outputs; o += LANES)
    run_part(op, r, taps, first, pixels, 1, o, LANES, at);
  if (o < op->outputs)
    run_part(op, r, taps, first, pixels, 1, o, op->outputs - o, at);
}

SWL_INLINE void run_reading(const swl_depthwise *op, reading r, const swl_tap *taps, size_t pixels, size_t at) {
  if (pixels == PIXELS && !r.repeats)
    return run_pixels(op, r, taps, 0, PIXELS, at);
  for (size_t p = 0; p < pixels; p++)
    run_pixels(op, r, taps, p, 1, at);
}

static void run(const swl_depthwise *op, const swl_tap *taps, size_t pixels, size_t at) {
  if (op->outputs != op->channels)
    run_reading(op, (reading){op->x_type, op->type == SWL_BF16, true}, taps, pixels, at);
  else if (op->x_type == SWL_U8)
    run_reading(op, (reading){SWL_U8, false, false}, taps, pixels, at);
  else if (op->type == SWL_F32)
    run_reading(op, (reading){SWL_F32, false, false}, taps, pixels, at);
  else
    run_reading(op, (reading){op->x_type, true, false}, taps, pixels, at);
}

const swl_depthwise_kernel SWL_ISA_NAME(swl_depthwise) = {{SWL_ISA_TITLE("depthwise"), SWL_NEEDS}, run};
