#pragma once
#include <stddef.h>
#include <stdint.h>

/// CRC-32C (Castagnoli, reflected polynomial 0x82F63B78) of `count` bytes, continuing from `crc`; start with 0.
/// Source: RFC 3720, appendix B.4.
uint32_t swl_crc32c(uint32_t crc, const void *bytes, size_t count);

/// The reference, one bit at a time.
uint32_t swl_crc32c_scalar(uint32_t crc, const void *bytes, size_t count);
