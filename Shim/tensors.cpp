// Lifetime, properties and memory of tensors.
#include "internal.h"
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <cstring>
#include <memory>
using namespace swt;

at::ScalarType swt::data_type(int32_t code) {
  TORCH_CHECK(code >= 0 && code < static_cast<int32_t>(at::ScalarType::NumOptions), "no data type has code ", code);
  return static_cast<at::ScalarType>(code);
}

extern "C" {
swt_tensor swt_tensor_retain(swt_tensor tensor) {
  c10::raw::intrusive_ptr::incref(reinterpret_cast<c10::TensorImpl *>(tensor));
  return tensor;
}

void swt_tensor_release(swt_tensor tensor) {
  guard([&] { c10::raw::intrusive_ptr::decref(reinterpret_cast<c10::TensorImpl *>(tensor)); });
}

swt_status swt_tensor_inspect(swt_tensor handle, swt_tensor_info *info) {
  return guard([&] {
    const at::Tensor &tensor = borrow(handle);
    info->dimensions = tensor.dim();
    info->count = tensor.numel();
    info->sizes = tensor.sizes().data();
    info->strides = tensor.strides().data();
    info->data_type = static_cast<int32_t>(tensor.scalar_type());
    info->device_type = static_cast<int32_t>(tensor.device().type());
    info->device_index = tensor.device().index();
    info->is_contiguous = tensor.is_contiguous();
    info->requires_gradient = tensor.requires_grad();
    info->is_leaf = tensor.is_leaf();
  });
}

swt_status swt_tensor_data(swt_tensor tensor, void **out) {
  return guard([&] { *out = borrow(tensor).data_ptr(); });
}

swt_status swt_tensor_item(swt_tensor tensor, double *out) {
  return guard([&] { *out = borrow(tensor).item().toDouble(); });
}

swt_status swt_tensor_from_bytes(const void *data, int64_t byte_count, const int64_t *sizes, int64_t dimensions,
                                 int32_t type, swt_tensor *out) {
  return guard([&] {
    at::Tensor tensor = at::empty(at::IntArrayRef(sizes, dimensions), at::TensorOptions(data_type(type)));
    TORCH_CHECK(static_cast<int64_t>(tensor.nbytes()) == byte_count, "shape ", tensor.sizes(), " of ",
                tensor.scalar_type(), " takes ", tensor.nbytes(), " bytes, got ", byte_count);
    if (byte_count > 0)
      std::memcpy(tensor.mutable_data_ptr(), data, byte_count);
    *out = own(std::move(tensor));
  });
}

swt_status swt_tensor_from_memory(void *data, const int64_t *sizes, const int64_t *strides, int64_t dimensions,
                                  int32_t type, void *owner, void (*release)(void *), swt_tensor *out) {
  return guard([&] {
    // While the tensor is being made, its deleter must not run: on failure the caller keeps the memory.
    auto armed = std::make_shared<bool>(false);
    auto done = [owner, release, armed](void *) {
      if (*armed)
        release(owner);
    };
    at::IntArrayRef shape(sizes, dimensions);
    at::TensorOptions options(data_type(type));
    at::Tensor tensor = strides ? at::from_blob(data, shape, at::IntArrayRef(strides, dimensions), done, options)
                                : at::from_blob(data, shape, done, options);
    *armed = true;
    *out = own(std::move(tensor));
  });
}
}
