// What the files of this target share.
#pragma once
#include <stdarg.h>
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
  static const char *const names[SWM_IMAGE_FORMATS] = {"JPEG", "PNG", "BMP", "WebP"};
  return names[format];
}

/// Copies the parts of the file that its picture is made of, and no metadata: what is in a comment, a profile or a thumbnail cannot break a picture.
/// Checks on the way that the file is complete. `output` has room for `size` bytes.
swm_status swm_copy_picture(
  const uint8_t *data, size_t size, swm_image_format format, uint8_t *output, size_t *output_size, swm_error *error);
