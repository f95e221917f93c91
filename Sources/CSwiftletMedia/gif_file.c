// The blocks of a GIF file.
#include <string.h>

#include "internal.h"

/// The bytes of a colour table that the flags of a screen or a picture announce.
static size_t table_size(uint8_t flags) { return flags & 0x80 ? (size_t)3 << ((flags & 7) + 1) : 0; }

/// Where the sub-blocks that begin at `at` end, or `size` + 1 for a file that is cut off.
static size_t end_of_blocks(const uint8_t *data, size_t size, size_t at) {
  while (at < size && data[at] != 0) at += 1 + (size_t)data[at];
  return at < size ? at + 1 : size + 1;
}

swm_status swm_copy_gif(const uint8_t *data, size_t size, uint8_t *output, size_t *output_size, swm_error *error) {
  enum { screen = 13, extension = 0x21, picture = 0x2C, trailer = 0x3B, control = 0xF9 };
  if (size < screen + 1) return swm_fail(error, SWM_CORRUPT, "the GIF is cut off after %zu bytes", size);
  size_t at = screen + table_size(data[10]);
  int transparent = 0;
  while (at < size && data[at] == extension && size - at > 8) {
    if (data[at + 1] == control && data[at + 2] >= 4 && data[at + 3] & 1) transparent = data[at + 6];
    at = end_of_blocks(data, size, at + 2);
  }
  if (at < size && data[at] == trailer) return swm_fail(error, SWM_CORRUPT, "the GIF holds no picture");
  if (at < size && data[at] != picture && data[at] != extension) {
    return swm_fail(error, SWM_CORRUPT, "the GIF is damaged at byte %zu: no block begins there", at);
  }
  size_t body = size > 10 && at < size - 10 ? at + 10 + table_size(data[at + 9]) : size;
  size_t end = body < size ? end_of_blocks(data, size, body + 1) : size + 1;
  if (end > size) return swm_fail(error, SWM_CORRUPT, "the GIF is cut off after %zu bytes", size);
  // Without its control block the picture's transparent pixels keep the colour that the table gives them, and what it leaves free of the screen gets
  // that colour too: Pillow's convert("RGB") shows both so.
  size_t head = screen + table_size(data[10]);
  memcpy(output, data, head);
  output[11] = (uint8_t)transparent;
  memcpy(output + head, data + at, end - at);
  output[head + end - at] = trailer;
  *output_size = head + end - at + 1;
  return SWM_OK;
}
