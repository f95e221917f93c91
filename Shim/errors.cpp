// The text of the last failure, per thread.
#include "internal.h"
#include <cstdlib>
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
} // namespace

swt_status swt::fail() noexcept {
  try {
    throw;
  } catch (const c10::Error &error) {
    note(error.what_without_backtrace());
    return 1;
  } catch (const std::exception &error) {
    note(error.what());
    return 2;
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
