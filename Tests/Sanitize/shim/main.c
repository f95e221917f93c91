// Calls every entry of the shim, rightly and wrongly, for the sanitizers to watch. Prints "shim: sound" and answers 0.
#include "swiftlet_torch.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPECT(condition)                                                                                              \
  do {                                                                                                                 \
    if (!(condition)) {                                                                                                \
      fprintf(stderr, "%s:%d: %s (%s)\n", __FILE__, __LINE__, #condition, swt_last_error());                           \
      exit(1);                                                                                                         \
    }                                                                                                                  \
  } while (0)
#define SUCCEEDS(call) EXPECT((call) == 0)
#define FAILS(call) EXPECT((call) != 0 && swt_last_error()[0] != 0)

enum { FLOAT32 = 6, INT64 = 4, UINT8 = 0 };

static swt_tensor floats(const float *values, int64_t rows, int64_t columns) {
  int64_t sizes[] = {rows, columns};
  swt_tensor tensor = NULL;
  SUCCEEDS(swt_tensor_from_bytes(values, rows * columns * 4, sizes, 2, FLOAT32, &tensor));
  return tensor;
}

static swt_operator find(const char *name, const char *overload) {
  swt_operator op = NULL;
  SUCCEEDS(swt_operator_find(name, overload, &op));
  return op;
}

static void release(swt_value *results, int32_t count) {
  for (int32_t i = 0; i < count; i++) {
    swt_value value = results[i];
    if (value.tag == SWT_TENSOR)
      swt_tensor_release(value.u.p);
    if (value.tag == SWT_OPTIONAL_TENSORS)
      for (int32_t k = 0; k < value.count; k++)
        if (((swt_tensor *)value.u.p)[k])
          swt_tensor_release(((swt_tensor *)value.u.p)[k]);
    if (value.tag == SWT_OBJECT)
      swt_object_release(value.u.p);
    if (value.tag == SWT_STRING || (value.tag >= SWT_INTS && value.tag <= SWT_OPTIONAL_TENSORS))
      swt_free(value.u.p);
  }
}

static swt_value tensor_value(swt_tensor tensor) { return (swt_value){.tag = SWT_TENSOR, .u.p = tensor}; }
static swt_value int_value(int64_t value) { return (swt_value){.tag = SWT_INT, .u.i = value}; }

static swt_tensor unary(const char *name, swt_tensor tensor) {
  swt_value argument = tensor_value(tensor), results[SWT_RESULT_LIMIT];
  int32_t count = 0;
  SUCCEEDS(swt_operator_call(find(name, ""), &argument, 1, results, &count));
  EXPECT(count == 1 && results[0].tag == SWT_TENSOR);
  return results[0].u.p;
}

// --- Tensors ---

static int released;
static void count_release(void *owner) { released += *(int *)owner; }

static void tensors(void) {
  float values[] = {1, 2, 3, 4, 5, 6};
  swt_tensor tensor = floats(values, 2, 3);
  swt_tensor_info info;
  SUCCEEDS(swt_tensor_inspect(tensor, &info));
  EXPECT(info.dimensions == 2 && info.count == 6 && info.sizes[1] == 3 && info.strides[0] == 3 && info.is_contiguous);
  void *data = NULL;
  SUCCEEDS(swt_tensor_data(tensor, &data));
  EXPECT(memcmp(data, values, sizeof values) == 0);
  double item = 0;
  FAILS(swt_tensor_item(tensor, &item));
  swt_tensor again = swt_tensor_retain(tensor);
  swt_tensor_release(tensor);
  SUCCEEDS(swt_tensor_inspect(again, &info));
  swt_tensor_release(again);

  swt_tensor made = NULL;
  int64_t sizes[] = {2, 3}, negative[] = {-1}, huge[] = {INT64_MAX, INT64_MAX}, none[] = {0};
  FAILS(swt_tensor_from_bytes(values, 23, sizes, 2, FLOAT32, &made));
  FAILS(swt_tensor_from_bytes(values, 4, negative, 1, FLOAT32, &made));
  FAILS(swt_tensor_from_bytes(values, 4, huge, 2, FLOAT32, &made));
  FAILS(swt_tensor_from_bytes(values, 24, sizes, 2, 999, &made));
  FAILS(swt_tensor_from_bytes(values, 24, sizes, 2, -1, &made));
  SUCCEEDS(swt_tensor_from_bytes(NULL, 0, none, 1, FLOAT32, &made));
  swt_tensor_release(made);
  SUCCEEDS(swt_tensor_from_bytes(values, 4, NULL, 0, FLOAT32, &made));
  SUCCEEDS(swt_tensor_item(made, &item));
  EXPECT(item == 1);
  swt_tensor_release(made);

  int one = 1;
  int64_t strides[] = {1, 2};
  SUCCEEDS(swt_tensor_from_memory(values, sizes, strides, 2, FLOAT32, &one, count_release, &made));
  EXPECT(released == 0);
  swt_tensor view = unary("aten::detach", made);
  swt_tensor_release(made);
  EXPECT(released == 0);
  swt_tensor_release(view);
  EXPECT(released == 1);
  FAILS(swt_tensor_from_memory(values, negative, NULL, 1, FLOAT32, &one, count_release, &made));
  FAILS(swt_tensor_from_memory(values, sizes, NULL, 2, 999, &one, count_release, &made));
  EXPECT(released == 1);
}

// --- Operators ---

static void operators(void) {
  swt_operator op = NULL;
  FAILS(swt_operator_find("aten::nothing", "", &op));
  FAILS(swt_operator_find("", "", &op));
  EXPECT(strstr(swt_last_error(), "libtorch has no operator"));
  char *text = NULL;
  SUCCEEDS(swt_operator_schema(find("aten::linear", ""), &text));
  EXPECT(strcmp(text, "aten::linear(Tensor input, Tensor weight, Tensor? bias=None) -> Tensor") == 0);
  swt_free(text);
  SUCCEEDS(swt_operator_argument_names(find("aten::linear", ""), &text));
  EXPECT(strcmp(text, "input\nweight\nbias\n") == 0);
  swt_free(text);

  swt_value value;
  SUCCEEDS(swt_operator_default(find("aten::linear", ""), 2, &value));
  EXPECT(value.tag == SWT_NONE);
  FAILS(swt_operator_default(find("aten::linear", ""), 0, &value));
  FAILS(swt_operator_default(find("aten::linear", ""), 3, &value));
  FAILS(swt_operator_default(find("aten::linear", ""), -1, &value));
  SUCCEEDS(swt_operator_default(find("aten::gelu", ""), 1, &value));
  EXPECT(value.tag == SWT_STRING && strcmp(value.u.p, "none") == 0);
  release(&value, 1);
  SUCCEEDS(swt_operator_default(find("aten::conv2d", ""), 3, &value));
  EXPECT(value.tag == SWT_INTS && value.count == 2 && ((int64_t *)value.u.p)[1] == 1);
  release(&value, 1);

  float numbers[] = {1, 2, 3, 4};
  swt_tensor tensor = floats(numbers, 2, 2);
  swt_value results[SWT_RESULT_LIMIT];
  int32_t count = 0;
  swt_value split[] = {tensor_value(tensor), int_value(1)};
  SUCCEEDS(swt_operator_call(find("aten::split", "Tensor"), split, 2, results, &count));
  EXPECT(count == 1 && results[0].tag == SWT_OPTIONAL_TENSORS && results[0].count == 2);
  release(results, count);
  swt_value top[] = {tensor_value(tensor), int_value(1)};
  SUCCEEDS(swt_operator_call(find("aten::topk", ""), top, 2, results, &count));
  EXPECT(count == 2);
  release(results, count);
  swt_value sizes = {.tag = SWT_INTS, .count = 1, .u.p = (int64_t[]){4}};
  swt_value device = {.tag = SWT_STRING, .u.p = "nowhere"};
  swt_value zeros[] = {sizes, int_value(FLOAT32), {.tag = SWT_NONE}, device};
  FAILS(swt_operator_call(find("aten::zeros", ""), zeros, 4, results, &count));
  swt_tensor missing[] = {tensor, NULL};
  swt_value cat = {.tag = SWT_TENSORS, .count = 2, .u.p = missing};
  FAILS(swt_operator_call(find("aten::cat", ""), &cat, 1, results, &count));
  swt_value unknown = {.tag = 77};
  FAILS(swt_operator_call(find("aten::relu", ""), &unknown, 1, results, &count));
  swt_tensor_release(tensor);
}

// Arguments of every kind at every place. Each call must answer, rightly or with an error.
static void chance(void) {
  static const char *const names[][2] = {{"aten::add", "Tensor"},
                                         {"aten::matmul", ""},
                                         {"aten::cat", ""},
                                         {"aten::view", ""},
                                         {"aten::narrow", ""},
                                         {"aten::permute", ""},
                                         {"aten::softmax", "int"},
                                         {"aten::linear", ""},
                                         {"aten::conv2d", ""},
                                         {"aten::layer_norm", ""},
                                         {"aten::gather", ""},
                                         {"aten::index_select", ""},
                                         {"aten::topk", ""},
                                         {"aten::gelu", ""},
                                         {"aten::index", "Tensor"},
                                         {"aten::einsum", ""},
                                         {"aten::pad", ""},
                                         {"aten::split", "Tensor"},
                                         {"aten::masked_fill", "Scalar"},
                                         {"aten::_foreach_add_", "List"},
                                         {"aten::as_strided", ""},
                                         {"aten::bernoulli_", "float"},
                                         {"aten::cross_entropy_loss", ""},
                                         {"aten::max_pool2d", ""}};
  float numbers[12] = {0.5f, -1, 2, 0, 1, 3, 4, -5, 6, 7, 8, 9};
  swt_tensor pool[3] = {floats(numbers, 3, 4), floats(numbers, 4, 3), NULL};
  int64_t indices[] = {0, 2, -7};
  SUCCEEDS(swt_tensor_from_bytes(indices, sizeof indices, (int64_t[]){3}, 1, INT64, &pool[2]));
  swt_object generator = NULL;
  SUCCEEDS(swt_generator_make(0, -1, 1, &generator));
  int64_t ints[4] = {1, -1, 2, 0};
  double doubles[4] = {1, -0.5, 1e300, 0};
  bool bools[4] = {true, false, true, true};
  swt_tensor optional[3] = {pool[0], NULL, pool[2]};
  uint64_t state = 12345;
  int succeeded = 0;
  for (int round = 0; round < 20000; round++) {
    swt_value arguments[6], results[SWT_RESULT_LIMIT];
    int32_t count = 0, argument_count = 0;
    const char *const *name = names[round % (sizeof names / sizeof *names)];
    for (; argument_count < 6; argument_count++) {
      state = state * 6364136223846793005u + 1442695040888963407u;
      uint32_t random = (uint32_t)(state >> 33);
      swt_value value = {.tag = (int32_t)(random % 13), .count = (int32_t)(random / 16 % 4)};
      random /= 64;
      switch (value.tag) {
      case SWT_TENSOR:
        value.u.p = pool[random % 3];
        break;
      case SWT_INT:
        value.u.i = (int64_t)(random % 9) - 3;
        break;
      case SWT_DOUBLE:
        value.u.d = doubles[random % 4];
        break;
      case SWT_BOOL:
        value.u.b = random % 2;
        break;
      case SWT_STRING:
        value.u.p = random % 2 ? "ij,jk->ik" : "none";
        break;
      case SWT_INTS:
        value.u.p = ints;
        break;
      case SWT_DOUBLES:
        value.u.p = doubles;
        break;
      case SWT_BOOLS:
        value.u.p = bools;
        break;
      case SWT_TENSORS:
        value.u.p = pool;
        value.count %= 3;
        break;
      case SWT_OPTIONAL_TENSORS:
        value.u.p = optional;
        value.count %= 4;
        break;
      case SWT_OBJECT:
        value.u.p = generator;
        break;
      default:
        break;
      }
      // Half the time the first argument is a tensor, so that more calls get past it.
      if (argument_count == 0 && round % 2)
        value = tensor_value(pool[random % 3]);
      arguments[argument_count] = value;
    }
    if (swt_operator_call(find(name[0], name[1]), arguments, round / 7 % 7, results, &count) == 0) {
      succeeded++;
      release(results, count);
    } else {
      EXPECT(swt_last_error()[0] != 0);
    }
  }
  EXPECT(succeeded > 20);
  for (int i = 0; i < 3; i++)
    swt_tensor_release(pool[i]);
  swt_object_release(generator);
}

// --- Gradients ---

static int contexts_freed, refuse;
static void free_context(void *context) {
  contexts_freed++;
  free(context);
}
static swt_status triple(void *context, const swt_tensor *out, int32_t outputs, swt_tensor *in, int32_t inputs) {
  EXPECT(*(int *)context == 3 && outputs == 1 && inputs == 1);
  if (refuse) {
    swt_set_error("refused");
    return 1;
  }
  in[0] = swt_tensor_retain(out[0]);
  return 0;
}
static void *context(void) {
  int *three = malloc(sizeof *three);
  *three = 3;
  return three;
}

static void gradients(void) {
  float numbers[] = {1, -2, 3, 4};
  swt_tensor leaf = floats(numbers, 2, 2), found = NULL;
  SUCCEEDS(swt_set_requires_gradient(leaf, true));
  SUCCEEDS(swt_gradient(leaf, &found));
  EXPECT(!found);
  swt_tensor relu = unary("aten::relu", leaf);
  SUCCEEDS(swt_retain_gradient(relu));
  FAILS(swt_backward(&relu, NULL, 1, false, false)); // not a scalar
  swt_tensor sum = unary("aten::sum", relu);
  SUCCEEDS(swt_backward(&sum, NULL, 1, true, false));
  SUCCEEDS(swt_gradient(leaf, &found));
  void *data = NULL;
  SUCCEEDS(swt_tensor_data(found, &data));
  EXPECT(((float *)data)[0] == 1 && ((float *)data)[1] == 0);
  swt_tensor_release(found);
  swt_tensor of[2] = {NULL, NULL};
  SUCCEEDS(swt_gradients(&sum, NULL, 1, (swt_tensor[]){leaf, relu}, 2, false, false, of));
  EXPECT(of[0] && of[1]);
  swt_tensor_release(of[0]);
  swt_tensor_release(of[1]);
  FAILS(swt_backward(&sum, NULL, 1, false, false)); // the graph is gone
  SUCCEEDS(swt_set_gradient(leaf, NULL));
  FAILS(swt_set_gradient(leaf, sum)); // another shape
  swt_tensor_release(sum);
  swt_tensor_release(relu);

  // Nothing to follow: the context goes at once, the output stays.
  swt_set_gradient_mode(false);
  EXPECT(!swt_gradient_mode());
  swt_tensor out = unary("aten::relu", leaf), before = out;
  SUCCEEDS(swt_custom_gradient("x", &leaf, 1, &out, 1, context(), triple, free_context));
  EXPECT(contexts_freed == 1 && out == before);
  swt_set_gradient_mode(true);
  // A graph: the context goes with it.
  for (refuse = 0; refuse < 2; refuse++) {
    if (refuse) {
      swt_set_gradient_mode(false);
      out = unary("aten::relu", leaf);
      swt_set_gradient_mode(true);
    }
    SUCCEEDS(swt_custom_gradient("x", &leaf, 1, &out, 1, context(), triple, free_context));
    sum = unary("aten::sum", out);
    if (refuse)
      FAILS(swt_backward(&sum, NULL, 1, false, false));
    else
      SUCCEEDS(swt_backward(&sum, NULL, 1, false, false));
    EXPECT(!refuse || strcmp(swt_last_error(), "refused") == 0);
    swt_tensor_release(sum);
    swt_tensor_release(out);
    EXPECT(contexts_freed == 2 + refuse);
  }
  swt_tensor_release(leaf);
}

// --- Random numbers, threads, precision ---

static void generators(void) {
  swt_object generator = NULL;
  FAILS(swt_generator_make(9, 0, 1, &generator));
  SUCCEEDS(swt_generator_make(0, -1, 1, &generator));
  SUCCEEDS(swt_generator_seed(generator, 2));
  swt_tensor state = NULL, wrong = NULL;
  SUCCEEDS(swt_generator_state(generator, &state));
  SUCCEEDS(swt_generator_set_state(generator, state));
  SUCCEEDS(swt_tensor_from_bytes("abc", 3, (int64_t[]){3}, 1, UINT8, &wrong));
  FAILS(swt_generator_set_state(generator, wrong));
  swt_tensor_release(wrong);
  swt_tensor_release(state);
  swt_object_release(generator);
}

static void *work(void *unused) {
  (void)unused;
  float numbers[] = {1, 2, 3, 4};
  for (int i = 0; i < 200; i++) {
    swt_tensor tensor = floats(numbers, 2, 2), product = unary("aten::exp", tensor);
    SUCCEEDS(swt_set_threads(1 + i % 2));
    EXPECT(swt_threads() >= 1 && swt_gradient_mode());
    FAILS(swt_tensor_item(product, &(double){0}));
    swt_tensor_release(product);
    swt_tensor_release(tensor);
  }
  return NULL;
}

static void runtime(void) {
  FAILS(swt_set_threads(0));
  FAILS(swt_set_threads(-5));
  EXPECT(strlen(swt_torch_version()) > 0 && strlen(swt_cpu_capability()) > 0 && swt_cuda_device_count() >= 0);
  SUCCEEDS(swt_synchronize(0, -1));
  FAILS(swt_synchronize(7, 0));
  swt_autocast before;
  FAILS(swt_autocast_enter(0, true, 999, &before));
  SUCCEEDS(swt_autocast_enter(0, true, 15, &before));
  SUCCEEDS(swt_autocast_leave(0, before));
  pthread_t threads[4];
  for (int i = 0; i < 4; i++)
    EXPECT(pthread_create(&threads[i], NULL, work, NULL) == 0);
  for (int i = 0; i < 4; i++)
    pthread_join(threads[i], NULL);
}

int main(void) {
  EXPECT(swt_abi() == SWT_ABI);
  tensors();
  operators();
  gradients();
  generators();
  runtime();
  chance();
  puts("shim: sound");
  return 0;
}
