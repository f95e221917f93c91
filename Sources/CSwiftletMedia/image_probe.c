// Formats, sizes and orientation from the file's own header, and the walk over its parts.
#include <stdbool.h>
#include <string.h>

#include "internal.h"

static uint32_t big16(const uint8_t *p) { return (uint32_t)p[0] << 8 | p[1]; }
static uint32_t big32(const uint8_t *p) { return big16(p) << 16 | big16(p + 2); }
static uint32_t little16(const uint8_t *p) { return (uint32_t)p[1] << 8 | p[0]; }
static uint32_t little32(const uint8_t *p) { return little16(p + 2) << 16 | little16(p); }

/// The orientation in a TIFF block (EXIF 2.3, tag 0x0112), or 1.
static int exif_orientation(const uint8_t *tiff, size_t size) {
  if (size < 8) return 1;
  bool little = memcmp(tiff, "II*\0", 4) == 0;
  if (!little && memcmp(tiff, "MM\0*", 4) != 0) return 1;
  uint32_t (*const read16)(const uint8_t *) = little ? little16 : big16;
  uint32_t (*const read32)(const uint8_t *) = little ? little32 : big32;
  size_t directory = read32(tiff + 4);
  if (directory > size - 2) return 1;
  size_t entries = read16(tiff + directory);
  for (size_t i = 0; i < entries; i++) {
    size_t entry = directory + 2 + 12 * i;
    if (entry + 12 > size) return 1;
    if (read16(tiff + entry) == 0x0112 && read16(tiff + entry + 2) == 3) {
      uint32_t value = read16(tiff + entry + 8);
      return value >= 1 && value <= 8 ? (int)value : 1;
    }
  }
  return 1;
}

// MARK: JPEG

/// One part of a JPEG file: a marker with its segment, or with the entropy-coded data behind it.
typedef struct {
  uint8_t marker;
  size_t start, end;         // from the marker's 0xFF to the next marker
  const uint8_t *payload;    // behind the length field
  size_t payload_size;
} jpeg_part;

/// Steps to the part at `*offset`. The walk ends with marker 0xD9, or with an error.
static swm_status next_jpeg_part(const uint8_t *data, size_t size, size_t *offset, jpeg_part *part, swm_error *error) {
  size_t at = *offset;
  if (at >= size) return swm_fail(error, SWM_CORRUPT, "the JPEG is cut off after %zu bytes", size);
  if (data[at] != 0xFF) return swm_fail(error, SWM_CORRUPT, "the JPEG is damaged at byte %zu: no marker there", at);
  part->start = at;
  while (at < size && data[at] == 0xFF) at++;
  if (at >= size) return swm_fail(error, SWM_CORRUPT, "the JPEG is cut off after %zu bytes", size);
  part->marker = data[at++];
  part->payload = data + at;
  part->payload_size = 0;
  bool alone = part->marker == 0xD9 || part->marker == 0x01 || (part->marker >= 0xD0 && part->marker <= 0xD7);
  if (!alone) {
    if (size - at < 2) return swm_fail(error, SWM_CORRUPT, "the JPEG is cut off after %zu bytes", size);
    size_t length = big16(data + at);
    if (length < 2) return swm_fail(error, SWM_CORRUPT, "the JPEG is damaged at byte %zu: a segment of %zu bytes", at, length);
    if (length > size - at) return swm_fail(error, SWM_CORRUPT, "the JPEG is cut off after %zu bytes", size);
    part->payload = data + at + 2;
    part->payload_size = length - 2;
    at += length;
  }
  if (part->marker == 0xDA) {  // the scan's data runs to the next marker that is no restart and no stuffed 0xFF
    for (;;) {
      const uint8_t *found = at < size ? memchr(data + at, 0xFF, size - at) : NULL;
      if (found == NULL || (size_t)(found - data) + 1 >= size) return swm_fail(error, SWM_CORRUPT, "the JPEG is cut off after %zu bytes", size);
      at = (size_t)(found - data);
      uint8_t next = data[at + 1];
      if (next != 0x00 && !(next >= 0xD0 && next <= 0xD7) && next != 0xFF) break;
      at += next == 0xFF ? 1 : 2;
    }
  }
  part->end = *offset = at;
  return SWM_OK;
}

static bool is_frame_header(uint8_t marker) {
  return marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
}

static bool is_adobe(const jpeg_part *part) {
  return part->marker == 0xEE && part->payload_size >= 12 && memcmp(part->payload, "Adobe", 5) == 0;
}

static swm_status probe_jpeg(const uint8_t *data, size_t size, swm_image_info *info, swm_error *error) {
  size_t offset = 2;
  bool adobe = false;
  for (;;) {
    jpeg_part part;
    swm_status status = next_jpeg_part(data, size, &offset, &part, error);
    if (status != SWM_OK) return status;
    if (part.marker == 0xE1 && part.payload_size > 6 && memcmp(part.payload, "Exif\0", 6) == 0) {
      info->orientation = exif_orientation(part.payload + 6, part.payload_size - 6);
    }
    adobe = adobe || is_adobe(&part);
    if (part.marker == 0xDA || part.marker == 0xD9) return swm_fail(error, SWM_CORRUPT, "the JPEG has no frame header");
    if (!is_frame_header(part.marker)) continue;
    if (part.payload_size < 6) return swm_fail(error, SWM_CORRUPT, "the JPEG's frame header is too short");
    if (part.marker > 0xC2) return swm_fail(error, SWM_UNSUPPORTED, "the JPEG is lossless, hierarchical or arithmetic-coded; baseline and progressive are read");
    if (part.payload[0] != 8) return swm_fail(error, SWM_UNSUPPORTED, "the JPEG has %d-bit samples; 8-bit ones are read", part.payload[0]);
    info->stored_height = (int)big16(part.payload + 1);
    info->stored_width = (int)big16(part.payload + 3);
    if (part.payload[5] == 4 && !adobe) {
      return swm_fail(error, SWM_UNSUPPORTED, "the JPEG has four channels and no Adobe marker to say what they are; save it as RGB");
    }
    return SWM_OK;
  }
}

static swm_status copy_jpeg(const uint8_t *data, size_t size, uint8_t *output, size_t *output_size, swm_error *error) {
  size_t offset = 2, written = 2;
  bool quantisation = false, huffman = false, scan = false;
  output[0] = 0xFF, output[1] = 0xD8;
  for (;;) {
    jpeg_part part;
    swm_status status = next_jpeg_part(data, size, &offset, &part, error);
    if (status != SWM_OK) return status;
    quantisation = quantisation || part.marker == 0xDB;
    huffman = huffman || part.marker == 0xC4;
    scan = scan || part.marker == 0xDA;
    bool metadata = part.marker == 0xFE || (part.marker >= 0xE0 && part.marker <= 0xEF);
    bool jfif = part.marker == 0xE0 && part.payload_size >= 5 && memcmp(part.payload, "JFIF", 5) == 0;
    if (!metadata || jfif || is_adobe(&part)) {
      memcpy(output + written, data + part.start, part.end - part.start);
      written += part.end - part.start;
    }
    if (part.marker == 0xD9) break;
  }
  // A decoder that has seen another picture would take that one's tables.
  if (!quantisation || !huffman || !scan) return swm_fail(error, SWM_CORRUPT, "the JPEG lacks its %s", !scan ? "scan" : "tables");
  *output_size = written;
  return SWM_OK;
}

// MARK: PNG

static const uint8_t png_signature[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};

/// The chunk at `*offset`: its length, type and the data behind them; `*offset` moves past its CRC.
static swm_status next_png_chunk(const uint8_t *data, size_t size, size_t *offset, const uint8_t **chunk, size_t *length, swm_error *error) {
  if (size - *offset < 12) return swm_fail(error, SWM_CORRUPT, "the PNG is cut off after %zu bytes", size);
  *chunk = data + *offset;
  *length = big32(*chunk);
  if (*length > size - *offset - 12) return swm_fail(error, SWM_CORRUPT, "the PNG is cut off after %zu bytes", size);
  *offset += *length + 12;
  return SWM_OK;
}

static swm_status probe_png(const uint8_t *data, size_t size, swm_image_info *info, swm_error *error) {
  size_t offset = sizeof png_signature;
  for (bool first = true;; first = false) {
    const uint8_t *chunk;
    size_t length;
    swm_status status = next_png_chunk(data, size, &offset, &chunk, &length, error);
    if (status != SWM_OK) return status;
    if (first) {
      if (memcmp(chunk + 4, "IHDR", 4) != 0 || length != 13) return swm_fail(error, SWM_CORRUPT, "the PNG does not begin with its header");
      uint32_t width = big32(chunk + 8), height = big32(chunk + 12);
      info->stored_width = width > INT32_MAX ? INT32_MAX : (int)width;
      info->stored_height = height > INT32_MAX ? INT32_MAX : (int)height;
    }
    if (memcmp(chunk + 4, "eXIf", 4) == 0) info->orientation = exif_orientation(chunk + 8, length);
    if (memcmp(chunk + 4, "IDAT", 4) == 0 || memcmp(chunk + 4, "IEND", 4) == 0) return SWM_OK;
  }
}

static swm_status copy_png(const uint8_t *data, size_t size, uint8_t *output, size_t *output_size, swm_error *error) {
  size_t offset = sizeof png_signature, written = sizeof png_signature;
  memcpy(output, data, written);
  for (;;) {
    const uint8_t *chunk;
    size_t length;
    swm_status status = next_png_chunk(data, size, &offset, &chunk, &length, error);
    if (status != SWM_OK) return status;
    bool critical = (chunk[4] & 0x20) == 0;
    if (critical) {
      memcpy(output + written, chunk, length + 12);
      written += length + 12;
    }
    if (memcmp(chunk + 4, "IEND", 4) == 0) break;
  }
  *output_size = written;
  return SWM_OK;
}

// MARK: BMP and WebP

static swm_status probe_bmp(const uint8_t *data, size_t size, swm_image_info *info, swm_error *error) {
  if (size < 26) return swm_fail(error, SWM_CORRUPT, "the BMP is cut off after %zu bytes", size);
  if (little32(data + 14) == 12) {
    info->stored_width = (int)little16(data + 18);
    info->stored_height = (int)little16(data + 20);
  } else {
    int64_t height = (int32_t)little32(data + 22);  // negative: the rows run from the top
    info->stored_width = (int32_t)little32(data + 18);
    info->stored_height = (int)(height == INT32_MIN ? INT32_MAX : height < 0 ? -height : height);
  }
  return SWM_OK;
}

static swm_status probe_webp(const uint8_t *data, size_t size, swm_image_info *info, swm_error *error) {
  if (size < 30 || little32(data + 4) > size - 8) return swm_fail(error, SWM_CORRUPT, "the WebP is cut off after %zu bytes", size);
  if (memcmp(data + 12, "VP8 ", 4) == 0) {
    info->stored_width = (int)(little16(data + 26) & 0x3FFF);
    info->stored_height = (int)(little16(data + 28) & 0x3FFF);
  } else if (memcmp(data + 12, "VP8L", 4) == 0) {
    uint32_t bits = little32(data + 21);
    info->stored_width = (int)(bits & 0x3FFF) + 1;
    info->stored_height = (int)(bits >> 14 & 0x3FFF) + 1;
  } else if (memcmp(data + 12, "VP8X", 4) == 0) {
    if (data[20] & 0x02) return swm_fail(error, SWM_UNSUPPORTED, "the WebP is an animation; still pictures are read");
    info->stored_width = (int)(little32(data + 24) & 0xFFFFFF) + 1;
    info->stored_height = (int)(little32(data + 26) >> 8 & 0xFFFFFF) + 1;
  } else {
    return swm_fail(error, SWM_CORRUPT, "the WebP does not begin with a picture");
  }
  return SWM_OK;
}

// MARK: All formats

swm_status swm_probe_image(const uint8_t *data, size_t size, swm_image_info *info, swm_error *error) {
  *info = (swm_image_info){.orientation = 1};
  if (size == 0) return swm_fail(error, SWM_NOT_AN_IMAGE, "the file is empty");
  swm_status status;
  if (size >= 3 && data[0] == 0xFF && data[1] == 0xD8 && data[2] == 0xFF) {
    info->format = SWM_JPEG;
    status = probe_jpeg(data, size, info, error);
  } else if (size >= 8 && memcmp(data, png_signature, 8) == 0) {
    info->format = SWM_PNG;
    status = probe_png(data, size, info, error);
  } else if (size >= 2 && memcmp(data, "BM", 2) == 0) {
    info->format = SWM_BMP;
    status = probe_bmp(data, size, info, error);
  } else if (size >= 12 && memcmp(data, "RIFF", 4) == 0 && memcmp(data + 8, "WEBP", 4) == 0) {
    info->format = SWM_WEBP;
    status = probe_webp(data, size, info, error);
  } else {
    return swm_fail(error, SWM_NOT_AN_IMAGE, "the file is no JPEG, PNG, BMP or WebP image");
  }
  if (status != SWM_OK) return status;
  int width = info->stored_width, height = info->stored_height;
  if (width <= 0 || height <= 0) {
    return swm_fail(error, SWM_CORRUPT, "the %s says it is %d x %d pixels", swm_format_name(info->format), width, height);
  }
  if (width > SWM_MAX_SIDE || height > SWM_MAX_SIDE) {
    return swm_fail(error, SWM_TOO_LARGE, "the %s is %d x %d pixels; the limit is %d on a side", swm_format_name(info->format), width, height, SWM_MAX_SIDE);
  }
  bool lying = info->orientation >= 5;
  info->width = lying ? height : width;
  info->height = lying ? width : height;
  return SWM_OK;
}

swm_status swm_copy_picture(
  const uint8_t *data, size_t size, swm_image_format format, uint8_t *output, size_t *output_size, swm_error *error) {
  if (format == SWM_JPEG) return copy_jpeg(data, size, output, output_size, error);
  if (format == SWM_PNG) return copy_png(data, size, output, output_size, error);
  memcpy(output, data, size);
  *output_size = size;
  return SWM_OK;
}
