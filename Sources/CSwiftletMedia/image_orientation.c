// How a camera or an editor says which way is up: in EXIF, or in XMP where there is no EXIF orientation. Read as Pillow's ImageOps.exif_transpose reads it.
#include <string.h>

#include "internal.h"

/// The first value of a directory's entry as a whole number; false where it is none. Types are TIFF 6.0's, page 15, and TIFF/EP's.
static bool read_value(
  const uint8_t *tiff, size_t size, const uint8_t *entry, uint32_t (*read16)(const uint8_t *), uint32_t (*read32)(const uint8_t *), uint32_t *value) {
  enum { SHORT = 3, LONG, RATIONAL, SIGNED_BYTE, SIGNED_SHORT = 8, SIGNED_LONG, SIGNED_RATIONAL, FLOAT, DOUBLE, IFD };
  static const uint8_t sizes[] = {
    [SHORT] = 2, [LONG] = 4, [RATIONAL] = 8, [SIGNED_BYTE] = 1, [SIGNED_SHORT] = 2, [SIGNED_LONG] = 4, [SIGNED_RATIONAL] = 8, [FLOAT] = 4,
    [DOUBLE] = 8, [IFD] = 4,
  };
  uint32_t type = read16(entry + 2), count = read32(entry + 4);
  if (type >= sizeof sizes || sizes[type] == 0 || count == 0) return false;
  const uint8_t *place = entry + 8;
  uint64_t length = (uint64_t)count * sizes[type];
  if (length > 4) {
    uint64_t offset = read32(entry + 8);
    if (offset > size || length > size - offset) return false;
    place = tiff + offset;
  }
  switch (type) {
    case SIGNED_BYTE: *value = place[0]; return place[0] < 0x80;
    case SHORT: case SIGNED_SHORT: *value = read16(place); return type == SHORT || *value < 0x8000;
    case LONG: case SIGNED_LONG: case IFD: *value = read32(place); return type != SIGNED_LONG || *value <= INT32_MAX;
    case RATIONAL: case SIGNED_RATIONAL: {
      uint32_t denominator = read32(place + 4);
      *value = denominator != 0 ? read32(place) / denominator : 0;
      return denominator != 0 && read32(place) % denominator == 0;
    }
    case FLOAT: {
      uint32_t bits = read32(place);
      float number;
      memcpy(&number, &bits, 4);
      *value = number >= 0 && number <= 65535 ? (uint32_t)number : 0;
      return (float)*value == number;
    }
    default: {
      bool little = read16 == swm_little16;
      uint64_t low = read32(place + (little ? 0 : 4)), high = read32(place + (little ? 4 : 0)), bits = high << 32 | low;
      double number;
      memcpy(&number, &bits, 8);
      *value = number >= 0 && number <= 65535 ? (uint32_t)number : 0;
      return (double)*value == number;
    }
  }
}

bool swm_read_tiff_tags(const uint8_t *tiff, size_t size, const uint16_t *tags, uint32_t *values, size_t count) {
  if (size < 8) return false;
  bool little = memcmp(tiff, "II", 2) == 0;
  if (!little && memcmp(tiff, "MM", 2) != 0) return false;
  // Some writers turn the 42 the other way.
  if (!(tiff[2] == 42 && tiff[3] == 0) && !(tiff[2] == 0 && tiff[3] == 42)) return false;
  uint32_t (*const read16)(const uint8_t *) = little ? swm_little16 : swm_big16;
  uint32_t (*const read32)(const uint8_t *) = little ? swm_little32 : swm_big32;
  size_t directory = read32(tiff + 4);
  if (directory > size - 2) return true;
  size_t entries = read16(tiff + directory);
  for (size_t i = 0; i < entries; i++) {
    size_t entry = directory + 2 + 12 * i;
    if (entry + 12 > size) break;
    for (size_t t = 0; t < count; t++) {
      uint32_t value;
      if (read16(tiff + entry) == tags[t] && read_value(tiff, size, tiff + entry, read16, read32, &value)) values[t] = value;
    }
  }
  return true;
}

int swm_exif_orientation(const uint8_t *exif, size_t size) {
  for (int i = 0; i < 2 && size >= 6 && memcmp(exif, "Exif\0", 6) == 0; i++) exif += 6, size -= 6;
  static const uint16_t tag = 0x0112;
  uint32_t value = 0;
  swm_read_tiff_tags(exif, size, &tag, &value, 1);
  return value <= 8 ? (int)value : 1;
}

int swm_xmp_orientation(const uint8_t *xmp, size_t size) {
  static const char name[] = "tiff:Orientation";
  enum { length = sizeof name - 1 };
  for (size_t i = 0; i + length + 2 < size; i++) {
    if (xmp[i] != 't' || memcmp(xmp + i, name, length) != 0) continue;
    const uint8_t *behind = xmp + i + length;
    // As an attribute, ="6", or as an element, >6.
    if (*behind == '>') behind++;
    else if (behind[0] == '=' && behind[1] == '"') behind += 2;
    else continue;
    if (behind < xmp + size && *behind >= '0' && *behind <= '9') return *behind <= '8' ? *behind - '0' : 1;
  }
  return 0;
}
