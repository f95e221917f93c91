// Random generators as objects, so that nothing depends on a global one.
#include "internal.h"
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/core/Generator.h>
#include <ATen/core/ivalue.h>
#include <ATen/detail/CUDAHooksInterface.h>
using namespace swt;

namespace {
at::Generator generator(swt_object object) { return reinterpret_cast<c10::IValue *>(object)->toGenerator(); }
} // namespace

extern "C" {
swt_status swt_generator_make(int32_t device_type, int32_t device_index, uint64_t seed, swt_object *out) {
  return guard([&] {
    at::Device place = device(device_type, device_index);
    at::Generator made = place.is_cuda() ? at::detail::getCUDAHooks().getNewGenerator(place.index())
                                         : at::make_generator<at::CPUGeneratorImpl>(seed);
    made.set_current_seed(seed);
    *out = reinterpret_cast<swt_object>(new c10::IValue(std::move(made)));
  });
}

swt_status swt_generator_seed(swt_object object, uint64_t seed) {
  return guard([&] {
    at::Generator made = generator(object);
    std::lock_guard<std::mutex> lock(made.mutex());
    made.set_current_seed(seed);
  });
}

swt_status swt_generator_state(swt_object object, swt_tensor *out) {
  return guard([&] {
    at::Generator made = generator(object);
    std::lock_guard<std::mutex> lock(made.mutex());
    *out = own(made.get_state());
  });
}

swt_status swt_generator_set_state(swt_object object, swt_tensor state) {
  return guard([&] {
    at::Generator made = generator(object);
    std::lock_guard<std::mutex> lock(made.mutex());
    made.set_state(borrow(state));
  });
}
}
