// Finds libswiftlet_torch.so, which ./setup builds next to libtorch, and forwards every call to it. libtorch's start-up
// time and memory are paid at the first call, and a program that never calls runs without it.
#define _GNU_SOURCE
#include "swiftlet_torch.h"
#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LIBRARY "lib/libswiftlet_torch.so"

static void *library;
static char problem[2048];

// Whether `directory` holds the shim; opens it, or notes why it cannot be used.
static bool open_in(const char *directory) {
  char path[4096];
  if (snprintf(path, sizeof path, "%s/" LIBRARY, directory) >= (int)sizeof path || access(path, R_OK) != 0)
    return false;
  void *opened = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (!opened) {
    snprintf(problem, sizeof problem, "libtorch does not load (%s): run ./setup", dlerror());
    return true;
  }
  int32_t (*abi)(void) = dlsym(opened, "swt_abi");
  if (!abi || abi() != SWT_ABI) {
    snprintf(problem, sizeof problem, "%s was built for another version of Swiftlet: run ./setup", path);
    return true;
  }
  library = opened;
  return true;
}

static void load(void) {
  const char *named = getenv("LIBTORCH");
  if (named && open_in(named))
    return;
  char path[4096];
  ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
  if (length > 0) {
    path[length] = 0;
    char *slash = strrchr(path, '/');
    if (slash) {
      *slash = 0;
      if (open_in(path))
        return;
    }
  }
  if (open_in(SWT_PACKAGE_LIBTORCH))
    return;
  const char *home = getenv("HOME");
  if (home && snprintf(path, sizeof path, "%s/.local/share/swiftlet", home) < (int)sizeof path && open_in(path))
    return;
  snprintf(problem, sizeof problem,
           "libtorch is missing (looked beside the program, in %s and in ~/.local/share/swiftlet): run ./setup",
           SWT_PACKAGE_LIBTORCH);
}

const char *swt_problem(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, load);
  return problem[0] ? problem : NULL;
}

// The shim's function `name`. Ends the process with a message and 69 (EX_UNAVAILABLE) when libtorch is missing: callers
// that can go on without it ask swt_problem first.
static void *find(_Atomic(void *) *cache, const char *name) {
  const char *why = swt_problem();
  void *found = why ? NULL : dlsym(library, name);
  if (!found) {
    if (why)
      fprintf(stderr, "%s\n", why);
    else
      fprintf(stderr, "libswiftlet_torch.so has no %s: run ./setup\n", name);
    exit(69);
  }
  atomic_store_explicit(cache, found, memory_order_release);
  return found;
}

static inline void *symbol(_Atomic(void *) *cache, const char *name) {
  void *found = atomic_load_explicit(cache, memory_order_acquire);
  return found ? found : find(cache, name);
}

#include "forward.h"

static _Thread_local void *slots[SWT_SLOTS];
void *swt_thread_slot(int32_t slot) { return slots[slot]; }
void swt_set_thread_slot(int32_t slot, void *value) { slots[slot] = value; }
