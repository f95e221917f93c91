#include <string.h>

#include "swiftlet_files.h"

uint32_t swf_crc32c_scalar(uint32_t crc, const uint8_t *data, size_t size) {
  crc = ~crc;
  for (size_t i = 0; i < size; i++) {
    crc ^= data[i];
    for (int bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ (0x82F63B78u & -(crc & 1));
  }
  return ~crc;
}

#if defined(__x86_64__)
#include <nmmintrin.h>

__attribute__((target("sse4.2"))) static uint32_t crc32c_sse42(uint32_t crc, const uint8_t *data, size_t size) {
  uint64_t state = ~crc;
  for (; size >= 8; data += 8, size -= 8) {
    uint64_t word;
    memcpy(&word, data, 8);
    state = _mm_crc32_u64(state, word);
  }
  uint32_t tail = (uint32_t)state;
  for (; size > 0; data++, size--) tail = _mm_crc32_u8(tail, *data);
  return ~tail;
}

uint32_t swf_crc32c(uint32_t crc, const uint8_t *data, size_t size) {
  if (__builtin_cpu_supports("sse4.2")) return crc32c_sse42(crc, data, size);
  return swf_crc32c_scalar(crc, data, size);
}
#elif defined(__aarch64__)
#include <arm_acle.h>

// Every 64-bit Arm CPU from ARMv8.1 on has these instructions, and so has every Mac.
__attribute__((target("crc"))) uint32_t swf_crc32c(uint32_t crc, const uint8_t *data, size_t size) {
  crc = ~crc;
  for (; size >= 8; data += 8, size -= 8) {
    uint64_t word;
    memcpy(&word, data, 8);
    crc = __crc32cd(crc, word);
  }
  for (; size > 0; data++, size--) crc = __crc32cb(crc, *data);
  return ~crc;
}
#else
uint32_t swf_crc32c(uint32_t crc, const uint8_t *data, size_t size) { return swf_crc32c_scalar(crc, data, size); }
#endif
