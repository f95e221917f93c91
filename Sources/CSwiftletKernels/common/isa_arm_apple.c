#include "isa_arm.h"
#include "target.h"
#if SWL_ARM && defined(__APPLE__)
#include <sys/sysctl.h>

static bool has(const char *feature) {
  int value = 0;
  size_t size = sizeof value;
  return sysctlbyname(feature, &value, &size, NULL, 0) == 0 && value != 0;
}

swl_isa swl_isa_of_arm(void) {
  swl_isa isa = SWL_CPU_NEON;
  isa |= has("hw.optional.arm.FEAT_DotProd") ? SWL_CPU_DOTPROD : 0;
  isa |= has("hw.optional.arm.FEAT_I8MM") ? SWL_CPU_I8MM : 0;
  isa |= has("hw.optional.arm.FEAT_BF16") ? SWL_CPU_ARMBF16 : 0;
  return isa;
}
#endif
