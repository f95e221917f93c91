// The segments of a JPEG file.
#include <string.h>

#include "internal.h"

/// One part of a JPEG file: a marker with its segment, or with the entropy-coded data behind it.
typedef struct {
  uint8_t marker;
  size_t start, end;         // from the marker's 0xFF to the next marker
  const uint8_t *payload;    // behind the length field
  size_t payload_size;
} jpeg_part;

/// Steps to the part at or behind `*offset`. The walk ends with marker 0xD9, or with an error.
static swm_status next_jpeg_part(const uint8_t *data, size_t size, size_t *offset, jpeg_part *part, swm_error *error) {
  size_t at = *offset;
  // What is no marker is passed over, as libjpeg does: some cameras and editors leave bytes between segments.
  do {
    const uint8_t *found = at < size ? memchr(data + at, 0xFF, size - at) : NULL;
    at = found != NULL ? (size_t)(found - data) : size;
    while (at < size && data[at] == 0xFF) at++;
    if (at >= size) return swm_fail(error, SWM_CORRUPT, "the JPEG is cut off after %zu bytes", size);
    part->start = at - 1;
    part->marker = data[at++];
  } while (part->marker == 0);
  part->payload = data + at;
  part->payload_size = 0;
  bool alone = part->marker == 0xD9 || part->marker == 0x01 || (part->marker >= 0xD0 && part->marker <= 0xD7);
  if (!alone) {
    if (size - at < 2) return swm_fail(error, SWM_CORRUPT, "the JPEG is cut off after %zu bytes", size);
    size_t length = swm_big16(data + at);
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

static bool is_jfif(const jpeg_part *part) {
  return part->marker == 0xE0 && part->payload_size >= 5 && memcmp(part->payload, "JFIF", 5) == 0;
}

swm_status swm_probe_jpeg(const uint8_t *data, size_t size, swm_image_info *info, swm_orientation *orientation, swm_error *error) {
  static const char exif[] = "Exif\0", xmp[] = "http://ns.adobe.com/xap/1.0/";
  size_t offset = 2;
  bool has_exif = false, has_size = false;
  for (;;) {
    jpeg_part part;
    swm_status status = next_jpeg_part(data, size, &offset, &part, error);
    if (status != SWM_OK) return status;
    if (part.marker == 0xE1 && !has_exif && part.payload_size > sizeof exif && memcmp(part.payload, exif, sizeof exif) == 0) {
      orientation->exif = swm_exif_orientation(part.payload, part.payload_size);
      has_exif = true;
    }
    if (part.marker == 0xE1 && part.payload_size > sizeof xmp && memcmp(part.payload, xmp, sizeof xmp) == 0) {
      orientation->xmp = swm_xmp_orientation(part.payload, part.payload_size);
    }
    // Metadata may stand behind the frame header too, and ends where the picture begins.
    if (part.marker == 0xDA || part.marker == 0xD9) return has_size ? SWM_OK : swm_fail(error, SWM_CORRUPT, "the JPEG has no frame header");
    if (!is_frame_header(part.marker) || has_size) continue;
    if (part.payload_size < 6) return swm_fail(error, SWM_CORRUPT, "the JPEG's frame header is too short");
    if (part.marker > 0xC2) return swm_fail(error, SWM_UNSUPPORTED, "the JPEG is lossless, hierarchical or arithmetic-coded; baseline and progressive are read");
    if (part.payload[0] != 8) return swm_fail(error, SWM_UNSUPPORTED, "the JPEG has %d-bit samples; 8-bit ones are read", part.payload[0]);
    info->stored_height = (int)swm_big16(part.payload + 1);
    info->stored_width = (int)swm_big16(part.payload + 3);
    has_size = true;
  }
}

/// What says how the channels are meant: it may stand anywhere in front of the first scan.
typedef struct {
  bool jfif;
  int adobe;     // the Adobe marker's transform, or -1 without one
  int channels;  // 0 without a frame header
} jpeg_colours;

static swm_status read_colours(const uint8_t *data, size_t size, jpeg_colours *colours, swm_error *error) {
  *colours = (jpeg_colours){.adobe = -1};
  size_t offset = 2;
  for (;;) {
    jpeg_part part;
    swm_status status = next_jpeg_part(data, size, &offset, &part, error);
    if (status != SWM_OK || part.marker == 0xDA || part.marker == 0xD9) return status;
    colours->jfif = colours->jfif || is_jfif(&part);
    if (is_adobe(&part)) colours->adobe = part.payload[11];
    if (is_frame_header(part.marker) && part.payload_size >= 6) colours->channels = part.payload[5];
  }
}

swm_status swm_copy_jpeg(const uint8_t *data, size_t size, uint8_t *output, size_t *output_size, swm_error *error) {
  jpeg_colours colours;
  swm_status status = read_colours(data, size, &colours, error);
  if (status != SWM_OK) return status;
  size_t offset = 2, written = 2;
  bool quantisation = false, huffman = false, scan = false;
  output[0] = 0xFF, output[1] = 0xD8;
  // JFIF's three channels are YCbCr whatever else is said, and four that nobody names are inverted CMYK to everyone; FFmpeg wants to be told.
  if (colours.channels == 4 || (colours.channels == 3 && colours.adobe >= 0 && !colours.jfif)) {
    uint8_t transform = colours.adobe >= 0 ? (uint8_t)colours.adobe : 0;
    const uint8_t marker[SWM_COPY_MARGIN] = {0xFF, 0xEE, 0, 14, 'A', 'd', 'o', 'b', 'e', 0, 100, 0, 0, 0, 0, transform};
    memcpy(output + written, marker, sizeof marker);
    written += sizeof marker;
  }
  for (;;) {
    jpeg_part part;
    status = next_jpeg_part(data, size, &offset, &part, error);
    if (status != SWM_OK) return status;
    quantisation = quantisation || part.marker == 0xDB;
    huffman = huffman || part.marker == 0xC4;
    scan = scan || part.marker == 0xDA;
    bool metadata = part.marker == 0xFE || (part.marker >= 0xE0 && part.marker <= 0xEF);
    if (!metadata || is_jfif(&part)) {
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
