// What files and processors need of C: the affinity mask, whose calls Swift does not see, zlib's inflate, which is opened
// at run time and whose stream is a C struct, and checksums by tables or by the processor.
//
// Everything here may be called from any thread.
#pragma once
#include <stddef.h>
#include <stdint.h>

typedef enum swf_status {
  SWF_OK = 0,
  SWF_UNAVAILABLE,  // zlib is not installed or does not start
  SWF_DAMAGED,      // the data is damaged or cut off
} swf_status;

/// What went wrong, as one clause without a full stop.
typedef struct swf_error {
  char text[320];
} swf_error;

typedef enum swf_deflate_container { SWF_DEFLATE_RAW, SWF_DEFLATE_GZIP } swf_deflate_container;

/// Inflates `data` to exactly `output_size` bytes; more or fewer are SWF_DAMAGED.
swf_status swf_inflate(const uint8_t *data, size_t size, swf_deflate_container container, uint8_t *output,
                       size_t output_size, swf_error *error);

/// The CRC-32 of zip and gzip (polynomial 0x04C11DB7, reflected).
uint32_t swf_crc32(const uint8_t *data, size_t size);

/// CRC-32C (Castagnoli, reflected polynomial 0x82F63B78) of `size` bytes, continuing from `crc`; start with 0.
/// Source: RFC 3720, appendix B.4.
uint32_t swf_crc32c(uint32_t crc, const uint8_t *data, size_t size);

/// The reference, one bit at a time.
uint32_t swf_crc32c_scalar(uint32_t crc, const uint8_t *data, size_t size);

/// The processors that the scheduler may put this process on, at least 1.
long swf_affinity_count(void);
