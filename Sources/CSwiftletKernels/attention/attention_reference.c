#include "attention_kernels.h"

static float read_head(const swl_attention *op, const swl_heads *from, size_t b, size_t t, size_t h, size_t i) {
  size_t row = swl_attention_image(op, b) * from->batch_stride + swl_attention_row(op, b, t) * from->token_stride;
  return swl_read_scalar(from->data, row + h * op->width + i, op->type);
}

static float score(const swl_attention *op, size_t b, size_t h, size_t query, size_t key) {
  const size_t key_head = h / swl_attention_group(op);
  float sum = 0;
  for (size_t i = 0; i < op->width; i++) {
    const float q = read_head(op, &op->q, b, query, h, i) - (float)op->q_zero_point;
    const float content = op->content_bias ? op->content_bias[h * op->width + i] : 0;
    sum += (q + content) * (read_head(op, &op->k, b, key, key_head, i) - (float)op->k_zero_point);
    if (op->r.data) {
      const size_t row = op->queries - 1 - query + key;
      const float position = op->position_bias ? op->position_bias[h * op->width + i] : 0;
      sum += (q + position) * swl_read_scalar(op->r.data, row * op->r.token_stride + h * op->width + i, op->type);
    }
  }
  sum *= op->scale * op->q_scale * op->k_scale;
  if (op->soft_cap != 0)
    sum = op->soft_cap * tanhf(sum / op->soft_cap);
  if (op->bias)
    sum += op->bias[(h * op->queries + query) * op->keys + key];
  if (op->mask)
    sum += swl_attention_mask_row(op, b, query)[key];
  return sum;
}

/// One query of one head; `weights` has room for one of every key.
static void attend_query(const swl_attention *op, size_t b, size_t h, size_t query, float *weights) {
  float greatest = -INFINITY, sum = 0;
  size_t keys = swl_attention_keys(op, b);
  if (op->causal)
    keys = swl_min(keys, op->keys - op->queries + query + 1);
  for (size_t key = 0; key < keys; key++) {
    weights[key] = score(op, b, h, query, key);
    greatest = fmaxf(greatest, weights[key]);
  }
  for (size_t key = 0; key < keys; key++) {
    weights[key] = expf(weights[key] - greatest);
    if (op->type == SWL_U8)
      weights[key] = rintf(255 * weights[key]);
    sum += weights[key];
  }
  for (size_t i = 0; i < op->width; i++) {
    float weighted = 0;
    for (size_t key = 0; key < keys; key++)
      weighted +=
          weights[key] * (read_head(op, &op->v, b, key, h / swl_attention_group(op), i) - (float)op->v_zero_point);
    size_t at = swl_attention_result(op, b, h, query);
    swl_write_scalar(op->y, at + i, op->output, keys > 0 ? weighted / sum * op->v_scale : 0);
  }
}

static size_t scratch_size(const swl_attention *op) { return op->keys * sizeof(float); }

static void prepare(const swl_attention *op, size_t batch, size_t head, void *scratch) {
  (void)op, (void)batch, (void)head, (void)scratch;
}

static void attend(const swl_attention *op, size_t batch, size_t head, size_t first, size_t rows, void *scratch) {
  const size_t group = swl_attention_group(op);
  for (size_t row = first; row < first + rows; row++)
    attend_query(op, batch, head * group + row % group, row / group, scratch);
}

const swl_attention_kernel swl_attention_reference = {
    {"attention", SWL_ISA_SCALAR}, {[SWL_F32] = true, [SWL_BF16] = true, [SWL_U8] = true}, true, 1, 16, scratch_size,
    prepare, attend};
