// One token: how fast linear layers read their weights, as a share of a plain read of the same bytes in the same run.
// Several copies of each layer take turns, together larger than the caches, so that every call reads from memory as it
// does in a network. Kernel and plain reads are interleaved; the plain read is the fastest of several. Usage: one_token
// [filter] [threads]
#include <pthread.h>
#include <sched.h>

#include "bench.h"

enum { RUNS = 60, MOST_COPIES = 128, STREAMS = 8 };
static const size_t enough = (size_t)384 << 20; // bytes of all copies, ten times the caches that were met

typedef uint64_t lanes __attribute__((vector_size(32)));

#if defined(__x86_64__)
#define WIDE __attribute__((target("avx2")))
#else
#define WIDE
#endif

/// The sum of all words in `streams` independent parts, each with `ahead` bytes prefetched.
#define READ(name, streams, ahead)                                                                                     \
  WIDE static uint64_t name(const char *p, size_t size) {                                                              \
    lanes sums[STREAMS] = {};                                                                                          \
    const size_t part = size / (streams) / 256 * 256;                                                                  \
    for (size_t i = 0; i < part; i += 256 / (streams))                                                                 \
      for (size_t s = 0; s < (streams); s++) {                                                                         \
        const char *at = p + s * part + i;                                                                             \
        for (size_t j = 0; j < 8 / (streams); j++) {                                                                   \
          lanes v;                                                                                                     \
          memcpy(&v, at + 32 * j, 32);                                                                                 \
          if ((ahead) && j % 2 == 0)                                                                                   \
            __builtin_prefetch(at + 32 * j + (ahead));                                                                 \
          sums[s * 8 / (streams) + j] += v;                                                                            \
        }                                                                                                              \
      }                                                                                                                \
    lanes sum = {};                                                                                                    \
    for (size_t s = 0; s < STREAMS; s++)                                                                               \
      sum += sums[s];                                                                                                  \
    return sum[0] + sum[1] + sum[2] + sum[3];                                                                          \
  }
READ(read_plain, 1, 0)
READ(read_ahead_512, 1, 512)
READ(read_ahead_1024, 1, 1024)
READ(read_ahead_2048, 1, 2048)
READ(read_ahead_4096, 1, 4096)
READ(read_two, 2, 1024)
READ(read_four_512, 4, 512)
READ(read_four, 4, 1024)

static uint64_t (*const reads[])(const char *, size_t) = {
    read_plain, read_ahead_512, read_ahead_1024, read_ahead_2048, read_ahead_4096, read_two, read_four_512, read_four};
enum { READS = sizeof reads / sizeof reads[0] };

static volatile uint64_t sink;

/// What two threads do together: a layer, or a plain read.
typedef struct {
  const swl_linear *op; // NULL: a read
  const char *bytes;
  size_t size, which;
  void *scratch[2];
} task;

static void do_share(const task *t, size_t thread, size_t threads) {
  if (t->op) {
    const size_t first = swl_linear_share(t->op, thread, threads), end = swl_linear_share(t->op, thread + 1, threads);
    swl_linear_run(t->op, first, end - first, t->scratch[thread]);
  } else {
    const size_t part = t->size / threads;
    sink += reads[t->which](t->bytes + thread * part, part);
  }
}

static _Atomic(const task *) work;
static _Atomic int done;

static void *second(void *nothing) {
  for (;;) {
    const task *t = work;
    if (!t)
      continue;
    if (!t->bytes)
      return nothing;
    do_share(t, 1, 2);
    work = NULL;
    done = 1;
  }
}

static double wall(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double timed(const task *t, size_t threads) {
  if (threads == 1) {
    const double start = now();
    do_share(t, 0, 1);
    return now() - start;
  }
  const double start = wall();
  done = 0;
  work = t;
  do_share(t, 0, 2);
  while (!done)
    ;
  return wall() - start;
}

static int compare(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return x < y ? -1 : x > y;
}

typedef struct {
  const char *name;
  swl_linear_shape shape;
} format;

static void bench(format f, size_t threads) {
  const swl_linear_shape *shape = &f.shape;
  const swl_linear_kernel *kernel = swl_linear_kernel_for(shape, 1, swl_isa_of_processor());
  const size_t size = swl_linear_packed_size(kernel, shape);
  const size_t count = shape->outputs * shape->inputs / shape->group * shape->kept;
  uint8_t *values = memory(count * 4), *indices = memory(count);
  uint16_t *halves = memory(count / 8);
  for (size_t i = 0; i < count; i++)
    if (shape->type == SWL_F32)
      ((float *)values)[i] = random_float();
    else if (shape->type == SWL_BF16)
      ((uint16_t *)values)[i] = (uint16_t)(0x3c00 | (random_bits() & 0x80ff));
    else
      values[i] = (uint8_t)(random_bits() % 255 + 129); // no -128
  for (size_t i = 0; i < count / 16; i++)
    halves[i] = (uint16_t)(0x2000 | random_bits() % 1024); // about 0.01
  for (size_t at = 0; shape->kept < shape->group && at < count; at += shape->kept)
    for (size_t position = 0, chosen = 0; chosen < shape->kept; position++)
      if (random_bits() % (shape->group - position) < shape->kept - chosen)
        indices[at + chosen++] = (uint8_t)position;
  swl_linear_weights weights = {*shape, values, shape->kept < shape->group ? indices : NULL, halves, halves};

  const size_t copies = enough / size + 1;
  char *packed[MOST_COPIES];
  for (size_t c = 0; c < copies; c++) {
    packed[c] = memory(size);
    if (c == 0)
      swl_linear_pack(kernel, &weights, packed[c]);
    else
      memcpy(packed[c], packed[0], size);
  }
  free(values), free(indices), free(halves);

  const bool integers = shape->type == SWL_S8 || shape->type == SWL_U4;
  float *x = random_floats(shape->inputs), *scale = random_floats(shape->outputs), *y = memory(shape->outputs * 4);
  uint8_t *bytes = memory(shape->inputs);
  float x_scale;
  swl_quantize_rows(swl_isa_of_processor(), x, bytes, &x_scale, 1, shape->inputs);
  swl_linear op = {.kernel = kernel, .shape = *shape, .tokens = 1, .x_stride = shape->inputs,
                   .x = integers ? (void *)bytes : (void *)x, .x_type = integers ? SWL_U8 : SWL_F32,
                   .x_zero_point = integers ? 128 : 0, .y = y, .y_stride = shape->outputs, .output = {SWL_F32, 1, 0}};
  if (integers)
    op.epilogue.x_scales = &x_scale;
  if (shape->type == SWL_S8)
    op.epilogue.scale = scale;
  void *scratch[2] = {memory(swl_linear_scratch_size(&op)), memory(swl_linear_scratch_size(&op))};

  double times[1 + READS][RUNS];
  size_t next = 0;
  for (size_t run = 0; run < RUNS; run++)
    for (size_t method = 0; method <= READS; method++) {
      const size_t copy = next++ % copies;
      op.packed = packed[copy];
      const task t = {method == 0 ? &op : NULL, packed[copy], size, method - 1, {scratch[0], scratch[1]}};
      times[method][run] = timed(&t, threads);
    }
  size_t best_read = 1;
  for (size_t method = 0; method <= READS; method++) {
    qsort(times[method], RUNS, sizeof(double), compare);
    if (method > 0 && times[method][0] < times[best_read][0])
      best_read = method;
  }
  const double *own = times[0], *plain = times[best_read], gigabytes = 1e-9 * (double)size;
  printf("%-10s %5zu x %-5zu %zu thread%s %-26s %7.3f ms %6.2f GB/s   plain read %6.2f GB/s   %5.1f %% best %5.1f %% "
         "median (read %zu)\n",
         f.name, shape->outputs, shape->inputs, threads, threads > 1 ? "s" : " ", kernel->name, own[0] * 1e3,
         gigabytes / own[0], gigabytes / plain[0], 100 * plain[0] / own[0],
         100 * plain[RUNS / 2] / own[RUNS / 2], best_read - 1);
  fflush(stdout);
  for (size_t c = 0; c < copies; c++)
    free(packed[c]);
  free(x), free(scale), free(y), free(bytes), free(scratch[0]), free(scratch[1]);
}

int main(int argc, char **argv) {
  static const size_t sizes[][2] = {{4096, 4096}, {11008, 4096}};
  const char *filter = argc > 1 ? argv[1] : "";
  const size_t only = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;
  pthread_t thread;
  pthread_create(&thread, NULL, second, NULL);
  for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
    const size_t o = sizes[s][0], k = sizes[s][1];
    const format formats[] = {
        {"f32", {SWL_F32, k, o, 1, 1, 0}},       {"bf16", {SWL_BF16, k, o, 1, 1, 0}},
        {"int8", {SWL_S8, k, o, 1, 1, 0}},       {"int8 2:4", {SWL_S8, k, o, 2, 4, 0}},
        {"int8 1:4", {SWL_S8, k, o, 1, 4, 0}},   {"int4", {SWL_U4, k, o, 1, 1, 32}},
    };
    for (size_t f = 0; f < sizeof formats / sizeof formats[0]; f++)
      for (size_t threads = 1; threads <= 2; threads++)
        if (strstr(formats[f].name, filter) && (!only || only == threads))
          bench(formats[f], threads);
  }
  const task stop = {0};
  work = &stop;
  pthread_join(thread, NULL);
}
