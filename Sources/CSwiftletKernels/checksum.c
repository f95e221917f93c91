#include "swl_checksum.h"

#include <string.h>

uint32_t swl_crc32c_scalar(uint32_t crc, const void *bytes, size_t count) {
  const uint8_t *p = bytes;
  crc = ~crc;
  for (size_t i = 0; i < count; i++) {
    crc ^= p[i];
    for (int bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ (0x82F63B78u & -(crc & 1));
  }
  return ~crc;
}

#if defined(__x86_64__)
#include <nmmintrin.h>

__attribute__((target("sse4.2"))) static uint32_t crc32c_sse42(uint32_t crc, const void *bytes, size_t count) {
  const uint8_t *p = bytes;
  uint64_t state = ~crc;
  for (; count >= 8; p += 8, count -= 8) {
    uint64_t word;
    memcpy(&word, p, 8);
    state = _mm_crc32_u64(state, word);
  }
  uint32_t tail = (uint32_t)state;
  for (; count > 0; p++, count--) tail = _mm_crc32_u8(tail, *p);
  return ~tail;
}

uint32_t swl_crc32c(uint32_t crc, const void *bytes, size_t count) {
  if (__builtin_cpu_supports("sse4.2")) return crc32c_sse42(crc, bytes, count);
  return swl_crc32c_scalar(crc, bytes, count);
}
#elif defined(__aarch64__)
#include <arm_acle.h>

// Every 64-bit Arm CPU from ARMv8.1 on has these instructions, and so has every Mac.
__attribute__((target("crc"))) uint32_t swl_crc32c(uint32_t crc, const void *bytes, size_t count) {
  const uint8_t *p = bytes;
  crc = ~crc;
  for (; count >= 8; p += 8, count -= 8) {
    uint64_t word;
    memcpy(&word, p, 8);
    crc = __crc32cd(crc, word);
  }
  for (; count > 0; p++, count--) crc = __crc32cb(crc, *p);
  return ~crc;
}
#else
uint32_t swl_crc32c(uint32_t crc, const void *bytes, size_t count) { return swl_crc32c_scalar(crc, bytes, count); }
#endif
