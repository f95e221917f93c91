#ifndef SWL_TARGET_H
#define SWL_TARGET_H

// Every file of kernels names the instructions it may use, so that one build runs on every processor.
#if defined(__x86_64__)
#define SWL_X86 1
#include <immintrin.h>
#else
#define SWL_X86 0
#endif

#define SWL_INLINE static inline __attribute__((always_inline))

#endif
