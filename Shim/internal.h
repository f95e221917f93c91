// What every file of the shim shares: handles and the guard around each entry.
#pragma once
#include "swiftlet_torch.h"
#include <ATen/core/Tensor.h>
#include <c10/util/Exception.h>
#include <utility>

namespace swt {

// A handle is a raw, owned TensorImpl*. Borrowing one as `const at::Tensor &` is free, because at::Tensor is exactly
// one intrusive_ptr, which is one pointer.
static_assert(sizeof(at::Tensor) == sizeof(void *));
inline const at::Tensor &borrow(const swt_tensor &tensor) { return reinterpret_cast<const at::Tensor &>(tensor); }
inline swt_tensor own(at::Tensor &&tensor) {
  return tensor.defined() ? reinterpret_cast<swt_tensor>(tensor.unsafeReleaseTensorImpl()) : nullptr;
}
inline at::Tensor adopt(swt_tensor tensor) {
  return tensor ? at::Tensor(c10::intrusive_ptr<c10::TensorImpl, c10::UndefinedTensorImpl>::reclaim(
                      reinterpret_cast<c10::TensorImpl *>(tensor)))
                : at::Tensor();
}
// A tensor or, for NULL, the undefined tensor.
inline at::Tensor optional(swt_tensor tensor) { return tensor ? borrow(tensor) : at::Tensor(); }

at::ScalarType data_type(int32_t code);
at::Device device(int32_t type, int32_t index);

// Brings this thread to the wished number of threads; nearly free when nothing changed.
void apply_threads();

// Notes the exception being handled and answers its status. Only inside catch (...).
swt_status fail() noexcept;

// Runs an entry: no exception leaves the shim.
template <class Body> inline swt_status guard(Body &&body) noexcept {
  try {
    body();
    return 0;
  } catch (...) {
    return fail();
  }
}

} // namespace swt
