// Formats, sizes and orientation from the file's own header.
#include <string.h>

#include "internal.h"

static swm_status probe_bmp(const uint8_t *data, size_t size, swm_image_info *info, swm_error *error) {
  if (size < 26) return swm_fail(error, SWM_CORRUPT, "the BMP is cut off after %zu bytes", size);
  if (swm_little32(data + 14) == 12) {
    info->stored_width = (int)swm_little16(data + 18);
    info->stored_height = (int)swm_little16(data + 20);
  } else {
    int64_t height = (int32_t)swm_little32(data + 22);  // negative: the rows run from the top
    info->stored_width = (int32_t)swm_little32(data + 18);
    info->stored_height = (int)(height == INT32_MIN ? INT32_MAX : height < 0 ? -height : height);
  }
  return SWM_OK;
}

static swm_status probe_gif(const uint8_t *data, size_t size, swm_image_info *info, swm_error *error) {
  if (size < 13) return swm_fail(error, SWM_CORRUPT, "the GIF is cut off after %zu bytes", size);
  info->stored_width = (int)swm_little16(data + 6);
  info->stored_height = (int)swm_little16(data + 8);
  return SWM_OK;
}

static swm_status probe_tiff(const uint8_t *data, size_t size, swm_image_info *info, swm_orientation *orientation, swm_error *error) {
  static const uint16_t tags[5] = {256, 257, 0x0112, 259, 322};  // width, height, orientation, compression, width of tiles
  uint32_t values[5] = {0};
  swm_read_tiff_tags(data, size, tags, values, 5);
  if (values[0] == 0 || values[1] == 0) return swm_fail(error, SWM_CORRUPT, "the TIFF does not say how large it is: it is damaged or cut off");
  // FFmpeg reads both wrong, and says nothing.
  if (values[3] == 6 || values[3] == 7) return swm_fail(error, SWM_UNSUPPORTED, "the TIFF is compressed as JPEG; save it as JPEG or PNG");
  if (values[4] != 0) return swm_fail(error, SWM_UNSUPPORTED, "the TIFF is cut into tiles; save it in strips, or as PNG");
  info->stored_width = values[0] > INT32_MAX ? INT32_MAX : (int)values[0];
  info->stored_height = values[1] > INT32_MAX ? INT32_MAX : (int)values[1];
  orientation->exif = values[2] <= 8 ? (int)values[2] : 1;
  return SWM_OK;
}

static bool is_space(uint8_t byte) { return byte == ' ' || (byte >= '\t' && byte <= '\r'); }

/// The next number of a PNM header, from 1 to 65536; 0 where there is none. Comments run from # to the line's end.
static int next_pnm_number(const uint8_t *data, size_t size, size_t *at) {
  for (; *at < size && (is_space(data[*at]) || data[*at] == '#'); (*at)++) {
    if (data[*at] == '#') while (*at < size && data[*at] != '\n') (*at)++;
  }
  int value = 0;
  for (; *at < size && data[*at] >= '0' && data[*at] <= '9'; (*at)++) {
    value = 10 * value + data[*at] - '0';
    if (value > 65536) value = 65536;
  }
  return value;
}

static swm_status probe_pnm(const uint8_t *data, size_t size, swm_image_info *info, swm_error *error) {
  size_t at = 2;
  info->pnm_kind = data[1] - '0';
  info->stored_width = next_pnm_number(data, size, &at);
  info->stored_height = next_pnm_number(data, size, &at);
  int greatest = info->pnm_kind % 3 == 1 ? 1 : next_pnm_number(data, size, &at);
  if (greatest == 0 || at >= size) return swm_fail(error, SWM_CORRUPT, "the PNM is cut off or damaged in its header");
  if (info->pnm_kind > 3) {  // with plain bytes behind the header the file says how long it is
    size_t row = (size_t)info->stored_width * (info->pnm_kind == 6 ? 3 : 1) * (greatest > 255 ? 2 : 1);
    if (info->pnm_kind == 4) row = ((size_t)info->stored_width + 7) / 8;
    if ((size - at - 1) / (row > 0 ? row : 1) < (size_t)info->stored_height) return swm_fail(error, SWM_CORRUPT, "the PNM is cut off after %zu bytes", size);
  }
  return SWM_OK;
}

// MARK: All formats

swm_status swm_probe_image(const uint8_t *data, size_t size, swm_image_info *info, swm_error *error) {
  *info = (swm_image_info){.orientation = 1};
  swm_orientation orientation = {0};
  if (size == 0) return swm_fail(error, SWM_NOT_AN_IMAGE, "the file is empty");
  swm_status status;
  if (size >= 3 && data[0] == 0xFF && data[1] == 0xD8 && data[2] == 0xFF) {
    info->format = SWM_JPEG;
    status = swm_probe_jpeg(data, size, info, &orientation, error);
  } else if (size >= 8 && memcmp(data, "\x89PNG\r\n\x1A\n", 8) == 0) {
    info->format = SWM_PNG;
    status = swm_probe_png(data, size, info, &orientation, error);
  } else if (size >= 2 && memcmp(data, "BM", 2) == 0) {
    info->format = SWM_BMP;
    status = probe_bmp(data, size, info, error);
  } else if (size >= 12 && memcmp(data, "RIFF", 4) == 0 && memcmp(data + 8, "WEBP", 4) == 0) {
    info->format = SWM_WEBP;
    status = swm_probe_webp(data, size, info, &orientation, error);
  } else if (size >= 6 && (memcmp(data, "GIF87a", 6) == 0 || memcmp(data, "GIF89a", 6) == 0)) {
    info->format = SWM_GIF;
    status = probe_gif(data, size, info, error);
  } else if (size >= 4 && (memcmp(data, "II*\0", 4) == 0 || memcmp(data, "MM\0*", 4) == 0)) {
    info->format = SWM_TIFF;
    status = probe_tiff(data, size, info, &orientation, error);
  } else if (size >= 3 && data[0] == 'P' && data[1] >= '1' && data[1] <= '6' && (is_space(data[2]) || data[2] == '#')) {
    info->format = SWM_PNM;
    status = probe_pnm(data, size, info, error);
  } else {
    return swm_fail(error, SWM_NOT_AN_IMAGE, "the file is no JPEG, PNG, BMP, WebP, GIF, TIFF or PNM image");
  }
  if (status != SWM_OK) return status;
  const char *name = swm_format_name(info->format);
  int width = info->stored_width, height = info->stored_height;
  if (width <= 0 || height <= 0) return swm_fail(error, SWM_CORRUPT, "the %s says it is %d x %d pixels", name, width, height);
  if (width > SWM_MAX_SIDE || height > SWM_MAX_SIDE || (int64_t)width * height > SWM_MAX_PIXELS) {
    return swm_fail(error, SWM_TOO_LARGE, "the %s is %d x %d pixels; the limits are %d on a side and %d million in all: make it smaller", name, width,
      height, SWM_MAX_SIDE, SWM_MAX_PIXELS / 1000000);
  }
  info->orientation = orientation.exif != 0 ? orientation.exif : orientation.xmp != 0 ? orientation.xmp : 1;
  bool lying = info->orientation >= 5;
  info->width = lying ? height : width;
  info->height = lying ? width : height;
  return SWM_OK;
}

swm_status swm_copy_picture(
  const uint8_t *data, size_t size, swm_image_format format, uint8_t *output, size_t *output_size, swm_error *error) {
  switch (format) {
    case SWM_JPEG: return swm_copy_jpeg(data, size, output, output_size, error);
    case SWM_PNG: return swm_copy_png(data, size, output, output_size, error);
    case SWM_WEBP: return swm_copy_webp(data, size, output, output_size, error);
    case SWM_GIF: return swm_copy_gif(data, size, output, output_size, error);
    default: break;
  }
  memcpy(output, data, size);
  *output_size = size;
  return SWM_OK;
}
