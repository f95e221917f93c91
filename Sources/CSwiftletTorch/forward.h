// Written by Shim/forward.py from include/swiftlet_torch.h; change that, then run the script.
// clang-format off
int32_t swt_abi(void) {
  static _Atomic(void *) cache;
  int32_t (*function)(void) = symbol(&cache, "swt_abi");
  return function();
}
const char *_Nonnull swt_last_error(void) {
  static _Atomic(void *) cache;
  const char * (*function)(void) = symbol(&cache, "swt_last_error");
  return function();
}
void swt_set_error(const char *_Nonnull message) {
  static _Atomic(void *) cache;
  void (*function)(const char *_Nonnull message) = symbol(&cache, "swt_set_error");
  function(message);
}
const char *_Nonnull swt_torch_version(void) {
  static _Atomic(void *) cache;
  const char * (*function)(void) = symbol(&cache, "swt_torch_version");
  return function();
}
void swt_free(void *_Nullable memory) {
  static _Atomic(void *) cache;
  void (*function)(void *_Nullable memory) = symbol(&cache, "swt_free");
  function(memory);
}
swt_tensor _Nonnull swt_tensor_retain(swt_tensor _Nonnull tensor) {
  static _Atomic(void *) cache;
  swt_tensor (*function)(swt_tensor _Nonnull tensor) = symbol(&cache, "swt_tensor_retain");
  return function(tensor);
}
void swt_tensor_release(swt_tensor _Nonnull tensor) {
  static _Atomic(void *) cache;
  void (*function)(swt_tensor _Nonnull tensor) = symbol(&cache, "swt_tensor_release");
  function(tensor);
}
swt_status swt_tensor_inspect(swt_tensor _Nonnull tensor, swt_tensor_info *_Nonnull info) {
  static _Atomic(void *) cache;
  swt_status (*function)(swt_tensor _Nonnull tensor, swt_tensor_info *_Nonnull info) = symbol(&cache, "swt_tensor_inspect");
  return function(tensor, info);
}
swt_status swt_tensor_data(swt_tensor _Nonnull tensor, void *_Nullable *_Nonnull out) {
  static _Atomic(void *) cache;
  swt_status (*function)(swt_tensor _Nonnull tensor, void *_Nullable *_Nonnull out) = symbol(&cache, "swt_tensor_data");
  return function(tensor, out);
}
swt_status swt_tensor_item(swt_tensor _Nonnull tensor, double *_Nonnull out) {
  static _Atomic(void *) cache;
  swt_status (*function)(swt_tensor _Nonnull tensor, double *_Nonnull out) = symbol(&cache, "swt_tensor_item");
  return function(tensor, out);
}
swt_status swt_tensor_from_bytes(const void *_Nullable data, int64_t byte_count, const int64_t *_Nullable sizes, int64_t dimensions, int32_t data_type, swt_tensor _Nullable *_Nonnull out) {
  static _Atomic(void *) cache;
  swt_status (*function)(const void *_Nullable data, int64_t byte_count, const int64_t *_Nullable sizes, int64_t dimensions, int32_t data_type, swt_tensor _Nullable *_Nonnull out) = symbol(&cache, "swt_tensor_from_bytes");
  return function(data, byte_count, sizes, dimensions, data_type, out);
}
swt_status swt_tensor_from_memory(void *_Nonnull data, const int64_t *_Nullable sizes, const int64_t *_Nullable strides, int64_t dimensions, int32_t data_type, void *_Nonnull owner, void (*_Nonnull release)(void *_Nonnull owner), swt_tensor _Nullable *_Nonnull out) {
  static _Atomic(void *) cache;
  swt_status (*function)(void *_Nonnull data, const int64_t *_Nullable sizes, const int64_t *_Nullable strides, int64_t dimensions, int32_t data_type, void *_Nonnull owner, void (*_Nonnull release)(void *_Nonnull owner), swt_tensor _Nullable *_Nonnull out) = symbol(&cache, "swt_tensor_from_memory");
  return function(data, sizes, strides, dimensions, data_type, owner, release, out);
}
swt_status swt_operator_find(const char *_Nonnull name, const char *_Nonnull overload, swt_operator _Nullable *_Nonnull out) {
  static _Atomic(void *) cache;
  swt_status (*function)(const char *_Nonnull name, const char *_Nonnull overload, swt_operator _Nullable *_Nonnull out) = symbol(&cache, "swt_operator_find");
  return function(name, overload, out);
}
swt_status swt_operator_schema(swt_operator _Nonnull op, char *_Nullable *_Nonnull out) {
  static _Atomic(void *) cache;
  swt_status (*function)(swt_operator _Nonnull op, char *_Nullable *_Nonnull out) = symbol(&cache, "swt_operator_schema");
  return function(op, out);
}
swt_status swt_operator_argument_names(swt_operator _Nonnull op, char *_Nullable *_Nonnull out) {
  static _Atomic(void *) cache;
  swt_status (*function)(swt_operator _Nonnull op, char *_Nullable *_Nonnull out) = symbol(&cache, "swt_operator_argument_names");
  return function(op, out);
}
swt_status swt_operator_default(swt_operator _Nonnull op, int32_t index, swt_value *_Nonnull out) {
  static _Atomic(void *) cache;
  swt_status (*function)(swt_operator _Nonnull op, int32_t index, swt_value *_Nonnull out) = symbol(&cache, "swt_operator_default");
  return function(op, index, out);
}
swt_status swt_operator_call(swt_operator _Nonnull op, const swt_value *_Nonnull arguments, int32_t argument_count, swt_value *_Nonnull results, int32_t *_Nonnull result_count) {
  static _Atomic(void *) cache;
  swt_status (*function)(swt_operator _Nonnull op, const swt_value *_Nonnull arguments, int32_t argument_count, swt_value *_Nonnull results, int32_t *_Nonnull result_count) = symbol(&cache, "swt_operator_call");
  return function(op, arguments, argument_count, results, result_count);
}
void swt_object_release(swt_object _Nonnull object) {
  static _Atomic(void *) cache;
  void (*function)(swt_object _Nonnull object) = symbol(&cache, "swt_object_release");
  function(object);
}
bool swt_gradient_mode(void) {
  static _Atomic(void *) cache;
  bool (*function)(void) = symbol(&cache, "swt_gradient_mode");
  return function();
}
void swt_set_gradient_mode(bool on) {
  static _Atomic(void *) cache;
  void (*function)(bool on) = symbol(&cache, "swt_set_gradient_mode");
  function(on);
}
swt_status swt_set_requires_gradient(swt_tensor _Nonnull tensor, bool on) {
  static _Atomic(void *) cache;
  swt_status (*function)(swt_tensor _Nonnull tensor, bool on) = symbol(&cache, "swt_set_requires_gradient");
  return function(tensor, on);
}
swt_status swt_retain_gradient(swt_tensor _Nonnull tensor) {
  static _Atomic(void *) cache;
  swt_status (*function)(swt_tensor _Nonnull tensor) = symbol(&cache, "swt_retain_gradient");
  return function(tensor);
}
swt_status swt_gradient(swt_tensor _Nonnull tensor, swt_tensor _Nullable *_Nonnull out) {
  static _Atomic(void *) cache;
  swt_status (*function)(swt_tensor _Nonnull tensor, swt_tensor _Nullable *_Nonnull out) = symbol(&cache, "swt_gradient");
  return function(tensor, out);
}
swt_status swt_set_gradient(swt_tensor _Nonnull tensor, swt_tensor _Nullable gradient) {
  static _Atomic(void *) cache;
  swt_status (*function)(swt_tensor _Nonnull tensor, swt_tensor _Nullable gradient) = symbol(&cache, "swt_set_gradient");
  return function(tensor, gradient);
}
swt_status swt_backward(const swt_tensor _Nonnull *_Nonnull tensors, const swt_tensor _Nullable *_Nullable gradients, int32_t count, bool keep_graph, bool create_graph) {
  static _Atomic(void *) cache;
  swt_status (*function)(const swt_tensor _Nonnull *_Nonnull tensors, const swt_tensor _Nullable *_Nullable gradients, int32_t count, bool keep_graph, bool create_graph) = symbol(&cache, "swt_backward");
  return function(tensors, gradients, count, keep_graph, create_graph);
}
swt_status swt_gradients(const swt_tensor _Nonnull *_Nonnull outputs, const swt_tensor _Nullable *_Nullable gradients, int32_t output_count, const swt_tensor _Nonnull *_Nonnull inputs, int32_t input_count, bool keep_graph, bool create_graph, swt_tensor _Nullable *_Nonnull out) {
  static _Atomic(void *) cache;
  swt_status (*function)(const swt_tensor _Nonnull *_Nonnull outputs, const swt_tensor _Nullable *_Nullable gradients, int32_t output_count, const swt_tensor _Nonnull *_Nonnull inputs, int32_t input_count, bool keep_graph, bool create_graph, swt_tensor _Nullable *_Nonnull out) = symbol(&cache, "swt_gradients");
  return function(outputs, gradients, output_count, inputs, input_count, keep_graph, create_graph, out);
}
swt_status swt_custom_gradient(const char *_Nonnull name, const swt_tensor _Nonnull *_Nonnull inputs, int32_t input_count, swt_tensor _Nonnull *_Nonnull outputs, int32_t output_count, void *_Nonnull context, swt_backward_function _Nonnull backward, void (*_Nonnull release)(void *_Nonnull context)) {
  static _Atomic(void *) cache;
  swt_status (*function)(const char *_Nonnull name, const swt_tensor _Nonnull *_Nonnull inputs, int32_t input_count, swt_tensor _Nonnull *_Nonnull outputs, int32_t output_count, void *_Nonnull context, swt_backward_function _Nonnull backward, void (*_Nonnull release)(void *_Nonnull context)) = symbol(&cache, "swt_custom_gradient");
  return function(name, inputs, input_count, outputs, output_count, context, backward, release);
}
swt_status swt_generator_make(int32_t device_type, int32_t device_index, uint64_t seed, swt_object _Nullable *_Nonnull out) {
  static _Atomic(void *) cache;
  swt_status (*function)(int32_t device_type, int32_t device_index, uint64_t seed, swt_object _Nullable *_Nonnull out) = symbol(&cache, "swt_generator_make");
  return function(device_type, device_index, seed, out);
}
swt_status swt_generator_seed(swt_object _Nonnull generator, uint64_t seed) {
  static _Atomic(void *) cache;
  swt_status (*function)(swt_object _Nonnull generator, uint64_t seed) = symbol(&cache, "swt_generator_seed");
  return function(generator, seed);
}
swt_status swt_generator_state(swt_object _Nonnull generator, swt_tensor _Nullable *_Nonnull out) {
  static _Atomic(void *) cache;
  swt_status (*function)(swt_object _Nonnull generator, swt_tensor _Nullable *_Nonnull out) = symbol(&cache, "swt_generator_state");
  return function(generator, out);
}
swt_status swt_generator_set_state(swt_object _Nonnull generator, swt_tensor _Nonnull state) {
  static _Atomic(void *) cache;
  swt_status (*function)(swt_object _Nonnull generator, swt_tensor _Nonnull state) = symbol(&cache, "swt_generator_set_state");
  return function(generator, state);
}
swt_status swt_set_threads(int32_t count) {
  static _Atomic(void *) cache;
  swt_status (*function)(int32_t count) = symbol(&cache, "swt_set_threads");
  return function(count);
}
int32_t swt_threads(void) {
  static _Atomic(void *) cache;
  int32_t (*function)(void) = symbol(&cache, "swt_threads");
  return function();
}
const char *_Nonnull swt_cpu_capability(void) {
  static _Atomic(void *) cache;
  const char * (*function)(void) = symbol(&cache, "swt_cpu_capability");
  return function();
}
bool swt_cpu_multiplies_bfloat16(void) {
  static _Atomic(void *) cache;
  bool (*function)(void) = symbol(&cache, "swt_cpu_multiplies_bfloat16");
  return function();
}
int32_t swt_cuda_device_count(void) {
  static _Atomic(void *) cache;
  int32_t (*function)(void) = symbol(&cache, "swt_cuda_device_count");
  return function();
}
swt_status swt_synchronize(int32_t device_type, int32_t device_index) {
  static _Atomic(void *) cache;
  swt_status (*function)(int32_t device_type, int32_t device_index) = symbol(&cache, "swt_synchronize");
  return function(device_type, device_index);
}
swt_status swt_autocast_enter(int32_t device_type, bool enabled, int32_t data_type, swt_autocast *_Nonnull before) {
  static _Atomic(void *) cache;
  swt_status (*function)(int32_t device_type, bool enabled, int32_t data_type, swt_autocast *_Nonnull before) = symbol(&cache, "swt_autocast_enter");
  return function(device_type, enabled, data_type, before);
}
swt_status swt_autocast_leave(int32_t device_type, swt_autocast before) {
  static _Atomic(void *) cache;
  swt_status (*function)(int32_t device_type, swt_autocast before) = symbol(&cache, "swt_autocast_leave");
  return function(device_type, before);
}
