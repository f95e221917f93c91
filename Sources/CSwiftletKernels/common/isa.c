#include "swl_isa.h"

swl_isa swl_isa_best(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma"))
    return SWL_ISA_SCALAR;
  if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512bw") ||
      !__builtin_cpu_supports("avx512dq") || !__builtin_cpu_supports("avx512vl"))
    return SWL_ISA_AVX2;
  if (!__builtin_cpu_supports("avx512vnni"))
    return SWL_ISA_AVX512;
  if (!__builtin_cpu_supports("avx512bf16"))
    return SWL_ISA_AVX512VNNI;
  return SWL_ISA_AVX512BF16;
#else
  return SWL_ISA_SCALAR;
#endif
}

const char *swl_isa_name(swl_isa isa) {
  switch (isa) {
  case SWL_ISA_SCALAR:
    return "scalar";
  case SWL_ISA_AVX2:
    return "avx2";
  case SWL_ISA_AVX512:
    return "avx512";
  case SWL_ISA_AVX512VNNI:
    return "avx512vnni";
  case SWL_ISA_AVX512BF16:
    return "avx512bf16";
  }
  return "unknown";
}
