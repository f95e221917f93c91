// The chunks of a PNG file.
#include <dlfcn.h>
#include <pthread.h>
#include <string.h>

#include "internal.h"

enum { signature_length = 8 };

/// The chunk at `*offset`: its length, type and the data behind them; `*offset` moves past its CRC.
static swm_status next_png_chunk(const uint8_t *data, size_t size, size_t *offset, const uint8_t **chunk, size_t *length, swm_error *error) {
  if (size - *offset < 12) return swm_fail(error, SWM_CORRUPT, "the PNG is cut off after %zu bytes", size);
  *chunk = data + *offset;
  *length = swm_big32(*chunk);
  if (*length > size - *offset - 12) return swm_fail(error, SWM_CORRUPT, "the PNG is cut off after %zu bytes", size);
  *offset += *length + 12;
  return SWM_OK;
}

typedef int (*inflater)(uint8_t *output, unsigned long *output_size, const uint8_t *data, unsigned long size);

static inflater uncompress;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void load_zlib(void) {
#ifdef __APPLE__
  void *library = dlopen("libz.dylib", RTLD_NOW | RTLD_LOCAL);
#else
  void *library = dlopen("libz.so.1", RTLD_NOW | RTLD_LOCAL);
#endif
  if (library != NULL) uncompress = (inflater)dlsym(library, "uncompress");
}

/// The beginning of a metadata text that may be compressed, in `buffer` if it is. Empty where zlib is missing or the text is damaged: metadata that cannot
/// be read do not spoil a picture.
static const uint8_t *text_content(const uint8_t *text, size_t length, bool compressed, uint8_t *buffer, size_t capacity, size_t *content_length) {
  *content_length = length;
  if (!compressed) return text;
  pthread_once(&once, load_zlib);
  unsigned long count = capacity;
  enum { ok = 0, buffer_is_full = -5 };
  int code = uncompress != NULL ? uncompress(buffer, &count, text, length) : -1;
  *content_length = code == ok || code == buffer_is_full ? count : 0;
  return buffer;
}

static int digit(uint8_t byte) {
  return byte >= '0' && byte <= '9' ? byte - '0' : byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : byte >= 'A' && byte <= 'F' ? byte - 'A' + 10 : -1;
}

/// The orientation in the text that ImageMagick writes for EXIF: three lines' ends, then hexadecimal digits. The directory lies at its beginning.
static int profile_orientation(const uint8_t *text, size_t length) {
  uint8_t exif[2048];
  size_t count = 0, lines = 0;
  int high = -1;
  for (size_t i = 0; i < length && count < sizeof exif; i++) {
    if (text[i] == '\n') lines++;
    int value = lines >= 3 ? digit(text[i]) : -1;
    if (value < 0) continue;
    if (high < 0) high = value;
    else exif[count++] = (uint8_t)(high << 4 | value), high = -1;
  }
  return swm_exif_orientation(exif, count);
}

/// What a chunk says of the orientation. Texts are read as far as 64 KiB.
static void read_metadata(const uint8_t *chunk, size_t length, swm_orientation *orientation) {
  static const char profile[] = "Raw profile type exif", xmp[] = "XML:com.adobe.xmp";
  const uint8_t *text = chunk + 8;
  uint8_t buffer[1 << 16];
  size_t count;
  if (memcmp(chunk + 4, "eXIf", 4) == 0) orientation->exif = swm_exif_orientation(text, length);
  bool compressed = memcmp(chunk + 4, "zTXt", 4) == 0;
  if ((compressed || memcmp(chunk + 4, "tEXt", 4) == 0) && orientation->exif == 0 && length > sizeof profile + 1
      && memcmp(text, profile, sizeof profile) == 0) {
    size_t start = sizeof profile + (compressed ? 1 : 0);
    const uint8_t *content = text_content(text + start, length - start, compressed, buffer, sizeof buffer, &count);
    orientation->exif = profile_orientation(content, count);
  }
  if (memcmp(chunk + 4, "iTXt", 4) == 0 && length > sizeof xmp + 2 && memcmp(text, xmp, sizeof xmp) == 0) {
    size_t start = sizeof xmp + 2;  // behind the key, its zero, the compression's flag and its method
    for (int i = 0; i < 2; i++) {   // the language and the translated key
      const uint8_t *end = start < length ? memchr(text + start, 0, length - start) : NULL;
      if (end == NULL) return;
      start = (size_t)(end - text) + 1;
    }
    const uint8_t *content = text_content(text + start, length - start, text[sizeof xmp] == 1, buffer, sizeof buffer, &count);
    orientation->xmp = swm_xmp_orientation(content, count);
  }
}

swm_status swm_probe_png(const uint8_t *data, size_t size, swm_image_info *info, swm_orientation *orientation, swm_error *error) {
  size_t offset = signature_length;
  for (bool first = true;; first = false) {
    const uint8_t *chunk;
    size_t length;
    swm_status status = next_png_chunk(data, size, &offset, &chunk, &length, error);
    if (status != SWM_OK) return status;
    if (first) {
      if (memcmp(chunk + 4, "IHDR", 4) != 0 || length != 13) return swm_fail(error, SWM_CORRUPT, "the PNG does not begin with its header");
      uint32_t width = swm_big32(chunk + 8), height = swm_big32(chunk + 12);
      info->stored_width = width > INT32_MAX ? INT32_MAX : (int)width;
      info->stored_height = height > INT32_MAX ? INT32_MAX : (int)height;
    }
    // Metadata may stand behind the pixels too.
    read_metadata(chunk, length, orientation);
    if (memcmp(chunk + 4, "IEND", 4) == 0) return SWM_OK;
  }
}

swm_status swm_copy_png(const uint8_t *data, size_t size, uint8_t *output, size_t *output_size, swm_error *error) {
  size_t offset = signature_length, written = signature_length;
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
