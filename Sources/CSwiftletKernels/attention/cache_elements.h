#ifndef SWL_CACHE_ELEMENTS_H
#define SWL_CACHE_ELEMENTS_H

// One element of a cache at a time.

#include "../common/scalar.h"
#include "../common/target.h"
#include "swl_cache.h"

SWL_INLINE float swl_read_cached(const void *data, size_t at, swl_cache_type type) {
  switch (type) {
  case SWL_CACHE_F32:
    return ((const float *)data)[at];
  case SWL_CACHE_BF16:
    return swl_from_bf16(((const uint16_t *)data)[at]);
  case SWL_CACHE_F16:
    return swl_from_f16(((const uint16_t *)data)[at]);
  }
  return NAN;
}

SWL_INLINE void swl_write_cached(void *data, size_t at, swl_cache_type type, float value) {
  switch (type) {
  case SWL_CACHE_F32:
    ((float *)data)[at] = value;
    break;
  case SWL_CACHE_BF16:
    ((uint16_t *)data)[at] = swl_to_bf16(value);
    break;
  case SWL_CACHE_F16:
    ((uint16_t *)data)[at] = swl_to_f16(value);
    break;
  }
}

#endif
