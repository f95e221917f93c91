// Images in and out of memory through FFmpeg's libraries.
//
// The libraries are loaded at run time, whichever of FFmpeg's majors 4 to 8 is installed (or what the environment variable SWIFTLET_LIBAVCODEC names),
// so nothing links against them: a program starts without them, and what needs them says which package to install. Everything here may be called from
// any thread; each thread keeps its own codecs.
#pragma once
#include <stddef.h>
#include <stdint.h>

typedef enum swm_status {
  SWM_OK = 0,
  SWM_MISSING_LIBRARY,  // FFmpeg is not installed, or lacks what this picture takes
  SWM_NOT_AN_IMAGE,     // no known format
  SWM_UNSUPPORTED,      // a known format in a variant that is not read
  SWM_TOO_LARGE,        // over SWM_MAX_SIDE on a side, or over SWM_MAX_PIXELS
  SWM_CORRUPT,          // damaged or cut off
  SWM_OUT_OF_MEMORY,
} swm_status;

/// What went wrong, as one clause without a full stop.
typedef struct swm_error {
  char text[320];
} swm_error;

typedef enum swm_image_format { SWM_JPEG, SWM_PNG, SWM_BMP, SWM_WEBP, SWM_GIF, SWM_TIFF, SWM_PNM, SWM_IMAGE_FORMATS } swm_image_format;

/// The longest side that is read or written, in pixels, and the most pixels: Pillow's limit against small files that unpack to gigabytes.
enum { SWM_MAX_SIDE = 65535, SWM_MAX_PIXELS = 178956970 };

typedef struct swm_image_info {
  swm_image_format format;
  int width, height;              // as shown: after the EXIF orientation
  int stored_width, stored_height;
  int orientation;                // EXIF, 1 to 8; 1 is upright
  int pnm_kind;                   // of a PNM: 1 to 6, the digit behind its P
} swm_image_info;

/// SWM_OK where FFmpeg's libraries are there and match the headers.
swm_status swm_ffmpeg_available(swm_error *error);

/// Reads the header alone; needs no library.
swm_status swm_probe_image(const uint8_t *data, size_t size, swm_image_info *info, swm_error *error);

/// Decodes to rows of interleaved 8-bit RGB (`channels` 3) or luma (1), upright: `pixels` holds width * height * channels bytes of `info`.
/// Alpha is dropped, as Pillow's `convert("RGB")` drops it. 16-bit samples keep their high byte. So Pillow 13 reads the 16-bit colour of PNG and TIFF,
/// and grey that has alpha; a PPM's it scales and rounds, which differs by one at most, and grey without alpha it clips at 255, which leaves most of a
/// picture white: there we differ on purpose. Of an animation the first picture is read. Damaged and cut off files are errors.
swm_status swm_decode_image(
  const uint8_t *data, size_t size, const swm_image_info *info, int channels, uint8_t *pixels, swm_error *error);

/// The encoded file, to be given back to `swm_free`. `channels` is 3 (RGB) or 1 (grey).
swm_status swm_encode_png(
  const uint8_t *pixels, int width, int height, int channels, uint8_t **file, size_t *file_size, swm_error *error);

/// `quality` is libjpeg's, 1 to 100. Chroma is kept at full resolution.
swm_status swm_encode_jpeg(
  const uint8_t *pixels, int width, int height, int channels, int quality, uint8_t **file, size_t *file_size, swm_error *error);

void swm_free(void *memory);
