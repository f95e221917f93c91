#ifndef SWL_TARGET_H
#define SWL_TARGET_H

// Every file of kernels names the instructions it may use, so that one build runs on every processor.
#if defined(__x86_64__)
#define SWL_X86 1
#include <immintrin.h>
#else
#define SWL_X86 0
#endif

#if defined(__aarch64__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ // kernels read and write lanes as they lie in memory
#define SWL_ARM 1
#include <arm_neon.h>
#else
#define SWL_ARM 0
#endif

#define SWL_INLINE static inline __attribute__((always_inline))

#endif
