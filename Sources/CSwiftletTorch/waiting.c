// How libtorch's threads wait for each other.
//
// As built they spin for milliseconds after every operation. On a machine that does something else as well, each spin
// keeps the thread that it waits for off the processor, and training takes many times as long. They sleep instead,
// unless the user chose otherwise. OpenMP reads its settings when its library is loaded, which FFmpeg may do before
// libtorch does, so this runs before main, while the process has one thread.
#define _GNU_SOURCE
#include "swiftlet_torch.h"
#include <stdlib.h>

bool swt_choose_waiting(void) {
  // OpenMP's own variable, and those of GNU's and LLVM's libraries.
  static const char *const choices[] = {"OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME"};
  for (size_t i = 0; i < sizeof choices / sizeof *choices; i++)
    if (getenv(choices[i]))
      return false;
  return setenv("OMP_WAIT_POLICY", "passive", 0) == 0;
}

__attribute__((constructor)) static void choose_waiting_at_start(void) { swt_choose_waiting(); }
