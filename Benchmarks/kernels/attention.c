// Attention of language models on one thread: one token on a cache of 4096 positions, as bytes of the cache read a
// second beside a plain read of as much memory; and a prompt of 512 tokens, as products a second beside the greatest
// speed of products in registers. 32 heads share 8 heads of keys, 128 wide. Sides take turns, best of n.
#include "bench.h"

enum { HEADS = 32, KEY_HEADS = 8, WIDTH = 128, POSITIONS = 4096, PROMPT = 512, TURNS = 25, CACHES = 4 };

/// Sums of 8 streams of vectors: as fast as one thread reads memory.
__attribute__((noinline)) static uint64_t plain_read(const void *data, size_t bytes) {
  typedef uint64_t words __attribute__((vector_size(32), aligned(1)));
  const words *p = data;
  words sums[8] = {};
  for (size_t i = 0; i + 8 <= bytes / sizeof(words); i += 8)
    for (size_t v = 0; v < 8; v++)
      sums[v] ^= p[i + v];
  uint64_t sum = 0;
  for (size_t v = 0; v < 8; v++)
    sum ^= sums[v][0] ^ sums[v][1] ^ sums[v][2] ^ sums[v][3];
  return sum;
}

#if defined(__x86_64__)
/// Multiply-adds of 12 independent sums, in billions of operations a second.
__attribute__((noinline, target("avx2,fma"))) static double products_avx2(void) {
  typedef float floats __attribute__((vector_size(32)));
  enum { ROUNDS = 200000 };
  floats sums[12] = {}, a = (floats){} + 0.5f, b = (floats){} + 0.25f;
  const double start = now();
  for (size_t i = 0; i < ROUNDS; i++)
    for (size_t v = 0; v < 12; v++) {
      sums[v] = __builtin_elementwise_fma(sums[v], a, b);
      __asm__ volatile("" : "+x"(sums[v]));
    }
  return ROUNDS * 12.0 * 16 / (now() - start) * 1e-9;
}

__attribute__((noinline, target("avx512f"))) static double products_avx512(void) {
  typedef float floats __attribute__((vector_size(64)));
  enum { ROUNDS = 200000 };
  floats sums[12] = {}, a = (floats){} + 0.5f, b = (floats){} + 0.25f;
  const double start = now();
  for (size_t i = 0; i < ROUNDS; i++)
    for (size_t v = 0; v < 12; v++) {
      sums[v] = __builtin_elementwise_fma(sums[v], a, b);
      __asm__ volatile("" : "+v"(sums[v]));
    }
  return ROUNDS * 12.0 * 32 / (now() - start) * 1e-9;
}

static double products(swl_isa isa) {
  return swl_isa_has(isa, SWL_ISA_AVX512) ? products_avx512() : swl_isa_has(isa, SWL_ISA_AVX2) ? products_avx2() : 0;
}
#else
static double products(swl_isa isa) {
  (void)isa;
  return 0;
}
#endif

static void one_token(swl_isa isa, swl_cache_type type, const char *name, size_t group) {
  const swl_cache cache = {type, 1, KEY_HEADS, WIDTH, POSITIONS};
  const size_t size = swl_cache_keys_size(&cache), heads = group * KEY_HEADS;
  float *q = random_floats(heads * WIDTH), *y = memory(heads * WIDTH * sizeof(float));
  float *x = random_floats(KEY_HEADS * WIDTH);
  char *data = memory(CACHES * 2 * size); // more than caches hold
  swl_cache_attention op = {.isa = isa, .cache = cache, .heads = heads, .queries = 1, .type = SWL_F32};
  for (size_t c = 0; c < CACHES * 2; c++)
    for (size_t i = 0; i < POSITIONS; i++) {
      swl_cache_append append = {.cache = cache, .values = c % 2, .data = data + c * size, .x_type = SWL_F32};
      append.x = (swl_heads){x, 0, 0}, append.tokens = 1, append.position = i;
      x[random_bits() % (KEY_HEADS * WIDTH)] = random_float();
      swl_cache_append_run(&append, 0, swl_cache_append_tiles(&append));
    }
  op.q = (swl_heads){q, 0, 0}, op.scale = 0.088f, op.y = y, op.output = (swl_output){SWL_F32, 1, 0};
  op.position = POSITIONS - 1;
  op.shared = memory(swl_cache_attention_shared_size(&op));
  op.finished = calloc(KEY_HEADS, sizeof(uint32_t));
  void *scratch = memory(swl_cache_attention_scratch_size(&op));
  double best = 1e9, read = 1e9;
  uint64_t sum = 0;
  for (size_t turn = 0; turn < TURNS; turn++) {
    char *at = data + turn % CACHES * 2 * size;
    op.keys = at, op.values = at + size;
    double start = now();
    swl_cache_attention_run(&op, 0, swl_cache_attention_tiles(&op), scratch);
    best = fmin(best, now() - start);
    at = data + (turn + CACHES / 2) % CACHES * 2 * size;
    start = now();
    sum ^= plain_read(at, 2 * size);
    read = fmin(read, now() - start);
  }
  printf("one token, %zu heads, %-4s %-11s %7.3f ms %6.1f GB/s, plain read %6.1f GB/s, %3.0f %% of it%s\n", heads, name,
         swl_isa_name(isa), best * 1e3, 2e-9 * (double)size / best, 2e-9 * (double)size / read, 100 * read / best,
         sum == 1 ? "!" : "");
  free(q), free(y), free(x), free(data), free(op.shared), free(op.finished), free(scratch);
}

static void prompt(swl_isa isa) {
  const size_t width = HEADS * WIDTH, stride = width + 2 * KEY_HEADS * WIDTH;
  float *qkv = random_floats(PROMPT * stride), *y = memory(PROMPT * width * sizeof(float));
  const swl_cache cache = {SWL_CACHE_BF16, 1, KEY_HEADS, WIDTH, PROMPT};
  swl_attention op = {.isa = isa, .batch = 1, .heads = HEADS, .key_heads = KEY_HEADS, .queries = PROMPT};
  op.keys = PROMPT, op.width = WIDTH, op.causal = true, op.scale = 0.088f, op.q_scale = op.k_scale = op.v_scale = 1;
  op.masks = op.windows = 1, op.y = y, op.output = (swl_output){SWL_F32, 1, 0};
  op.q = (swl_heads){qkv, 0, stride}, op.k = (swl_heads){qkv + width, 0, stride};
  op.v = (swl_heads){qkv + width + KEY_HEADS * WIDTH, 0, stride};
  swl_cache_attention cached = {.isa = isa, .cache = cache, .heads = HEADS, .queries = PROMPT, .q = op.q};
  void *keys = memory(swl_cache_keys_size(&cache)), *values = memory(swl_cache_values_size(&cache));
  cached.keys = keys, cached.values = values;
  cached.scale = op.scale, cached.y = y, cached.output = op.output;
  void *scratch = memory(swl_attention_scratch_size(&op)), *other = memory(swl_cache_attention_scratch_size(&cached));
  double best = 1e9, best_cached = 1e9, writing = 1e9, peak = 0;
  for (size_t turn = 0; turn < 7; turn++) {
    double start = now();
    swl_attention_run(&op, 0, swl_attention_tiles(&op), scratch);
    best = fmin(best, now() - start);
    start = now();
    for (int side = 0; side < 2; side++) {
      swl_cache_append append = {.cache = cache, .values = side, .data = side ? values : keys, .x_type = SWL_F32};
      append.x = side ? op.v : op.k, append.tokens = PROMPT;
      swl_cache_append_run(&append, 0, swl_cache_append_tiles(&append));
    }
    writing = fmin(writing, now() - start);
    start = now();
    swl_cache_attention_run(&cached, 0, swl_cache_attention_tiles(&cached), other);
    best_cached = fmin(best_cached, now() - start);
    peak = fmax(peak, products(isa));
  }
  const double work = 2.0 * HEADS * WIDTH * PROMPT * (PROMPT + 1) * 1e-9; // what causal queries see
  printf("prompt of %d, as it comes %-11s %7.2f ms %6.1f Gop/s, %3.0f %% of %.0f\n", PROMPT, swl_isa_name(isa),
         best * 1e3, work / best, 100 * work / best / peak, peak);
  printf("prompt of %d, bf16 cache  %-11s %7.2f ms %6.1f Gop/s, %3.0f %%, and %.2f ms of writing\n", PROMPT,
         swl_isa_name(isa), best_cached * 1e3, work / best_cached, 100 * work / best_cached / peak, writing * 1e3);
  free(qkv), free(y), free(keys), free(values), free(scratch), free(other);
}

int main(void) {
  size_t sets;
  const swl_named_isa *set = swl_named_isas(&sets);
  for (size_t i = sets - 1; i-- > 0;) { // not the reference
    const swl_isa isa = set[i].isa;
    if (!swl_isa_has(swl_isa_of_processor(), isa) || isa == SWL_ISA_AVX512VNNI || isa == SWL_ISA_AVX512BF16)
      continue; // the same kernels as AVX-512's
    one_token(isa, SWL_CACHE_F32, "f32", HEADS / KEY_HEADS);
    one_token(isa, SWL_CACHE_BF16, "bf16", HEADS / KEY_HEADS);
    one_token(isa, SWL_CACHE_F16, "f16", HEADS / KEY_HEADS);
    one_token(isa, SWL_CACHE_BF16, "bf16", 1);
    prompt(isa);
  }
}
