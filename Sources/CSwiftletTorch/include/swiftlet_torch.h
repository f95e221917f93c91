// The C interface to libtorch: opaque handles, a status from every call, the error's text per thread.
//
// Shim/*.cpp implement it against libtorch and become .torch/lib/libswiftlet_torch.so (./setup). This target holds the
// loader: it opens that library at the first call and forwards (forward.h, written by Shim/forward.py).
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#ifdef __cplusplus
extern "C" {
#endif
#if !defined(__clang__)
#define _Nonnull
#define _Nullable
#endif

// Grows with every change of this file, so that a stale shim is refused.
#define SWT_ABI 2

// 0 is success; otherwise swt_last_error() says what happened on this thread.
typedef int32_t swt_status;
// The status of a failure for want of memory, of the processor or of a device.
#define SWT_OUT_OF_MEMORY 4
// One strong reference to a tensor.
typedef struct swt_tensor_impl *swt_tensor;
// An operator that was looked up; lives as long as the process.
typedef struct swt_operator_impl *swt_operator;
// An owned value of a kind this interface does not spell out, such as a random generator.
typedef struct swt_object_impl *swt_object;

// --- Loading and errors ---

// Why libtorch cannot be used, or NULL. Answered by the loader; never ends the process.
const char *_Nullable swt_problem(void);
int32_t swt_abi(void);
const char *_Nonnull swt_last_error(void);
// Sets the text of the next failure on this thread; for callbacks that return a nonzero status.
void swt_set_error(const char *_Nonnull message);
// "2.13.0"
const char *_Nonnull swt_torch_version(void);
// Frees text and arrays that this interface handed out.
void swt_free(void *_Nullable memory);

// --- Tensors ---

typedef struct {
  int64_t dimensions, count;
  const int64_t *_Nullable sizes;    // valid as long as the tensor and its shape
  const int64_t *_Nullable strides;  // in elements
  int32_t data_type;                 // c10::ScalarType
  int32_t device_type, device_index; // c10::DeviceType: 0 CPU, 1 CUDA
  bool is_contiguous, requires_gradient, is_leaf;
} swt_tensor_info;

swt_tensor _Nonnull swt_tensor_retain(swt_tensor _Nonnull tensor);
void swt_tensor_release(swt_tensor _Nonnull tensor);
swt_status swt_tensor_inspect(swt_tensor _Nonnull tensor, swt_tensor_info *_Nonnull info);
// The first element's address, NULL for an empty tensor. The memory belongs to the tensor.
swt_status swt_tensor_data(swt_tensor _Nonnull tensor, void *_Nullable *_Nonnull out);
// The only element as a double.
swt_status swt_tensor_item(swt_tensor _Nonnull tensor, double *_Nonnull out);
// A CPU tensor with a copy of `data`, which holds exactly `byte_count` bytes.
swt_status swt_tensor_from_bytes(const void *_Nullable data, int64_t byte_count, const int64_t *_Nullable sizes,
                                 int64_t dimensions, int32_t data_type, swt_tensor _Nullable *_Nonnull out);
// A CPU tensor that views foreign memory; `release(owner)` runs once, when the last view is gone, and not on failure.
swt_status swt_tensor_from_memory(void *_Nonnull data, const int64_t *_Nullable sizes, const int64_t *_Nullable strides,
                                  int64_t dimensions, int32_t data_type, void *_Nonnull owner,
                                  void (*_Nonnull release)(void *_Nonnull owner), swt_tensor _Nullable *_Nonnull out);

// --- Operators ---

enum {
  SWT_NONE,
  SWT_TENSOR,
  SWT_INT,
  SWT_DOUBLE,
  SWT_BOOL,
  SWT_STRING,
  SWT_INTS,
  SWT_DOUBLES,
  SWT_BOOLS,
  SWT_TENSORS,
  SWT_OPTIONAL_TENSORS, // entries may be NULL
  SWT_OBJECT,
};
// Arguments borrow what they point to. Results own it: release tensors and objects, swt_free arrays and text.
typedef struct {
  int32_t tag;
  int32_t count; // length of a list
  union {
    int64_t i;
    double d;
    bool b;
    void *_Nullable p;
  } u;
} swt_value;

#define SWT_RESULT_LIMIT 8

swt_status swt_operator_find(const char *_Nonnull name, const char *_Nonnull overload,
                             swt_operator _Nullable *_Nonnull out);
// The schema as text; swt_free it.
swt_status swt_operator_schema(swt_operator _Nonnull op, char *_Nullable *_Nonnull out);
// Argument names, one a line; swt_free them.
swt_status swt_operator_argument_names(swt_operator _Nonnull op, char *_Nullable *_Nonnull out);
// The default of argument `index`; fails where there is none.
swt_status swt_operator_default(swt_operator _Nonnull op, int32_t index, swt_value *_Nonnull out);
// Arguments in schema order; those left out at the end take the schema's defaults. `results` has room for
// SWT_RESULT_LIMIT.
swt_status swt_operator_call(swt_operator _Nonnull op, const swt_value *_Nonnull arguments, int32_t argument_count,
                             swt_value *_Nonnull results, int32_t *_Nonnull result_count);
void swt_object_release(swt_object _Nonnull object);

// --- Gradients ---

bool swt_gradient_mode(void);
void swt_set_gradient_mode(bool on);
swt_status swt_set_requires_gradient(swt_tensor _Nonnull tensor, bool on);
// Keeps the gradient of a tensor that is not a leaf.
swt_status swt_retain_gradient(swt_tensor _Nonnull tensor);
// NULL when there is none.
swt_status swt_gradient(swt_tensor _Nonnull tensor, swt_tensor _Nullable *_Nonnull out);
swt_status swt_set_gradient(swt_tensor _Nonnull tensor, swt_tensor _Nullable gradient);
// Accumulates gradients into the leaves. `gradients` may be NULL, or hold NULL for scalars.
swt_status swt_backward(const swt_tensor _Nonnull *_Nonnull tensors, const swt_tensor _Nullable *_Nullable gradients,
                        int32_t count, bool keep_graph, bool create_graph);
// Gradients of `outputs` for `inputs`, as owned handles or NULL where an input does not matter.
swt_status swt_gradients(const swt_tensor _Nonnull *_Nonnull outputs, const swt_tensor _Nullable *_Nullable gradients,
                         int32_t output_count, const swt_tensor _Nonnull *_Nonnull inputs, int32_t input_count,
                         bool keep_graph, bool create_graph, swt_tensor _Nullable *_Nonnull out);
// Receives the gradients of the outputs (NULL where there is none), writes owned gradients of the inputs or NULL.
// A nonzero status fails the backward pass with the text given to swt_set_error.
typedef swt_status (*swt_backward_function)(void *_Nonnull context,
                                            const swt_tensor _Nullable *_Nonnull output_gradients, int32_t output_count,
                                            swt_tensor _Nullable *_Nonnull input_gradients, int32_t input_count);
// Makes `outputs` (replaced in place) results of a function of `inputs` whose gradient is `backward`.
// `release(context)` runs exactly once, whatever happens.
swt_status swt_custom_gradient(const char *_Nonnull name, const swt_tensor _Nonnull *_Nonnull inputs,
                               int32_t input_count, swt_tensor _Nonnull *_Nonnull outputs, int32_t output_count,
                               void *_Nonnull context, swt_backward_function _Nonnull backward,
                               void (*_Nonnull release)(void *_Nonnull context));

// --- Random numbers ---

swt_status swt_generator_make(int32_t device_type, int32_t device_index, uint64_t seed,
                              swt_object _Nullable *_Nonnull out);
swt_status swt_generator_seed(swt_object _Nonnull generator, uint64_t seed);
// A uint8 tensor.
swt_status swt_generator_state(swt_object _Nonnull generator, swt_tensor _Nullable *_Nonnull out);
swt_status swt_generator_set_state(swt_object _Nonnull generator, swt_tensor _Nonnull state);

// --- Threads, devices, precision ---

// Threads inside one operation; holds for every thread of the process from its next operation on.
swt_status swt_set_threads(int32_t count);
int32_t swt_threads(void);
const char *_Nonnull swt_cpu_capability(void);
// Whether the processor itself multiplies bfloat16 (AVX512_BF16, AMX or Arm's BF16) rather than by way of float32.
bool swt_cpu_multiplies_bfloat16(void);
int32_t swt_cuda_device_count(void);
swt_status swt_synchronize(int32_t device_type, int32_t device_index);

typedef struct {
  bool enabled;
  int32_t data_type;
} swt_autocast;
// Automatic precision of this thread; `swt_autocast_leave` takes what `swt_autocast_enter` answered.
swt_status swt_autocast_enter(int32_t device_type, bool enabled, int32_t data_type, swt_autocast *_Nonnull before);
swt_status swt_autocast_leave(int32_t device_type, swt_autocast before);

// --- Answered by the loader, not by the shim ---

// Lets OpenMP's threads sleep while they wait, unless the environment says how they should: answers whether it did so.
// Runs by itself before main.
bool swt_choose_waiting(void);

// Two pointers of the calling thread, for Swift's recorder and error scope.
enum { SWT_SLOT_RECORDER, SWT_SLOT_ERRORS, SWT_SLOTS };
void *_Nullable swt_thread_slot(int32_t slot);
void swt_set_thread_slot(int32_t slot, void *_Nullable value);

#ifdef __cplusplus
}
#endif
