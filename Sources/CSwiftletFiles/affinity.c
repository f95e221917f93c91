#define _GNU_SOURCE
#include "swiftlet_files.h"
#include <stdlib.h>
#include <unistd.h>
#ifdef __linux__
#include <errno.h>
#include <sched.h>
#endif

long swf_affinity_count(void) {
#ifdef __linux__
  // The kernel's mask may be longer than a cpu_set_t.
  for (int processors = CPU_SETSIZE; processors <= CPU_SETSIZE * 64; processors *= 8) {
    cpu_set_t *mask = CPU_ALLOC(processors);
    if (!mask)
      break;
    size_t size = CPU_ALLOC_SIZE(processors);
    int status = sched_getaffinity(getpid(), size, mask), code = errno;
    long count = status == 0 ? CPU_COUNT_S(size, mask) : 0;
    CPU_FREE(mask);
    if (count > 0)
      return count;
    if (status == 0 || code != EINVAL)
      break;
  }
#endif
  long online = sysconf(_SC_NPROCESSORS_ONLN);
  return online > 0 ? online : 1;
}
