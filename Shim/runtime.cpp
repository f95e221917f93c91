// Threads, devices and automatic precision.
#include "internal.h"
#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <ATen/autocast_mode.h>
#include <ATen/cpu/Utils.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <atomic>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <torch/version.h>
using namespace swt;

namespace {
// libtorch keeps its number of threads partly per thread (OpenMP, MKL). The wish is kept here, and each thread comes
// to it before its next operation.
std::atomic<int32_t> wished_threads{0};
thread_local int32_t applied_threads = 0;

c10::DeviceType device_type_of(int32_t type) {
  TORCH_CHECK(type == 0 || type == 1, "no device type has code ", type);
  return static_cast<c10::DeviceType>(type);
}
} // namespace

void swt::apply_threads() {
  int32_t wished = wished_threads.load(std::memory_order_relaxed);
  if (wished == applied_threads)
    return;
  at::set_num_threads(wished);
  applied_threads = wished;
}

at::Device swt::device(int32_t type, int32_t index) {
  return at::Device(device_type_of(type), static_cast<c10::DeviceIndex>(type == 0 ? -1 : index));
}

extern "C" {
const char *swt_torch_version(void) { return TORCH_VERSION; }

swt_status swt_set_threads(int32_t count) {
  return guard([&] {
    TORCH_CHECK(count > 0, "the number of threads must be positive, got ", count);
    wished_threads = count;
    apply_threads();
  });
}

int32_t swt_threads(void) {
  int32_t count = 0;
  guard([&] {
    apply_threads();
    count = at::get_num_threads();
  });
  return count;
}

const char *swt_cpu_capability(void) {
  static const std::string text = [] {
    std::string found = "unknown";
    guard([&] { found = at::get_cpu_capability(); });
    return found;
  }();
  return text.c_str();
}

bool swt_cpu_multiplies_bfloat16(void) {
  static const bool answer = [] {
    bool found = false;
    guard([&] {
      for (auto &[name, value] : at::cpu::get_cpu_capabilities())
        if (name.find("bf16") != std::string::npos && value.isBool())
          found = found || value.toBool();
    });
    return found;
  }();
  return answer;
}

int32_t swt_cuda_device_count(void) {
  int32_t count = 0;
  guard([&] {
    if (at::hasCUDA())
      count = static_cast<int32_t>(at::detail::getCUDAHooks().deviceCount());
  });
  return count;
}

swt_status swt_synchronize(int32_t type, int32_t index) {
  return guard([&] {
    at::Device place = device(type, index);
    if (place.is_cuda())
      c10::impl::VirtualGuardImpl(place.type()).synchronizeDevice(place.index());
  });
}

swt_status swt_autocast_enter(int32_t type, bool enabled, int32_t code, swt_autocast *before) {
  return guard([&] {
    auto place = device_type_of(type);
    auto precision = data_type(code);
    before->enabled = at::autocast::is_autocast_enabled(place);
    before->data_type = static_cast<int32_t>(at::autocast::get_autocast_dtype(place));
    at::autocast::set_autocast_enabled(place, enabled);
    at::autocast::set_autocast_dtype(place, precision);
    at::autocast::increment_nesting();
  });
}

swt_status swt_autocast_leave(int32_t type, swt_autocast before) {
  return guard([&] {
    auto place = device_type_of(type);
    // The cache holds weights in low precision; outside, they may change.
    if (at::autocast::decrement_nesting() == 0)
      at::autocast::clear_cache();
    at::autocast::set_autocast_enabled(place, before.enabled);
    at::autocast::set_autocast_dtype(place, data_type(before.data_type));
  });
}
}
