// What the files of this target share.
#pragma once
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "swiftlet_media.h"

/// Sets the text and returns the status.
__attribute__((format(printf, 3, 4))) static inline swm_status swm_fail(
  swm_error *error, swm_status status, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(error->text, sizeof error->text, format, arguments);
  va_end(arguments);
  return status;
}

static inline const char *swm_format_name(swm_image_format format) {
  static const char *const names[SWM_IMAGE_FORMATS] = {"JPEG", "PNG", "BMP", "WebP", "GIF", "TIFF", "PNM"};
  return names[format];
}

/// Whether a picture of this size may be written.
static inline swm_status swm_check_writable(int width, int height, swm_error *error) {
  if (width > 0 && height > 0 && width <= SWM_MAX_SIDE && height <= SWM_MAX_SIDE && (int64_t)width * height <= SWM_MAX_PIXELS) return SWM_OK;
  return swm_fail(error, SWM_TOO_LARGE, "%d x %d pixels cannot be written; a side has 1 to %d, a picture at most %d", width, height, SWM_MAX_SIDE,
    SWM_MAX_PIXELS);
}

// MARK: Numbers in files

static inline uint32_t swm_big16(const uint8_t *p) { return (uint32_t)p[0] << 8 | p[1]; }
static inline uint32_t swm_big32(const uint8_t *p) { return swm_big16(p) << 16 | swm_big16(p + 2); }
static inline uint32_t swm_little16(const uint8_t *p) { return (uint32_t)p[1] << 8 | p[0]; }
static inline uint32_t swm_little32(const uint8_t *p) { return swm_little16(p + 2) << 16 | swm_little16(p); }

// MARK: Orientation

/// What a file's metadata say of the picture's orientation; 0 where they say nothing.
typedef struct {
  int exif, xmp;
} swm_orientation;

/// Reads the first directory of a TIFF structure, which EXIF is too: the values of up to `count` tags; those that are absent stay as they are.
/// False where the bytes are no TIFF structure.
bool swm_read_tiff_tags(const uint8_t *tiff, size_t size, const uint16_t *tags, uint32_t *values, size_t count);

/// The orientation in an EXIF block, with or without "Exif" and two zeros in front; 0 where there is none.
int swm_exif_orientation(const uint8_t *exif, size_t size);

/// The orientation in an XMP packet; 0 where there is none.
int swm_xmp_orientation(const uint8_t *xmp, size_t size);

// MARK: Formats

swm_status swm_probe_jpeg(const uint8_t *data, size_t size, swm_image_info *info, swm_orientation *orientation, swm_error *error);
swm_status swm_probe_png(const uint8_t *data, size_t size, swm_image_info *info, swm_orientation *orientation, swm_error *error);
swm_status swm_probe_webp(const uint8_t *data, size_t size, swm_image_info *info, swm_orientation *orientation, swm_error *error);

/// Copies the parts of the file that its picture is made of, and no metadata: what is in a comment, a profile or a thumbnail cannot break a picture.
/// Checks on the way that the file is complete. `output` has room for SWM_COPY_MARGIN bytes more than `size`.
swm_status swm_copy_jpeg(const uint8_t *data, size_t size, uint8_t *output, size_t *output_size, swm_error *error);
swm_status swm_copy_png(const uint8_t *data, size_t size, uint8_t *output, size_t *output_size, swm_error *error);
swm_status swm_copy_webp(const uint8_t *data, size_t size, uint8_t *output, size_t *output_size, swm_error *error);
swm_status swm_copy_gif(const uint8_t *data, size_t size, uint8_t *output, size_t *output_size, swm_error *error);

/// The same for any format.
swm_status swm_copy_picture(
  const uint8_t *data, size_t size, swm_image_format format, uint8_t *output, size_t *output_size, swm_error *error);

/// How much longer than the file its copy may be: an Adobe marker is written into JPEG files that lack one.
enum { SWM_COPY_MARGIN = 16 };
