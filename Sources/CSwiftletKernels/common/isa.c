#include "isa_arm.h"
#include "swl_isa.h"
#include "target.h"

swl_isa swl_isa_of_processor(void) {
  swl_isa isa = SWL_ISA_SCALAR;
#if SWL_X86
  __builtin_cpu_init();
  isa |= __builtin_cpu_supports("avx2") ? SWL_CPU_AVX2 : 0;
  isa |= __builtin_cpu_supports("fma") ? SWL_CPU_FMA : 0;
  isa |= __builtin_cpu_supports("f16c") ? SWL_CPU_F16C : 0;
  isa |= __builtin_cpu_supports("avx512f") ? SWL_CPU_AVX512F : 0;
  isa |= __builtin_cpu_supports("avx512bw") ? SWL_CPU_AVX512BW : 0;
  isa |= __builtin_cpu_supports("avx512dq") ? SWL_CPU_AVX512DQ : 0;
  isa |= __builtin_cpu_supports("avx512vl") ? SWL_CPU_AVX512VL : 0;
  isa |= __builtin_cpu_supports("avx512vnni") ? SWL_CPU_AVX512VNNI : 0;
  isa |= __builtin_cpu_supports("avx512bf16") ? SWL_CPU_AVX512BF16 : 0;
#elif SWL_ARM
  isa = swl_isa_of_arm();
#endif
  return isa;
}

static const swl_named_isa named[] = {
    {"avx512bf16", SWL_ISA_AVX512BF16}, {"avx512vnni", SWL_ISA_AVX512VNNI}, {"avx512", SWL_ISA_AVX512},
    {"avx2", SWL_ISA_AVX2},             {"neonbf16", SWL_ISA_NEONBF16},     {"neoni8mm", SWL_ISA_NEONI8MM},
    {"neondot", SWL_ISA_NEONDOT},       {"neon", SWL_ISA_NEON},             {"scalar", SWL_ISA_SCALAR},
};

const swl_named_isa *swl_named_isas(size_t *count) {
  *count = sizeof named / sizeof named[0];
  return named;
}

const char *swl_isa_name(swl_isa isa) {
  const swl_named_isa *row = named;
  while (!swl_isa_has(isa, row->isa))
    row++;
  return row->name;
}
