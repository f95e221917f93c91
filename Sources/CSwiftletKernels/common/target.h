#ifndef SWL_TARGET_H
#define SWL_TARGET_H

// Every function names the instructions it may use, so that one build runs on every processor.
#if defined(__x86_64__)
#define SWL_X86 1
#include <immintrin.h>
#define SWL_AVX2 __attribute__((target("avx2,fma")))
#define SWL_AVX512 __attribute__((target("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl")))
#define SWL_AVX512VNNI __attribute__((target("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")))
#define SWL_AVX512BF16 __attribute__((target("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx512bf16")))
#else
#define SWL_X86 0
#endif

#define SWL_INLINE static inline __attribute__((always_inline))

#endif
