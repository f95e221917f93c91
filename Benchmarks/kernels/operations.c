// Attention, layer norm, GELU and softmax at the shapes of DeiT-S (197 tokens, width 384, 6 heads), one image, one
// thread, every instruction set that this processor runs, best of n.
#include "bench.h"

enum { TOKENS = 197, WIDTH = 384, HEADS = 6 };

static void report(const char *name, swl_isa isa, double seconds, double work, const char *unit) {
  printf("%-16s %-12s %8.4f ms %8.1f %s\n", name, swl_isa_name(isa), seconds * 1e3, work / seconds * 1e-9, unit);
}

/// Best time of a statement, of as many runs as half a second allows.
#define BEST(statement)                                                                                                \
  ({                                                                                                                   \
    double best = 1e9, begin = now();                                                                                  \
    while (now() - begin < 0.5) {                                                                                      \
      double start = now();                                                                                            \
      statement;                                                                                                       \
      best = fmin(best, now() - start);                                                                                \
    }                                                                                                                  \
    best;                                                                                                              \
  })

static void attention(swl_isa isa, swl_type type) {
  const size_t size = type == SWL_F32 ? 4 : type == SWL_BF16 ? 2 : 1, count = TOKENS * 3 * WIDTH;
  const bool bytes = type == SWL_U8;
  float *values = random_floats(count);
  char *qkv = memory(count * size);
  swl_write(SWL_ISA_SCALAR, values, (swl_output){type, 0.01f, 128}, qkv, count);
  swl_attention op = {
      .isa = isa, .batch = 1, .heads = HEADS, .queries = TOKENS, .keys = TOKENS, .width = WIDTH / HEADS};
  op.type = type;
  op.q = (swl_heads){qkv, 0, 3 * WIDTH};
  op.k = (swl_heads){qkv + WIDTH * size, 0, 3 * WIDTH};
  op.v = (swl_heads){qkv + 2 * WIDTH * size, 0, 3 * WIDTH};
  op.q_scale = op.k_scale = op.v_scale = bytes ? 0.01f : 1;
  op.q_zero_point = op.k_zero_point = op.v_zero_point = bytes ? 128 : 0;
  op.scale = 0.125f;
  op.output = (swl_output){type, 0.01f, 128};
  op.y = memory(TOKENS * WIDTH * size);
  void *scratch = memory(swl_attention_scratch_size(&op));
  double best = BEST(swl_attention_run(&op, 0, swl_attention_tiles(&op), scratch));
  const char *name = bytes ? "attention u8" : type == SWL_BF16 ? "attention bf16" : "attention f32";
  report(name, isa, best, 4.0 * TOKENS * TOKENS * WIDTH, "GOP/s");
  free(values), free(qkv), free(op.y), free(scratch);
}

int main(void) {
  const size_t count = TOKENS * 4 * WIDTH;
  float *x = random_floats(count), *y = memory(count * sizeof(float));
  size_t sets;
  const swl_named_isa *set = swl_named_isas(&sets);
  for (size_t i = sets; i-- > 0;) { // the reference first
    const swl_isa isa = set[i].isa;
    if (!swl_isa_has(swl_isa_of_processor(), isa))
      continue;
    attention(isa, SWL_F32);
    attention(isa, SWL_BF16);
    attention(isa, SWL_U8);
    report("layer norm to u8", isa,
           BEST(swl_layer_norm(isa, x, x, x, 1e-6f, y, (swl_output){SWL_U8, 0.02f, 128}, TOKENS, WIDTH)),
           (double)TOKENS * WIDTH, "G elements/s");
    report("gelu", isa, BEST(swl_activate(isa, SWL_GELU, 0, x, y, count)), (double)count, "G elements/s");
    report("softmax", isa, BEST(swl_softmax(isa, x, y, count / TOKENS, TOKENS)), (double)count, "G elements/s");
  }
}
