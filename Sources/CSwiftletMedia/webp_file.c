// The chunks of a WebP file.
#include <string.h>

#include "internal.h"

/// The chunk at `*offset`: its length and the data; `*offset` moves to the next. False behind the last.
static bool next_webp_chunk(const uint8_t *data, size_t size, size_t *offset, const uint8_t **chunk, size_t *length) {
  if (*offset > size || size - *offset < 8) return false;
  *chunk = data + *offset;
  *length = swm_little32(*chunk + 4);
  if (*length > size - *offset - 8) *length = size - *offset - 8;
  *offset += 8 + *length + (*length & 1);
  return true;
}

swm_status swm_probe_webp(const uint8_t *data, size_t size, swm_image_info *info, swm_orientation *orientation, swm_error *error) {
  if (size < 30 || swm_little32(data + 4) > size - 8) return swm_fail(error, SWM_CORRUPT, "the WebP is cut off after %zu bytes", size);
  if (memcmp(data + 12, "VP8 ", 4) == 0) {
    info->stored_width = (int)(swm_little16(data + 26) & 0x3FFF);
    info->stored_height = (int)(swm_little16(data + 28) & 0x3FFF);
  } else if (memcmp(data + 12, "VP8L", 4) == 0) {
    uint32_t bits = swm_little32(data + 21);
    info->stored_width = (int)(bits & 0x3FFF) + 1;
    info->stored_height = (int)(bits >> 14 & 0x3FFF) + 1;
  } else if (memcmp(data + 12, "VP8X", 4) == 0) {
    if (data[20] & 0x02) return swm_fail(error, SWM_UNSUPPORTED, "the WebP is an animation; still pictures are read");
    info->stored_width = (int)(swm_little32(data + 24) & 0xFFFFFF) + 1;
    info->stored_height = (int)(swm_little32(data + 26) >> 8 & 0xFFFFFF) + 1;
  } else {
    return swm_fail(error, SWM_CORRUPT, "the WebP does not begin with a picture");
  }
  const uint8_t *chunk;
  size_t offset = 12, length;
  while (next_webp_chunk(data, size, &offset, &chunk, &length)) {
    if (memcmp(chunk, "EXIF", 4) == 0) orientation->exif = swm_exif_orientation(chunk + 8, length);
    if (memcmp(chunk, "XMP ", 4) == 0) orientation->xmp = swm_xmp_orientation(chunk + 8, length);
  }
  return SWM_OK;
}

swm_status swm_copy_webp(const uint8_t *data, size_t size, uint8_t *output, size_t *output_size, swm_error *error) {
  const uint8_t *chunk;
  size_t offset = 12, length;
  while (next_webp_chunk(data, size, &offset, &chunk, &length)) {
    // A separate plane of alpha is left out, since alpha is dropped.
    if (memcmp(chunk, "VP8 ", 4) != 0 && memcmp(chunk, "VP8L", 4) != 0) continue;
    if (swm_little32(chunk + 4) > length) return swm_fail(error, SWM_CORRUPT, "the WebP is cut off after %zu bytes", size);
    memcpy(output, data, 12);
    memcpy(output + 12, chunk, 8 + length);
    size_t written = 20 + length;
    if (length & 1) output[written++] = 0;
    for (int i = 0; i < 4; i++) output[4 + i] = (uint8_t)((written - 8) >> (8 * i));
    *output_size = written;
    return SWM_OK;
  }
  return swm_fail(error, SWM_CORRUPT, "the WebP holds no picture");
}
