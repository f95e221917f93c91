// The text of the last failure, per thread.
#include "internal.h"
#include <cstdlib>
#include <new>
#include <string>

namespace {
thread_local std::string last_error;

// libtorch appends a C++ stack to some messages, which says nothing to a caller from another language.
void note(const char *text) noexcept {
  try {
    last_error = text;
    for (const char *tail : {"\nException raised from", "\nC++ CapturedTraceback"}) {
      size_t at = last_error.find(tail);
      if (at != std::string::npos)
        last_error.resize(at);
    }
    while (!last_error.empty() && (last_error.back() == '\n' || last_error.back() == ' '))
      last_error.pop_back();
  } catch (...) {
    last_error.clear(); // out of memory: the status still says that it failed
  }
}

// Whether the text says that memory was lacking, for which the processor's allocator and oneDNN have no exception type.
bool lacked_memory() noexcept {
  for (const char *words : {"can't allocate memory", "not enough memory", "out of memory", "could not create a memory",
                            "Storage size calculation overflowed"})
    if (last_error.find(words) != std::string::npos)
      return true;
  return false;
}
} // namespace

swt_status swt::fail() noexcept {
  try {
    throw;
  } catch (const c10::OutOfMemoryError &error) { // of a CUDA device
    note(error.what_without_backtrace());
    return SWT_OUT_OF_MEMORY;
  } catch (const std::bad_alloc &) {
    note("there is not enough memory");
    return SWT_OUT_OF_MEMORY;
  } catch (const c10::Error &error) {
    note(error.what_without_backtrace());
    return lacked_memory() ? SWT_OUT_OF_MEMORY : 1;
  } catch (const std::exception &error) {
    note(error.what());
    return lacked_memory() ? SWT_OUT_OF_MEMORY : 2;
  } catch (...) {
    note("an unknown C++ exception");
    return 3;
  }
}

extern "C" {
int32_t swt_abi(void) { return SWT_ABI; }
const char *swt_last_error(void) { return last_error.c_str(); }
void swt_set_error(const char *message) { note(message); }
void swt_free(void *memory) { std::free(memory); }
}
