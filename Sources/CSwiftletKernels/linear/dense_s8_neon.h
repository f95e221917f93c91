// Dense int8 whose inputs become signed. A dot_s8s8_*.h is included before. Included by the ISA files.

#include "dense_vector.h"

const swl_dense SWL_ISA_NAME(swl_dense_s8) = {.type = SWL_S8,
                                              .weight_size = sizeof(int8_t),
                                              .k_step = K_STEP,
                                              .lanes = LANES,
                                              .width = WIDTH,
                                              .convert_size = X_SIZE,
                                              .direct_type = SWL_F32, // none: all input becomes signed
                                              .convert = flip_bytes,
                                              .taken = TAKEN,
                                              .sums = sums,
                                              .finish = swl_linear_finish_neon};
