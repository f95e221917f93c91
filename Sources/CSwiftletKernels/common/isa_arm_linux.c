#include "isa_arm.h"
#include "target.h"
#if SWL_ARM && defined(__linux__)
#include <sys/auxv.h>

swl_isa swl_isa_of_arm(void) {
  const unsigned long first = getauxval(AT_HWCAP), second = getauxval(AT_HWCAP2);
  swl_isa isa = SWL_CPU_NEON;
  isa |= first & HWCAP_ASIMDDP ? SWL_CPU_DOTPROD : 0;
  isa |= second & HWCAP2_I8MM ? SWL_CPU_I8MM : 0;
  isa |= second & HWCAP2_BF16 ? SWL_CPU_ARMBF16 : 0;
  return isa;
}
#endif
